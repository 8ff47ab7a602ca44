"""The durable runs that go with what is forgotten: every one that has it in its inputs, states, steps or answers.

A run is deleted whole, and a fork of it that has it too. What a step held cannot be cut out: the steps behind it
were computed from it, and a run whose past is not what happened could neither be resumed nor replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from .durable import Owner, RunRow, StepRow
from .owner import clock
from .scope import Scope
from .traces import TELLING_ID, Traces, names_user

Digest: TypeAlias = Callable[[str], str]
PORTION: Final = 100


def erase_runs(
    session: Session, scope: Scope, traces: Traces | None, target: str | None, digest: Digest
) -> tuple[dict[str, list[list[str]]], list[list[str]]]:
    """Deletes the user's runs that hold traces, or all of them without traces, however they stand.

    A run without a scope counts as the user's if its state names them, or the target's own id. Gives the ids of
    the runs and steps that went, each with the keyed hash of what it held; and of runs that were being walked
    the ids and their owners'.
    """
    gone: dict[str, list[list[str]]] = {"runs": [], "steps": []}
    walked: list[list[str]] = []
    own = (RunRow.tenant_id == scope.tenant, RunRow.user_id == scope.user)
    mine = list(session.scalars(select(RunRow.id).where(*own)))
    loose = _naming(session, scope, target)
    for run, steps in _read(session, [*mine, *loose]):
        held = [part for step in steps for part in (step.changes, step.answer, step.path)]
        whole = (run.inputs, run.error, *held)
        if run.user_id is None and not (names_user(scope.tenant, scope.user, *whole) or target):
            continue
        if traces is not None and not traces.in_json(*whole):
            continue
        if run.status == "running" and run.owner_id is not None:
            walked.append([run.id, run.owner_id])
        gone["runs"].append([run.id, digest(run.inputs)])
        gone["steps"] += [[f"{run.id}#{step.number}", digest(step.changes)] for step in steps]
    for some in _portions([row[0] for row in gone["runs"]]):
        _run(session, delete(StepRow).where(StepRow.run_id.in_(some)))
        _run(session, delete(RunRow).where(RunRow.id.in_(some)))
        _run(session, update(RunRow).where(RunRow.parent.in_(some)).values(parent=None))
    return gone, walked


def walked_elsewhere(session: Session, walked: Sequence[Sequence[str]], here: str) -> list[list[str]]:
    """Those of the runs whose owner is another process, and alive: it does not know yet that they are gone."""
    query = select(Owner.id).where(Owner.id.in_({owner for _, owner in walked}), Owner.id != here)
    alive = set(session.scalars(query.where(Owner.lease_until >= clock(session))))
    return [list(pair) for pair in walked if pair[1] in alive]


def sweep(session: Session, run_ids: Sequence[str]) -> None:
    """Deletes steps that somebody wrote for these runs after they were gone."""
    for some in _portions(run_ids):
        there = select(RunRow.id).where(RunRow.id.in_(some))
        _run(session, delete(StepRow).where(StepRow.run_id.in_(some), StepRow.run_id.not_in(there)))


def _naming(session: Session, scope: Scope, target: str | None) -> list[str]:
    """The runs without a scope that may name the user; the database looks for the words, we for their meaning."""
    marks = [f'"user_id":{json.dumps(scope.user)}']
    if target is not None and len(target) >= TELLING_ID:
        marks.append(target)
    said: list[ColumnElement[bool]] = []
    for column in (RunRow.inputs, StepRow.changes, StepRow.answer):
        said += [column.contains(mark, autoescape=True) for mark in marks]
    query = select(RunRow.id).outerjoin(StepRow, StepRow.run_id == RunRow.id)
    return list(session.scalars(query.where(RunRow.user_id.is_(None), or_(*said)).distinct()))


def _read(session: Session, run_ids: Sequence[str]) -> Iterator[tuple[Any, list[Any]]]:
    columns = (StepRow.run_id, StepRow.number, StepRow.path, StepRow.changes, StepRow.answer)
    for some in _portions(run_ids):
        query = select(
            RunRow.id, RunRow.user_id, RunRow.inputs, RunRow.error, RunRow.status, RunRow.owner_id
        ).where(RunRow.id.in_(some))
        runs = session.execute(query.with_for_update().order_by(RunRow.id)).all()
        steps: dict[str, list[Any]] = {}
        for step in session.execute(select(*columns).where(StepRow.run_id.in_(some))):
            steps.setdefault(step.run_id, []).append(step)
        for run in runs:
            yield run, steps.get(run.id, [])


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + PORTION] for start in range(0, len(ids), PORTION))


def _run(session: Session, statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
