"""Durable runs in the database: a step's data and the fact that it happened commit as one.

A process that runs graphs is an owner: one row with a lease, renewed by a thread of its own. Every step verifies
that row in its transaction. Taking over a dead owner's runs bumps the row's fence first, so that one check
stops whatever that owner, should it wake again, still tries to write.
"""

from __future__ import annotations

import os
import socket
import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from ..engine.record import Fenced, RunExists, RunOwned, RunRecord, RunStatus, StepRecord, UnknownRun
from .base import as_utc, new_id, now
from .durable import Owner, RunRow, StepRow
from .errors import Conflict, DatabaseError
from .scope import Scope

if TYPE_CHECKING:
    from .manager import DatabaseManager

LEASE: Final = timedelta(seconds=30)


class SqlRunStore:
    """Keeps runs and steps in a DatabaseManager's database: `graph.run(..., store=db.runs)`."""

    def __init__(self, db: DatabaseManager, lease: timedelta = LEASE) -> None:
        self.sessions = db
        self._lease = lease
        self._owner = _Me()

    async def begin(self, run: RunRecord, /) -> None:
        """Stores a new run, owned by this process."""
        scope = run.scope if isinstance(run.scope, Scope) else None
        values = {
            "id": run.run_id, "graph": run.graph, "shape": run.shape, "inputs": run.inputs, "status": "running",
            "tenant_id": scope.tenant if scope else "default", "user_id": scope.user if scope else None,
        }  # fmt: skip

        try:
            await self.sessions.write_item(self._begin_all, values, keys=[f"run:{run.run_id}"])
        except Conflict:
            raise RunExists(
                f"the run {run.run_id!r} is stored already; graph.resume(...) goes on with it"
            ) from None

    async def load(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps; it is taken over from its owner, if that one is dead."""

        def work(session: Session) -> tuple[RunRecord, list[StepRecord]]:
            row = session.scalar(select(RunRow).where(RunRow.id == run_id).with_for_update())
            if row is None:
                raise UnknownRun(f"no run {run_id!r} is stored here")
            self._take_over(session, row)
            steps = session.scalars(select(StepRow).where(StepRow.run_id == run_id).order_by(StepRow.number))
            return _run(row), [_step(step) for step in steps]

        return await self.sessions.write(work, keys=[f"run:{run_id}"])

    async def append(self, step: StepRecord, /) -> StepRecord:
        """Commits a step, together with those of other runs; the one that is there, if it was committed before."""
        return await self.sessions.write_item(self._append_all, step, keys=[f"run:{step.run_id}"])  # type: ignore[no-any-return]

    async def commit(
        self, work: Callable[[Any], StepRecord], run_id: str, path: str, /, *, keys: Collection[str] = ()
    ) -> StepRecord:
        """Runs `work(session)` and commits what it wrote together with its step."""

        def whole(session: Session) -> StepRecord:
            self._mine(session)
            if session.scalar(select(RunRow.owner_id).where(RunRow.id == run_id)) != self._owner.id:
                raise _not_ours(run_id)
            known = session.scalar(select(StepRow).where(StepRow.run_id == run_id, StepRow.path == path))
            if known is not None:
                return _step(known)
            step = work(session)
            session.flush()
            session.execute(insert(StepRow).values(**_values(step)))
            return step

        return await self.sessions.write(whole, keys=[f"run:{run_id}", *keys])

    async def end(self, run_id: str, status: RunStatus, action: str | None, error: str | None, /) -> None:
        """Notes how a run stands, unless it is another process's by now."""
        values = {"status": status, "action": action, "error": error, "updated_at": now()}
        await self.sessions.write_item(self._end_all, {"run": run_id, **values}, keys=[f"run:{run_id}"])

    async def unfinished(self) -> list[RunRecord]:
        """The runs that were running when their owner died, oldest first."""

        def work(session: Session) -> list[RunRecord]:
            dead = Owner.lease_until < clock(session)
            query = select(RunRow).outerjoin(Owner, Owner.id == RunRow.owner_id)
            query = query.where(RunRow.status == "running", dead | Owner.id.is_(None))
            return [_run(row) for row in session.scalars(query.order_by(RunRow.created_at, RunRow.id))]

        return await self.sessions.read(work)

    async def shown(self, run_id: str) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps, to look at: whose it is does not change."""

        def work(session: Session) -> tuple[RunRecord, list[StepRecord]]:
            row = session.scalar(select(RunRow).where(RunRow.id == run_id))
            if row is None:
                raise UnknownRun(f"no run {run_id!r} is stored here")
            steps = session.scalars(select(StepRow).where(StepRow.run_id == run_id).order_by(StepRow.number))
            return _run(row), [_step(step) for step in steps]

        return await self.sessions.read(work)

    async def listed(self, limit: int = 50) -> Sequence[RunRow]:
        """The newest runs."""
        query = select(RunRow).order_by(RunRow.created_at.desc(), RunRow.id).limit(limit)
        return await self.sessions.read(lambda session: session.scalars(query).all())

    def _begin_all(self, connection: Connection, runs: list[dict[str, Any]]) -> list[None]:
        owner = self._mine(connection)
        moment = now()
        connection.execute(
            insert(RunRow.__table__),  # type: ignore[arg-type]
            [
                {**run, "owner_id": owner, "fence": 1, "created_at": moment, "updated_at": moment}
                for run in runs
            ],
        )
        return [None] * len(runs)

    def _append_all(self, connection: Connection, steps: list[StepRecord]) -> list[StepRecord | Exception]:
        """Three statements for a whole group: whose the runs are, which steps are there already, and the rest."""
        me = self._mine(connection)
        ids = list({step.run_id for step in steps})
        whose = select(RunRow.id).where(RunRow.id.in_(ids), RunRow.owner_id == me)
        mine = set(connection.scalars(whose))
        table = StepRow.__table__
        paths = [step.path for step in steps]
        there = connection.execute(
            select(table).where(StepRow.run_id.in_(ids), StepRow.path.in_(paths))
        ).all()
        known = {(row.run_id, row.path): _step(row) for row in there}
        fresh = [
            _values(step) for step in steps if step.run_id in mine and (step.run_id, step.path) not in known
        ]
        if fresh:
            connection.execute(insert(table), fresh)  # type: ignore[arg-type]
        return [
            known.get((step.run_id, step.path), step) if step.run_id in mine else _not_ours(step.run_id)
            for step in steps
        ]

    def _end_all(self, connection: Connection, ends: list[dict[str, Any]]) -> list[None]:
        table = RunRow.__table__
        mine = (table.c.id == bindparam("run"), table.c.owner_id == self._owner.id)
        change = update(table).where(*mine)  # type: ignore[arg-type]
        names = ("status", "action", "error", "updated_at")
        connection.execute(change.values({name: bindparam(f"new_{name}") for name in names}), [
            {"run": end["run"], **{f"new_{name}": end[name] for name in names}} for end in ends
        ])  # fmt: skip
        return [None] * len(ends)

    def _mine(self, session: Session | Connection) -> str:
        """Makes sure that this process still holds its lease, and renews nothing: that is the thread's work."""
        me = self._owner
        if me.pid != os.getpid():
            self._owner = me = _Me()
        if not me.known:
            until = clock(session) + self._lease
            session.execute(
                insert(Owner).values(id=me.id, lease_until=until, host=socket.gethostname()[:200], pid=me.pid)
            )
            me.start(self.sessions, self._lease)
        fence = session.scalar(select(Owner.fence).where(Owner.id == me.id))
        if fence is None:
            me.known = False
            return self._mine(session)
        if fence != 1:
            raise Fenced(
                "this process's lease ran out and its runs were taken over; it must not write to them"
            )
        return me.id

    def _take_over(self, session: Session, row: RunRow) -> None:
        mine = self._mine(session)
        if row.owner_id in (None, mine):
            row.owner_id = mine
            return
        owner = session.scalar(select(Owner).where(Owner.id == row.owner_id).with_for_update())
        if owner is not None and row.status == "running" and as_utc(owner.lease_until) >= clock(session):
            raise RunOwned(f"run {row.id!r} is being run by {owner.host} process {owner.pid}, which is alive")
        if owner is not None:
            owner.fence += 1 if row.status == "running" else 0
        row.owner_id, row.status = mine, "running"
        session.flush()


class _Me:
    """This process as an owner, and the thread that keeps its lease."""

    def __init__(self) -> None:
        self.id, self.pid, self.known = new_id(), os.getpid(), False
        self._renewing = False

    def start(self, db: DatabaseManager, lease: timedelta) -> None:
        """Begins to renew the lease; the thread ends with the database."""
        self.known = True
        if self._renewing:
            return
        self._renewing, held = True, weakref.ref(db)
        threading.Thread(target=self._renew, args=(held, lease), name="turngraph-lease", daemon=True).start()

    def _renew(self, held: weakref.ref[DatabaseManager], lease: timedelta) -> None:
        wait = threading.Event()
        while not wait.wait(lease.total_seconds() / 3):
            db = held()
            if db is None or self.pid != os.getpid():
                return
            try:
                db.write_now(partial(self._prolong, lease=lease))
            except DatabaseError:
                if db.closed:
                    return
            del db

    def _prolong(self, session: Session, lease: timedelta) -> None:
        mine = (
            update(Owner)
            .where(Owner.id == self.id, Owner.fence == 1)
            .values(lease_until=clock(session) + lease)
        )
        session.execute(mine.execution_options(synchronize_session=False))


def _not_ours(run_id: str) -> Fenced:
    return Fenced(f"run {run_id!r} is another process's now; this one must not write to it")


def clock(session: Session | Connection) -> datetime:
    """The database's own time where it has one; on SQLite all who share a file share a machine."""
    dialect = session.dialect if isinstance(session, Connection) else session.get_bind().dialect
    if dialect.name == "postgresql":
        return as_utc(session.scalar(select(func.clock_timestamp())) or now())
    return now()


def _values(step: StepRecord) -> dict[str, Any]:
    return {
        "run_id": step.run_id, "path": step.path, "number": step.number, "action": step.action,
        "seconds": step.seconds, "changes": step.changes, "attempts": 1, "tenant_id": "default",
        "finished_at": now(),
    }  # fmt: skip


def _step(row: Any) -> StepRecord:
    return StepRecord(row.run_id, row.path, row.number, row.action or "default", row.seconds, row.changes)


def _run(row: RunRow) -> RunRecord:
    status: Any = row.status
    scope = Scope(row.tenant_id, row.user_id) if row.user_id is not None else None
    return RunRecord(row.id, row.graph, row.shape, row.inputs, status, row.action, row.error, scope)
