"""What the children do: conversations held durably, with every phase watched and every answer and effect noted.

The notes are files that outlive a killed process: `acks` holds what a caller was told, `execs` every exec that began,
and `ledger` what an outside service did, which knows each idempotency key once.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import inspect
import itertools
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from turngraph.engine import Graph, Node
from turngraph.models import DatabaseManager, Scope
from turngraph.models.runs import SqlRunStore
from turngraph.services import OfflineModel
from turngraph.workflows import create_conversation_workflow

from .script import Script

TENANT = "default"
_key: ContextVar[str] = ContextVar("key")


class Notes:
    """The files of one try; a line is written at once or not at all."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, line: str) -> None:
        file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def lines(self, name: str) -> list[str]:
        path = self._folder / name
        return path.read_text().splitlines() if path.exists() else []

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def effect(self, key: str, what: str) -> None:
        """The outside service: does what it is asked, unless it knows the key."""
        with open(self._folder / "ledger.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if key not in (line.split("\t")[0] for line in self.lines("ledger")):
                self.add("ledger", f"{key}\t{what}")

    def acks(self) -> dict[str, dict[str, Any]]:
        """What callers were told, by the client's id of the message."""
        told = (json.loads(line) for line in self.lines("acks"))
        return {ack["client_id"]: ack for ack in told}


class Watch:
    """Counts the boundaries that are crossed, in every thread, and at one of them kills or stops the process.

    That one is given by its number, or by its name: the first of that name, or with "a > b" an a, and the first b behind it.
    """

    def __init__(self, notes: Notes, at: int | str | None = None, send: int = signal.SIGKILL) -> None:
        self._notes, self._signal = notes, send
        self._ats: list[int | str] = [] if at is None else [at] if isinstance(at, int) else [*at.split(" > ")]
        self._numbers = itertools.count(1)
        self.count = 0

    def __call__(self, where: str) -> None:
        self.count = number = next(self._numbers)
        if self._ats and self._ats[0] in (number, where):
            del self._ats[0]
            self._notes.add("boundary", where)
            os.kill(os.getpid(), self._signal)

    def commits(self, kind: str, statement: str, connection: Any, call: Callable[[], Any]) -> Any:
        """For the drivers: a boundary before and after every COMMIT."""
        if kind != "commit":
            return call()
        self("COMMIT before")
        result = call()
        self("COMMIT after")
        return result


class Entries:
    """What each call of `post` was given, by its step: the state it starts from, and what prep and exec gave."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self.leaks: list[str] = []

    def __call__(self, path: str, state: Any, *given: Any) -> None:
        text = repr((sorted(dict(state).items()), *given))
        if self._first.setdefault(path, text) != text:
            self.leaks.append(f"{path}: post was given {self._first[path]}, and when called again {text}")


class WordEmbedder:
    """Embeds by the hashes of the words: quick, and without threads."""

    model_id, dimension = "double:words", 16

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.blake2b(word.encode()).digest()[0] % self.dimension] += 1.0
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(lengths > 0, lengths, 1.0)


class OutsideModel(OfflineModel):
    """The offline model, with an effect at the outside service for every answer, and a place to wait in."""

    def __init__(self, notes: Notes, wait_for: str | None = None) -> None:
        super().__init__()
        self._notes, self._wait_for = notes, wait_for

    async def stream(self, prompt: Any, *, max_tokens: int = 1024) -> AsyncIterator[Any]:
        self._notes.effect(_key.get(), prompt.message)
        if self._wait_for is not None:
            self._notes.add("generating", str(os.getpid()))
            while not self._notes.has(self._wait_for):
                await asyncio.sleep(0.002)
        async for piece in super().stream(prompt, max_tokens=max_tokens):
            yield piece


def unwatched(*_: Any) -> None:
    """Nothing is counted here."""


def conversation(
    db: DatabaseManager,
    notes: Notes,
    watch: Callable[[str], None] = unwatched,
    entries: Callable[..., None] = unwatched,
    **model: Any,
) -> Graph:
    """The conversation workflow with its phases watched, and the exec of every step noted."""
    graph = create_conversation_workflow(db, llm=OutsideModel(notes, **model), embedder=WordEmbedder())
    for node in graph.nodes.values():
        node.__class__ = _watched(type(node), notes, watch, entries)
    return graph


def _watched(
    cls: type[Node], notes: Notes, watch: Callable[[str], None], entries: Callable[..., None]
) -> type[Node]:
    phases = {name: getattr(cls, name) for name in ("prep", "exec", "post") if hasattr(cls, name)}
    body = {name: _around(function, name, notes, watch, entries) for name, function in phases.items()}
    return type(
        cls.__name__, (cls,), {**body, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    )


def _around(
    function: Any, phase: str, notes: Notes, watch: Callable[[str], None], entries: Callable[..., None]
) -> Any:
    signature = inspect.signature(function)
    asked = "context" in signature.parameters

    def before(node: Node, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        context = named["context"]
        if phase == "post":
            entries(context.path, *given)
        if phase == "exec":
            notes.add("execs", f"{context.path} {os.getpid()}")
            _key.set(context.idempotency_key)
        watch(f"{node.name}.{phase} before")
        return named if asked else {key: value for key, value in named.items() if key != "context"}

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def call_async(self: Node, *given: Any, **named: Any) -> Any:
            result = await function(self, *given, **before(self, given, named))
            watch(f"{self.name}.{phase} after")
            return result

        call: Any = call_async
    else:

        @wraps(function)
        def call_sync(self: Node, *given: Any, **named: Any) -> Any:
            result = function(self, *given, **before(self, given, named))
            watch(f"{self.name}.{phase} after")
            return result

        call = call_sync
    if not asked:
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY)
        call.__signature__ = signature.replace(parameters=[*signature.parameters.values(), context])
    return call


class WatchedStore(SqlRunStore):
    """The store of durable runs, with a boundary before and after everything it is asked for."""

    watch: Callable[[str], None] = staticmethod(unwatched)
    notes: Notes

    async def begin(self, run: Any, /, *rest: Any) -> None:
        self.watch("begin before")
        await super().begin(run, *rest)
        self.watch("begin after")

    async def append(self, step: Any, /) -> Any:
        self.watch(f"{_node(step.path)}.stored before")
        stored = await super().append(step)
        self._mine(stored, step)
        self.watch(f"{_node(step.path)}.stored after")
        return stored

    async def commit(self, work: Any, run_id: str, path: str, /, **named: Any) -> Any:
        made: list[Any] = []

        def noted(session: Any) -> Any:
            made.append(work(session))
            return made[-1]

        self.watch(f"{_node(path)}.stored before")
        stored = await super().commit(noted, run_id, path, **named)
        self._mine(stored, *made)
        self.watch(f"{_node(path)}.stored after")
        return stored

    async def end(self, run_id: str, *rest: Any) -> None:
        self.watch("end before")
        await super().end(run_id, *rest)
        self.watch("end after")

    def _mine(self, stored: Any, *made: Any) -> None:
        """Notes that a step was committed, unless somebody else had committed it before."""
        if any(stored is step for step in made):
            self.notes.add("stored", f"{stored.path} {os.getpid()}")


class TwiceStore(SqlRunStore):
    """A store that calls every `post` twice: once in a savepoint that is rolled back, and once for good."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.twice: list[str] = []
        self.leaks: list[str] = []

    async def commit(self, work: Any, run_id: str, path: str, /, **named: Any) -> Any:
        def both(session: Any) -> Any:
            nested = session.begin_nested()
            first = work(session)
            session.flush()
            nested.rollback()
            session.expunge_all()
            second = work(session)
            self.twice.append(path)
            if _without_chance(first.changes) != _without_chance(second.changes):
                self.leaks.append(
                    f"{path}: post wrote {first.changes}, and when called again {second.changes}"
                )
            return second

        return await super().commit(both, run_id, path, **named)


_CHANCE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+")


def _without_chance(text: str) -> str:
    """The text without what is different each time: new ids and the time of day."""
    return _CHANCE.sub("*", text)


def _node(path: str) -> str:
    return path.split("/")[-2]


def client_id(user: str, number: int) -> str:
    return f"{user}/{number}"


async def say(
    graph: Graph, store: SqlRunStore, notes: Notes, user: str, number: int, text: str, place: str | None
) -> str:
    """Says one thing durably; its answer is acknowledged in the notes. Gives the conversation's id."""
    name = client_id(user, number)
    given = {"user_id": user, "current_message": text, "client_id": name, "conversation_id": place}
    result = await graph.run(given, store=store, scope=Scope(TENANT, user))
    ack = {key: result[key] for key in ("conversation_id", "message_id", "reply_id", "response")}
    notes.add("acks", json.dumps({"client_id": name, "run_id": result.run_id, **ack}))
    return str(ack["conversation_id"])


async def talk(
    graph: Graph, store: SqlRunStore, notes: Notes, user: str, said: Sequence[str]
) -> list[BaseException]:
    """Says what a user has to say and was not answered yet: the first message alone, the rest at once.

    Gives the errors that reached the caller.
    """
    known = notes.acks()
    left = [number for number in range(len(said)) if client_id(user, number) not in known]
    first = known.get(client_id(user, 0))
    try:
        place = (
            str(first["conversation_id"]) if first else await say(graph, store, notes, user, 0, said[0], None)
        )
    except Exception as error:
        return [error]
    others = (say(graph, store, notes, user, number, said[number], place) for number in left if number)
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]


async def talk_all(graph: Graph, store: SqlRunStore, notes: Notes, script: Script) -> list[BaseException]:
    """All users at once; gives the errors that reached a caller."""
    talks = (talk(graph, store, notes, user, said) for user, said in script.items())
    return list(itertools.chain.from_iterable(await asyncio.gather(*talks)))


def shown(errors: Iterable[BaseException]) -> list[str]:
    """Errors as text for a result."""
    return [f"{type(error).__name__}: {error}" for error in errors]
