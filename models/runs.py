"""Durable runs in the database: a step's data and the fact that it happened commit as one.

A process that runs graphs is an owner: one row with a lease. Every write of a run verifies that row in its
transaction, and that is enough: who takes a run over from a dead owner bumps the row's fence first.
"""

from __future__ import annotations

import os
from asyncio import CancelledError
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..engine.record import Fenced, NotWaiting, RunOwned, RunRecord, RunStatus, StepRecord, UnknownRun
from . import retention
from .base import as_utc, now
from .durable import Owner, RunRow, ShapeRow, StepRow
from .errors import CommitUnknown
from .owner import LEASE, Me, clock
from .retention import FINISHED, PORTION
from .run_rows import Begun, Ended, Found, RunRows, Taken, Written, add_shape, exists, fenced, kept, step_of
from .run_statements import stands
from .scope import Scope, check_limit

if TYPE_CHECKING:
    from .manager import DatabaseManager


class SqlRunStore:
    """Keeps runs and steps in a DatabaseManager's database: `graph.run(..., store=db.runs)`."""

    def __init__(self, db: DatabaseManager, lease: timedelta = LEASE) -> None:
        self.sessions = db
        self._me = Me(lease)
        self._walked: dict[str, Me] = {}
        self._loaded: set[str] = set()
        self._rows = RunRows()

    async def begin(self, run: RunRecord, /, steps: Sequence[StepRecord] = ()) -> None:
        """Stores a new run, owned by this process, with the steps it is forked with."""
        if run.run_id in self._walked:
            raise exists(run.run_id)
        self._walked[run.run_id] = self._me
        try:
            while True:
                me = self._walked[run.run_id] = await self._here()
                try:
                    await self.sessions.write_item(self._rows, Begun(me, run, steps))
                    return
                except Fenced:
                    me.fenced = True
        except CancelledError:
            await self.end(run.run_id, "cancelled", None, None)
            raise
        except BaseException:
            self._let_go(run.run_id)
            raise

    async def load(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps; it is taken over from its owner, if that one is dead."""
        before: list[RunRecord] = []

        def work(session: Session) -> tuple[RunRecord, list[StepRecord]]:
            before.clear()
            if not stands(session.connection(), me.id):
                raise fenced()
            # Only behind this can its owner commit no more: a step read earlier might not be the last.
            _take_over(session, run_id, me)
            run, steps = _read(session, run_id)
            before.append(run)
            row = update(RunRow).where(RunRow.id == run_id)
            session.execute(row.values(status="running", owner_id=me.id, updated_at=now()))
            return replace(run, status="running"), steps

        if run_id in self._walked:
            raise RunOwned(f"run {run_id!r} is being run in this process")
        self._walked[run_id] = self._me
        try:
            while True:
                me = self._walked[run_id] = await self._here()
                self._loaded.add(run_id)
                try:
                    return await self.sessions.write(work, keys=[f"run:{run_id}"])
                except CommitUnknown:
                    continue  # whatever came of it, the same can be done again
                except Fenced:
                    me.fenced = True
        except CancelledError:
            for run in before:
                await self.end(run_id, run.status, run.action, run.error)
            self._let_go(run_id)
            raise
        except BaseException:
            self._let_go(run_id)
            raise

    async def shown(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps, to look at: whose it is, and how it stands, does not change."""
        return await self.sessions.read(lambda session: _read(session, run_id))

    async def change(self, run: RunRecord, /) -> None:
        """Gives a run that was loaded here the graph, shape, inputs, start and era of `run`."""
        me = self._walker(run.run_id)

        def work(session: Session) -> None:
            if not stands(session.connection(), me.id):
                raise fenced()
            shape = add_shape(session.connection(), run.shape)
            row = update(RunRow).where(RunRow.id == run.run_id, RunRow.owner_id == me.id)
            values = {"graph": run.graph, "shape_id": shape, "inputs": run.inputs, "start": run.start}
            session.execute(row.values(era=run.era, updated_at=now(), **values))

        await self.sessions.write(work, keys=[f"run:{run.run_id}"])

    async def answer(self, run_id: str, path: str, value: str, /) -> None:
        """Stores a person's answer to a step that waits, once; NotWaiting if there is none, or it has one."""

        def work(session: Session) -> None:
            query = select(RunRow.owner_id).where(RunRow.id == run_id, RunRow.status == "running")
            if (owner := session.scalar(query)) is not None and owner != self._me.id:
                _check_dead(session, run_id, owner)
            step = update(StepRow).where(StepRow.run_id == run_id, StepRow.path == kept(run_id, path))
            step = step.where(StepRow.waits.is_not(None), StepRow.answer.is_(None))
            done = session.scalar(step.values(answer=value).returning(StepRow.number))
            if done is None:
                raise NotWaiting(
                    f"the step {path!r} of run {run_id!r} does not wait for an answer, or has one"
                )

        await self.sessions.write(work, keys=[f"run:{run_id}"])

    async def append(self, step: StepRecord, /) -> StepRecord:
        """Commits a step, together with those of other runs; the one that is there, if it was committed before."""
        item = Taken(self._walker(step.run_id), step)
        stored: StepRecord = await self.sessions.write_item(self._rows, item)
        if step.last:
            self._let_go(step.run_id)
        return stored

    async def commit(
        self, work: Callable[[Any], StepRecord], run_id: str, path: str, /, *, keys: Collection[str] = ()
    ) -> StepRecord:
        """Runs `work(session)` and commits what it wrote together with its step."""
        me, ask = self._walker(run_id), run_id in self._loaded

        def whole(session: Session) -> Found | Written:
            nonlocal ask
            if ask:
                mine = select(StepRow).where(StepRow.run_id == run_id, StepRow.path == kept(run_id, path))
                if (row := session.scalar(mine)) is not None:
                    return Found(me, step_of(row))
            ask = True  # when it is called again, nobody knows what came of the first time
            return Written(me, work(session))

        stored: StepRecord = await self.sessions.write_step(self._rows, whole, keys)
        if stored.last:
            self._let_go(run_id)
        return stored

    async def end(self, run_id: str, status: RunStatus, action: str | None, error: str | None, /) -> None:
        """Notes how a run stands and lets go of it, unless it is another process's by now."""
        me = self._walked.get(run_id)
        if me is None:
            return
        try:
            await self.sessions.write_item(self._rows, Ended(me, run_id, status, action, error))
        except Fenced:
            me.fenced = True
        finally:
            self._let_go(run_id)

    async def unfinished(self) -> list[RunRecord]:
        """The runs that are running for nobody, oldest first: their owner died, or could not note how they ended."""
        me, walked = self._me.id, set(self._walked)

        def work(session: Session) -> list[RunRecord]:
            dead = Owner.lease_until < clock(session)
            query = select(RunRow, ShapeRow.shape).outerjoin(Owner, Owner.id == RunRow.owner_id)
            query = query.join(ShapeRow, ShapeRow.id == RunRow.shape_id)
            query = query.where(RunRow.status == "running", dead | Owner.id.is_(None) | (Owner.id == me))
            rows = session.execute(query.order_by(RunRow.created_at, RunRow.id))
            return [_run(row, shape) for row, shape in rows if row.id not in walked]

        return await self.sessions.read(work)

    async def prune(
        self, older_than: timedelta, statuses: Collection[str] = FINISHED, *, limit: int = PORTION
    ) -> int:
        """Deletes the runs that ended longer ago with one of the statuses, `limit` in a transaction; gives how
        many. Shapes and dead owners without runs go too; a run that is running or waiting never does."""
        return await retention.prune(self.sessions, older_than, statuses, limit)

    async def prunable(self, older_than: timedelta, statuses: Collection[str] = FINISHED) -> int:
        """How many runs `prune` would delete."""
        return await retention.count(self.sessions, older_than, statuses)

    async def listed(self, limit: int = 50) -> Sequence[RunRow]:
        """The newest runs."""
        query = select(RunRow).order_by(RunRow.created_at.desc(), RunRow.id).limit(check_limit(limit))
        return await self.sessions.read(lambda session: session.scalars(query).all())

    async def _here(self) -> Me:
        """This process as an owner; another one after a fork, and once it was fenced."""
        if self._me.pid != os.getpid():
            self._walked = {}
        if not self._me.usable:
            self._me = Me(self._me.lease)
        me = self._me
        if not me.known:
            await me.register(self.sessions)
        return me

    def _walker(self, run_id: str) -> Me:
        me = self._walked.get(run_id)
        if me is None:
            raise Fenced(f"run {run_id!r} is not being run by this store; load it first")
        return me

    def _let_go(self, run_id: str) -> None:
        self._walked.pop(run_id, None)
        self._loaded.discard(run_id)


def _take_over(session: Session, run_id: str, me: Me) -> None:
    """Fences the owner of a run that is running, if that one is dead."""
    running = (RunRow.id == run_id, RunRow.status == "running")
    owner = session.scalar(select(RunRow.owner_id).where(*running))
    if owner is not None and owner != me.id:
        _check_dead(session, run_id, owner)
        session.execute(update(Owner).where(Owner.id == owner).values(fence=Owner.fence + 1))


def _check_dead(session: Session, run_id: str, owner_id: str) -> None:
    owner = session.scalar(select(Owner).where(Owner.id == owner_id).with_for_update())
    if owner is not None and as_utc(owner.lease_until) >= clock(session):
        raise RunOwned(f"run {run_id!r} is being run by {owner.host} process {owner.pid}, which is alive")


def _run(row: RunRow, shape: str) -> RunRecord:
    status: Any = row.status
    scope = Scope(row.tenant_id, row.user_id) if row.user_id is not None else None
    return RunRecord(
        row.id, row.graph, shape, row.inputs, status, row.action, row.error, scope, row.start, row.era, row.parent
    )  # fmt: skip


def _read(session: Session, run_id: str) -> tuple[RunRecord, list[StepRecord]]:
    query = select(RunRow, ShapeRow.shape).join(ShapeRow, ShapeRow.id == RunRow.shape_id)
    found = session.execute(query.where(RunRow.id == run_id)).one_or_none()
    if found is None:
        raise UnknownRun(f"no run {run_id!r} is stored here")
    steps = session.scalars(select(StepRow).where(StepRow.run_id == run_id).order_by(StepRow.number))
    return _run(*found), [step_of(step) for step in steps]
