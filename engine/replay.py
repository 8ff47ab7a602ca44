"""Replays a stored run through this version of its graph: what comes out otherwise, and where it began to.

A step is recalled where its node is the same and nothing that it may read has changed: a node that has Inputs and
neither prep nor post reads those, any other may read all. No effect is repeated: a step whose post takes a session is
recalled in any case, and where it is asked for by name, only its exec runs; the transaction of a new one is rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar
from urllib.parse import unquote

from .changed import Shape, folded, prefix, visits
from .check import declared
from .codec import Codec
from .durable import told
from .map import Map
from .overlay import Overlay
from .record import StepRecord
from .recorder import Post, State, Taking, changed
from .result import Result
from .runner import execute, starting_state
from .store import RunStore, SessionStore
from .waiting import Wait, Waits

if TYPE_CHECKING:
    from .graph import Graph
    from .plan import Step

T = TypeVar("T")
How: TypeAlias = Literal["recalled", "ran", "new"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One step of a replay: whether it was recalled, ran again, or is new; the keys it left otherwise than before."""

    path: str
    how: How
    action: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay came to: its result, its steps, and each key whose final value differs, as (before, now)."""

    result: Result
    steps: tuple[Replayed, ...]
    differences: Mapping[str, tuple[Any, Any]]


async def replay(graph: Graph, store: RunStore, run_id: str, again: Collection[str]) -> Replay:
    """Walks a stored run again and compares; the nodes named in `again` are run in any case."""
    run, steps = await store.shown(run_id)
    codec, shape = told(graph)
    given = codec.decode(run.inputs)
    before = folded(codec, dict(given), steps, prefix(run))
    sessions = Undone(store.sessions) if store.sessions is not None else None
    plan = graph.planned(sessions)
    record = Replayer(codec, json.loads(run.shape), json.loads(shape), prefix(run), steps, again, sessions)
    start = starting_state(graph, given) if run.start is None else given
    at = plan.steps.get(run.start) if run.start is not None else None
    result = await execute(graph, plan, start, run.scope, run_id, None, record, at, prefix(run))
    other = _differing(codec, before, result)
    return Replay(result, tuple(record.walked), {key: (before.get(key), result.get(key)) for key in other})


def _differing(codec: Codec, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    both = before.keys() & now.keys()
    same = {key for key in both if codec.encode(before[key]) == codec.encode(now[key])}
    return sorted((before.keys() | now.keys()) - same)


class Replayer:
    """Stands where a Recorder stands in a durable run: stores nothing, and keeps account of what has changed."""

    def __init__(
        self,
        codec: Codec,
        old: Shape,
        new: Shape,
        top: str,
        steps: list[StepRecord],
        again: Collection[str],
        sessions: SessionStore | None,
    ) -> None:
        self._codec, self._old, self._new, self._top = codec, old, new, top
        self._steps, self._again, self._sessions = steps, again, sessions
        self._known = {step.path: step for step in steps}
        self._levels: dict[str, list[str]] = {}
        self._other: set[str] = set()
        self.walked: list[Replayed] = []
        self.ended = False
        self.seconds = 0.0

    def recall(self, step: Step, path: str, state: State) -> tuple[State, str] | None:
        """The state after a step as it was stored, if it would come to the same today."""
        known = self._next(path)
        reads = _reads(step)
        touched = self._other if reads is None else self._other & reads
        node = step.node
        wrote = "post" in step.asks_session
        changes = node.name in self._again or (not wrote and (touched or not self._same(path)))
        if known is None or changes:
            if isinstance(node, Map) and node.over in self._other:
                self._other.add(node.item)
            return None
        if known.waits is not None and known.answer is None:
            return None
        if hasattr(node, "nodes") and self._again:
            return None
        self.walked.append(Replayed(path, "recalled", known.action, ()))
        self.seconds = known.seconds
        return self._answered(changed(state, self._codec, known), known), known.action

    def result(self, path: str) -> None:
        """What exec gave before is of no use to a step that runs again."""

    async def keep(self, taking: Taking, result: Any) -> Any:
        """The result as it would be read again."""
        return self._codec.decode(self._codec.encode(result, f"the result of exec of node {taking.node!r}"))

    async def append(
        self, taking: Taking, state: State, overlay: Overlay, action: str, waits: str | None, last: bool
    ) -> tuple[State, str]:
        """Takes note of a step that ran."""
        return self._ran(taking.path, state, overlay.merged(), action, waits)

    async def commit(
        self, taking: Taking, state: State, post: Post, keys: list[str], ends: Callable[[str], bool]
    ) -> tuple[State, str]:
        """Takes what post wrote as done, if it was; runs it in a transaction that is rolled back, if it is new."""
        known = self._known.get(taking.path)
        if known is not None:
            after = {**changed(state, self._codec, known), **taking.outputs}
            return self._ran(taking.path, state, after, known.action, known.waits)
        if self._sessions is None:
            overlay, action, waits = post(None)
        else:
            overlay, action, waits = await self._sessions.write(post, keys=keys)
        return self._ran(taking.path, state, overlay.merged(), action, waits)

    async def join(
        self, taking: Taking, state: State, after: State, action: str, last: bool
    ) -> tuple[State, str]:
        """Takes note of a sub-graph, a Parallel or a Map whose steps were walked."""
        return self._ran(taking.path, state, after, action, None)

    def _ran(
        self, path: str, state: State, after: State, action: str, waits: str | None
    ) -> tuple[State, str]:
        self.seconds = 0.0
        known = self._known.get(path)
        was = self._answered(changed(state, self._codec, known), known) if known is not None else state
        if waits is not None:
            if known is None or known.answer is None:
                raise Waits((Wait(waits, path),), after)
            after = self._answered(after, known)
        other = _differing(self._codec, was, after)
        self._other.update(other)
        if path.count("/") == self._top.count("/") + 2:
            touched = {key for key in after if state.get(key) is not after[key]}
            self._other -= touched - set(other)
        self.walked.append(Replayed(path, "ran" if known else "new", action, tuple(other)))
        return after, action

    def _answered(self, after: State, known: StepRecord) -> State:
        if known.waits is not None and known.answer is not None:
            after = after | {known.waits: self._codec.decode(known.answer)}
        return after

    def _next(self, path: str) -> StepRecord | None:
        """What was stored for a step, if it comes in the old order; what the steps left out in between wrote is missing now."""
        level = path.rsplit("/", 2)[0]
        if level not in self._levels:
            self._levels[level] = [visit.path for visit in visits(self._steps, level)]
        ahead = self._levels[level]
        if path not in ahead:
            self._known.pop(path, None)
            return None
        place = ahead.index(path)
        for left_out in ahead[:place]:
            for step in self._steps:
                if step.path == left_out or step.path.startswith(left_out + "/"):
                    self._other.update(changed({}, self._codec, step))
        del ahead[: place + 1]
        return self._known.get(path)

    def _same(self, path: str) -> bool:
        inside = path[len(self._top) + 1 :].split("/")
        entry = _entry(self._old, inside)
        return entry is not None and entry == _entry(self._new, inside)


class Undone:
    """A store whose writes are rolled back when they have answered."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    async def read(self, work: Callable[[Any], T], /) -> T:
        """Reads."""
        return await self._store.read(work)

    async def write(self, work: Callable[[Any], T], /, *, keys: Collection[str] = ()) -> T:
        """Writes, and takes it back."""
        found: list[T] = []

        def undone(session: Any) -> None:
            found[:] = [work(session)]
            session.flush()
            raise _TakenBack

        with suppress(_TakenBack):
            await self._store.write(undone, keys=keys)
        return found[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _TakenBack(Exception):
    """Ends a transaction that is not to be kept."""


def _reads(step: Step) -> frozenset[str] | None:
    """The keys a step may read; None where it may read any."""
    node = step.node
    if hasattr(node, "nodes"):
        return frozenset(declared(node).reads) if getattr(node, "inputs", None) is not None else None
    if step.read is None or step.prep is not None or step.post is not None:
        return None
    return frozenset(declared(node).reads)


def _entry(shape: Shape, inside: list[str]) -> Any:
    """What a shape says of the node at a path: its name and visit on each level, and the branch or item between."""
    nodes, rest = shape["nodes"], inside
    while True:
        entry = nodes.get(unquote(rest[0]))
        rest = rest[2:]
        if entry is None or not rest:
            return entry
        if "graph" in entry:
            nodes = entry["graph"]["nodes"]
            continue
        among = entry.get("parallel") or entry.get("map") or {}
        name = unquote(rest[0]) if "parallel" in entry else next(iter(among), "")
        one = among.get(name)
        inner = (one or {}).get("graph", {"inputs": None})
        nodes = {name: one} if {"inputs", "outputs"} & inner.keys() else inner["nodes"]
        rest = rest[1:]
