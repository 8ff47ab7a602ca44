"""The functions that children run. What they are given and return are JSON values."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

# Imported here, in the server, so that no child has to.
import alembic.command
import alembic.config  # noqa: F401
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite  # noqa: F401

from turngraph.engine import END, Graph, Node, Registry
from turngraph.engine.durable import recover as recover_runs
from turngraph.models import DatabaseManager, Owner, RunRow
from turngraph.models.base import now

from . import driver
from .invariants import all_said, committed, nothing, run_again, taken_again, violations
from .script import Script
from .spending import Spenders, mix
from .trouble import Trouble
from .workload import (
    Entries,
    Notes,
    TwiceStore,
    Watch,
    WatchedStore,
    conversation,
    say,
    shown,
    talk_all,
    unwatched,
)

HANG = 40.0


def warm(folder: str) -> None:
    """Does in the server what is slow the first time: a turn on a database that is thrown away."""
    files = Notes(folder)
    with DatabaseManager(f"sqlite:///{folder}/warm.db") as db:
        store = _store(db, files, lease=timedelta(seconds=0.03))  # the thread that renews it is soon gone
        nothing(shown(asyncio.run(talk_all(conversation(db, files), store, files, {"ada": ["Hello."] * 2}))))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs to the end; a hang is a TimeoutError, and one that blocks the loop ends with the child's time limit."""

    async def bounded() -> Any:
        async with asyncio.timeout(HANG):
            return await work

    return asyncio.run(bounded())


def _store(
    db: DatabaseManager, notes: Notes, watch: Callable[[str], None] = unwatched, **named: Any
) -> WatchedStore:
    store = WatchedStore(db, **named)
    store.watch, store.notes = watch, notes
    return store


def prepare(url: str) -> None:
    """Makes the tables."""
    with DatabaseManager(url) as db:
        assert db.engine is not None


def _expire(db: DatabaseManager, dead: Sequence[int] | None) -> None:
    """Lets the leases of dead processes run out, of all where none is named."""
    mend = update(Owner).values(lease_until=now() - timedelta(days=1))
    with db.get_session() as session:
        session.execute(mend if dead is None else mend.where(Owner.pid.in_(dead)))


def serve(
    url: str,
    notes: str,
    script: Script,
    at: int | str | None = None,
    send: int = signal.SIGKILL,
    again: str | None = None,
    lease: float = 30.0,
) -> dict[str, Any]:
    """Holds the conversations of a script, and gets a signal at a boundary where one is given.

    With `again`, if it got one, it sends once more what was not answered as soon as there is a note of that name.
    """
    files = Notes(notes)
    watch = Watch(files, at, send)
    driver.install(watch.commits)
    started = time.monotonic()
    with DatabaseManager(url) as db:
        graph, store = (
            conversation(db, files, watch),
            _store(db, files, watch, lease=timedelta(seconds=lease)),
        )

        async def work() -> list[list[BaseException]]:
            first = await talk_all(graph, store, files, script)
            if again is None or not files.has("boundary"):
                return [first, []]
            while not files.has(again):
                await asyncio.sleep(0.002)
            return [first, await talk_all(graph, store, files, script)]

        errors = [shown(each) for each in _run(work())]
    taken = time.monotonic() - started
    return {"errors": errors, "boundaries": watch.count, "seconds": taken}


def recover(
    url: str,
    notes: str,
    script: Script,
    at: int | str | None = None,
    dead: Sequence[int] | None = None,
    lenient: bool = False,
    resend: bool = True,
) -> dict[str, Any]:
    """Finishes what dead processes left, and says what does not hold then, nor after everybody sent again."""
    files = Notes(notes)
    watch = Watch(files, at)
    driver.install(watch.commits)
    with DatabaseManager(url) as db:
        _expire(db, dead)
        graph, store = conversation(db, files, watch), _store(db, files, watch)

        async def work() -> tuple[list[str], int]:
            paths, execs = await committed(db, store, script), len(files.lines("execs"))
            outcomes = await recover_runs(_registry(graph), store)
            found = [
                f"run {run_id} was not recovered: {outcome!r}"
                for run_id, outcome in outcomes.items()
                if isinstance(outcome, Exception) and not lenient
            ]
            found += [f"run {run.run_id} is left unfinished" for run in await store.unfinished()]
            found += violations(db, files, script, lenient=lenient)
            found += run_again(files, execs, paths)
            if resend:
                errors = await talk_all(graph, store, files, script)
                found += [f"sent again: {error}" for error in shown(errors)]
                found += violations(db, files, script, lenient=lenient) + all_said(db, script)
            return found, len(outcomes)

        found, recovered = _run(work())
    return {"found": found, "recovered": recovered, "boundaries": watch.count}


def _registry(graph: Graph) -> Registry:
    registry = Registry()
    registry.graph(graph.name, lambda: graph)
    return registry


def suffer(url: str, notes: str, script: Script, kind: str, at: int) -> dict[str, Any]:
    """Holds conversations while the N-th call of the database goes wrong, then sends again in the same process."""
    files = Notes(notes)
    trouble = Trouble(kind, at, url)
    driver.install(trouble)
    found: list[str] = []
    left: list[str] = []
    with DatabaseManager(url) as db:

        async def work() -> list[BaseException]:
            graph, store = conversation(db, files), _store(db, files)
            errors = await talk_all(graph, store, files, script)
            if kind == "full" or not trouble.fired:
                return errors
            trouble.at = 1 << 60  # it is over
            left.extend(await _running(db, script))
            for run_id in left:
                try:
                    await graph.resume(run_id, store=store)
                except Exception as error:
                    found.append(f"run {run_id} is left running, and cannot be resumed here: {error!r}")
            again = await talk_all(graph, store, files, script)
            found.extend(f"sent again after the trouble: {error}" for error in shown(again))
            found.extend(violations(db, files, script, lenient=True) + all_said(db, script))
            return errors

        errors = _run(work())
    return {"errors": shown(errors), "fired": trouble.fired, "left": len(left), "found": found}


async def _running(db: DatabaseManager, script: Script) -> list[str]:
    query = select(RunRow.id).where(RunRow.user_id.in_(script), RunRow.status == "running")
    return await db.read(lambda session: list(session.scalars(query)))


def persist(url: str, notes: str) -> dict[str, Any]:
    """Goes on holding conversations, sending again what was not answered, until there is the note `enough`."""
    files, held, told = Notes(notes), Script(), 0
    with DatabaseManager(url) as db:

        async def work() -> None:
            nonlocal told
            graph, store = conversation(db, files), _store(db, files)
            for number in itertools.count():
                said = {
                    f"u{number}-{user}": [f"This is {user} in {number}.", f"And {number}?"] for user in "abc"
                }
                held.update(said)
                while errors := await talk_all(graph, store, files, said):
                    told += len(errors)
                    await asyncio.sleep(0.02)
                if files.has("enough"):
                    return

        _run(work())
    return {"script": held, "told": told}


def twice(url: str, notes: str, script: Script) -> dict[str, Any]:
    """Holds conversations while every `post` is called twice."""
    files, entries = Notes(notes), Entries()
    with DatabaseManager(url) as db:
        store = TwiceStore(db)
        errors = _run(talk_all(conversation(db, files, entries=entries), store, files, script))
        found = (
            shown(errors) + store.leaks + entries.leaks + violations(db, files, script) + all_said(db, script)
        )
    return {"found": found, "twice": len(store.twice)}


# --- several processes


def first_runs(url: str, notes: str, script: Script, seed: int) -> list[str]:
    """Holds conversations while some calls of the database take long, as they do on a busy machine."""
    files, chance = Notes(notes), random.Random(seed)

    def slow(kind: str, statement: str, connection: Any, call: Callable[[], Any]) -> Any:
        if chance.random() < 0.2:
            time.sleep(0.01)
        result = call()
        if statement.startswith("INSERT"):
            time.sleep(0.01)  # others come by between an INSERT and its COMMIT
        return result

    with DatabaseManager(url) as db:
        graph, store = conversation(db, files), _store(db, files)
        assert db.engine is not None

        async def work() -> list[BaseException]:
            await _gate(files)
            driver.install(slow)
            return await talk_all(graph, store, files, script)

        return shown(_run(work()))


def begin_places(url: str, places: dict[str, str]) -> None:
    """Begins empty conversations, each for a user."""
    with DatabaseManager(url) as db:
        for place, user in places.items():
            db.create_conversation(user, conversation_id=place)


def speak(
    url: str, notes: str, turns: Sequence[tuple[str, int, str, str]], at_once: int, seed: int
) -> list[str]:
    """Takes turns (user, number, text, conversation) in a random order, some at once; the errors of callers."""
    files = Notes(notes)
    order = random.Random(seed).sample(list(turns), len(turns))
    with DatabaseManager(url) as db:
        graph, store, free = conversation(db, files), _store(db, files), asyncio.Semaphore(at_once)

        async def turn(user: str, number: int, text: str, place: str) -> None:
            async with free:
                await say(graph, store, files, user, number, text, place)

        async def work() -> list[Any]:
            await _gate(files)
            return await asyncio.gather(*(turn(*each) for each in order), return_exceptions=True)

        outcomes = _run(work())
    return shown(outcome for outcome in outcomes if isinstance(outcome, BaseException))


def resume(url: str, notes: str, run_id: str, wait_for: str | None = None) -> str:
    """Goes on with a run, once all are ready: what it came to. Whoever goes on may be told to wait for a note."""
    files = Notes(notes)
    with DatabaseManager(url) as db:
        graph, store = conversation(db, files, wait_for=wait_for), _store(db, files)

        async def work() -> str:
            await _gate(files)
            try:
                await graph.resume(run_id, store=store)
            except Exception as error:
                files.add("refused", repr(error))
                return type(error).__name__
            return "done"

        outcome: str = _run(work())
    return outcome


def unfinished(url: str, notes: str, script: Script) -> list[str]:
    """The ids of the runs that are not finished; the leases of all owners run out."""
    with DatabaseManager(url) as db:
        _expire(db, None)
        runs: list[str] = _run(_running(db, script))
    return runs


def wait_and_recover(url: str, notes: str, script: Script) -> list[str]:
    """Recovers again and again, until the dead owner's lease has run out by itself; what does not hold then."""
    files = Notes(notes)
    with DatabaseManager(url) as db:
        graph, store = conversation(db, files), _store(db, files)

        async def work() -> list[str]:
            while await _running(db, script):
                await recover_runs(_registry(graph), store)
                await asyncio.sleep(0.02)
            return violations(db, files, script)

        found: list[str] = _run(work())
    return found


def check(url: str, notes: str, script: Script, conversations: int = 1, taker: int = 0) -> list[str]:
    """What does not hold when all is done; `taker` is a process that took over the runs of another one."""
    files = Notes(notes)
    with DatabaseManager(url) as db:
        return violations(db, files, script) + all_said(db, script, conversations) + taken_again(files, taker)


async def _gate(files: Notes) -> None:
    """Returns when all may start."""
    files.add("ready", str(os.getpid()))
    while not files.has("go"):
        await asyncio.sleep(0.001)


def spend(url: str, number: int, urls: dict[str, str]) -> None:
    """Makes a mix of calls at models."""

    async def work() -> None:
        with DatabaseManager(url) as db:
            await Spenders(db, urls).make(mix(number))

    _run(work())


def batch(url: str, notes: str, count: int, name: str) -> dict[str, int]:
    """Works through a list of records, every hundredth of them poison, each noted in a file when it is begun."""
    from turngraph.services.records import Read
    from turngraph.workflows import run_batch

    begun = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    class Note(Node):
        async def exec(self, prepared: Any) -> int:
            os.write(begun, f"{prepared['n']}\n".encode())
            await asyncio.sleep(0.001 * (prepared["n"] % 7))
            return int(prepared["n"])

        def prep(self, state: Any) -> Any:
            return dict(state)

        def post(self, state: Any, prepared: Any, result: int) -> None:
            state["twice"] = 2 * result

    def records() -> Any:
        for n in range(count):
            yield (
                Read(n + 1, {"n": n, "user_id": f"u{n % 11}"})
                if n % 100
                else Read(n + 1, None, "bad", raw=b"%d" % n)
            )

    with DatabaseManager(url) as db:
        graph = Graph("note", Note() >> END)
        report = _run(run_batch(records(), graph, db=db, name=name, concurrency=20))
    return {"done": report.done, "failed": report.failed, "already": report.already}


def batch_outcomes(url: str, name: str) -> list[list[Any]]:
    """What is stored of a batch: for each outcome its line and how it stands."""
    from turngraph.models import BatchItemRow, BatchRow

    with DatabaseManager(url) as db, db.get_session() as session:
        query = select(BatchItemRow.line, BatchItemRow.outcome, BatchItemRow.result).join(
            BatchRow, BatchRow.seq == BatchItemRow.batch_seq
        )
        return [list(row) for row in session.execute(query.where(BatchRow.name == name))]
