"""The rows of durable runs, written for a whole group of runs and steps in a handful of statements.

This is what every step of every run passes through, so it speaks to the driver with plain tuples, and asks
once for all of a group whether this process may still write. A row that is there already is its own proof:
a write that runs again, since nobody knows what came of its COMMIT, finds it and changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from ..engine.record import Fenced, RunExists, RunRecord, StepRecord
from .durable import RunRow, ShapeRow, StepRow, micros
from .errors import Conflict
from .owner import Me
from .run_statements import Rows, insert, write, write_at_once
from .scope import Scope


@dataclass(slots=True, eq=False)
class Begun:
    """A run to begin, with the steps it is forked with; `moment` is when that was first tried."""

    me: Me
    run: RunRecord
    steps: Sequence[StepRecord]
    moment: int = 0


@dataclass(slots=True, eq=False)
class Taken:
    """A step to commit."""

    me: Me
    step: StepRecord


@dataclass(slots=True, eq=False)
class Written(Taken):
    """A step to commit on the strength of which a session wrote in this transaction."""


@dataclass(slots=True, eq=False)
class Found:
    """A step that turned out to be committed already."""

    me: Me
    step: StepRecord


@dataclass(slots=True, eq=False)
class Ended:
    """How a run stands that is let go of."""

    me: Me
    run_id: str
    status: str
    action: str | None
    error: str | None


Item: TypeAlias = Begun | Taken | Found | Ended


class RunRows:
    """Writes what a group brings: runs that begin, their steps, and how they end."""

    def __init__(self) -> None:
        self._shapes: set[str] = set()

    def write(self, connection: Connection, items: list[Item], /) -> list[Any]:
        """Writes a group; gives what each caller is told. Fenced if this process may not write any more."""
        group = _Group(items)
        begun, taken = group.begun, group.taken
        self._know(connection, begun)
        standing, runs, steps = write(connection, group.rows())
        if not standing:
            raise fenced()
        told = group.told()
        if steps < len(taken):
            if any(isinstance(item, Written) for item in taken):
                raise Conflict("a step was committed before; what was written for it now must not be")
            known = _known(connection, taken, group.moment)
            told |= known
            for item, step in known.items():
                if isinstance(item, Taken) and item.step.last:
                    run = update(RunRow).where(RunRow.id == step.run_id)
                    connection.execute(run.values(action=step.action))
        if runs < len(begun):
            told |= _refused(connection, begun)
        forked = [_step_values(step, group.moment) for i in begun if i not in told for step in i.steps]
        insert(connection, StepRow, forked)
        return [told.get(item) for item in items]

    def write_at_once(self, connection: Connection, items: list[Item], /) -> list[Any] | None:
        """The same with one statement, where nothing was there before and nothing else has to be written."""
        group = _Group(items)
        if any(item.moment or item.steps or item.run.shape not in self._shapes for item in group.begun):
            return None
        standing, runs, steps = write_at_once(connection, group.rows())
        if not standing:
            raise fenced()
        if runs < len(group.begun) or steps < len(group.taken):
            return None
        told = group.told()
        return [told.get(item) for item in items]

    def _know(self, connection: Connection, begun: list[Begun]) -> None:
        if any(item.moment for item in begun):
            self._shapes.clear()  # the first try may have failed since one that we knew is gone
        for item in begun:
            if item.run.shape not in self._shapes:
                add_shape(connection, item.run.shape)
                self._shapes.add(item.run.shape)


class _Group:
    """Items by their kinds, and the rows they come to."""

    def __init__(self, items: list[Item]) -> None:
        self.moment = time.time_ns() // 1000
        self._items = items
        kinds: dict[type, list[Any]] = {Begun: [], Taken: [], Written: [], Found: [], Ended: []}
        for item in items:
            kinds[type(item)].append(item)
        self.begun: list[Begun] = kinds[Begun]
        self.taken: list[Taken] = kinds[Taken] + kinds[Written]
        self._found: list[Found] = kinds[Found]
        self._ended: list[Ended] = kinds[Ended]

    def rows(self) -> Rows:
        """What is to be written; a run that begins remembers when that was first tried."""
        moment, rows = self.moment, Rows({item.me.id for item in self._items})
        for item in self.begun:
            item.moment = item.moment or moment
            rows.runs.append(_run_values(item))
        rows.steps = [_step_values(item.step, moment) for item in self.taken]
        rows.ends = [(i.status, i.action, i.error, moment, i.run_id, i.me.id) for i in self._ended]
        rows.ends += [
            ("done", i.step.action, None, moment, i.step.run_id, i.me.id) for i in self.taken if i.step.last
        ]
        return rows

    def told(self) -> dict[Item, Any]:
        """What each caller is told where nothing was there before."""
        told: dict[Item, Any] = {item: item.step for item in self.taken}
        return told | {item: item.step for item in self._found}


def add_shape(connection: Connection, shape: str) -> int:
    """The id of a shape, which is stored if it is new."""
    number = shape_id(shape)
    insert(connection, ShapeRow, [(number, shape)])
    return number


@lru_cache(256)
def shape_id(shape: str) -> int:
    """The id of a shape: its hash."""
    return int.from_bytes(hashlib.sha256(shape.encode()).digest()[:8], "big") >> 1


def exists(run_id: str) -> RunExists:
    """What is told of a run that cannot begin."""
    return RunExists(
        f"the run {run_id!r} is stored already; graph.resume(...), or turngraph runs resume, goes on with it"
    )


def fenced() -> Fenced:
    """What a process is told whose runs are another's now."""
    return Fenced("this process's lease ran out and its runs were taken over; it must not write to them")


def kept(run_id: str, path: str) -> str:
    """A path as it is stored: without its run's id in front, or behind a slash if it has none there."""
    rest = path.removeprefix(f"{run_id}/")
    return f"/{path}" if rest == path or rest.startswith("/") else rest


def step_of(row: Any) -> StepRecord:
    """The step of a row."""
    path = row.path[1:] if row.path.startswith("/") else f"{row.run_id}/{row.path}"
    return StepRecord(
        row.run_id, path, row.number, row.action or "default", row.seconds, row.changes,
        row.attempts, row.waits, row.answer,
    )  # fmt: skip


def _known(connection: Connection, taken: list[Taken], moment: int) -> dict[Item, StepRecord]:
    """Those of the steps that were there before, as they are there."""
    paths = {item: (item.step.run_id, kept(item.step.run_id, item.step.path)) for item in taken}
    query = select(StepRow.__table__).where(StepRow.run_id.in_({run_id for run_id, _ in paths.values()}))
    query = query.where(StepRow.path.in_({path for _, path in paths.values()}))
    there = {(row.run_id, row.path): row for row in connection.execute(query)}
    rows = {item: there[path] for item, path in paths.items()}
    return {item: step_of(row) for item, row in rows.items() if micros(row.finished_at) != moment}


def _refused(connection: Connection, begun: list[Begun]) -> dict[Item, Exception]:
    """Those of the runs that were there before; one that this very call stored on an earlier try was not."""
    query = select(RunRow.id, RunRow.owner_id, RunRow.created_at)
    rows = connection.execute(query.where(RunRow.id.in_([item.run.run_id for item in begun])))
    ours = {(row.id, row.owner_id, micros(row.created_at)) for row in rows}
    return {
        item: exists(item.run.run_id)
        for item in begun
        if (item.run.run_id, item.me.id, item.moment) not in ours
    }


def _run_values(item: Begun) -> tuple[Any, ...]:
    run = item.run
    scope = run.scope if isinstance(run.scope, Scope) else None
    tenant, user = (scope.tenant, scope.user) if scope is not None else ("default", None)
    return (
        run.run_id, tenant, user, run.graph, shape_id(run.shape), run.status, item.me.id, run.inputs, run.action, run.error,
        run.start, run.era, run.parent, item.moment, item.moment,
    )  # fmt: skip


def _step_values(step: StepRecord, moment: int) -> tuple[Any, ...]:
    action = None if step.action == "default" else step.action
    return (
        step.run_id, kept(step.run_id, step.path), step.number, action, step.attempts, step.seconds, step.changes,
        step.waits, step.answer, moment,
    )  # fmt: skip
