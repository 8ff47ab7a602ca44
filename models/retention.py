"""How long finished runs are kept: those that are old enough go, a few at a time so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from ..engine import ValidationError
from .durable import Owner, RunRow, ShapeRow, StepRow
from .owner import clock

if TYPE_CHECKING:
    from .manager import DatabaseManager

FINISHED: Final = ("done", "failed", "cancelled")
PORTION: Final = 200


async def count(db: DatabaseManager, older_than: timedelta, statuses: Collection[str]) -> int:
    """How many runs `prune` would delete."""
    chosen = _checked(statuses)
    query = select(func.count()).select_from(RunRow)
    return await db.read(
        lambda session: session.scalar(query.where(*_old(clock(session) - older_than, chosen))) or 0
    )


async def prune(db: DatabaseManager, older_than: timedelta, statuses: Collection[str], portion: int) -> int:
    """Deletes the runs that ended longer ago with one of the statuses, and what belongs to no run any more."""
    chosen = _checked(statuses)
    if portion < 1:
        raise ValidationError(f"limit: expected at least 1 run per transaction, found {portion}", ["limit"])
    deleted = 0
    since: datetime | None = None
    while True:
        found, since = await db.write(partial(_portion, older_than, chosen, portion, since))
        deleted += found
        if found < portion:
            break
    await db.write(_leftovers)
    return deleted


def _checked(statuses: Collection[str]) -> Sequence[str]:
    if wrong := sorted(set(statuses) - set(FINISHED)):
        raise ValidationError(
            f"statuses: expected some of {', '.join(FINISHED)}, found {', '.join(map(repr, wrong))}; "
            f"a run that is running or waiting is never deleted",
            ["statuses"],
        )
    return sorted(statuses)


def _old(before: datetime, statuses: Sequence[str]) -> list[ColumnElement[bool]]:
    # The first of them, which the second implies, is what the index is for.
    return [RunRow.created_at < before, RunRow.updated_at < before, RunRow.status.in_(statuses)]


def _portion(
    older_than: timedelta, statuses: Sequence[str], portion: int, since: datetime | None, session: Session
) -> tuple[int, datetime | None]:
    query = select(RunRow.id, RunRow.created_at).where(*_old(clock(session) - older_than, statuses))
    if since is not None:
        query = query.where(RunRow.created_at >= since)
    query = query.order_by(RunRow.created_at).limit(portion).with_for_update(skip_locked=True)
    rows = session.execute(query).all()
    ids = [row.id for row in rows]
    _delete(session, delete(StepRow).where(StepRow.run_id.in_(ids)))
    _delete(session, delete(RunRow).where(RunRow.id.in_(ids)))
    return len(ids), rows[-1].created_at if rows else since


def _leftovers(session: Session) -> None:
    """Shapes that no run began with, and owners that died and have no runs."""
    used = select(RunRow.id).where(RunRow.shape_id == ShapeRow.id)
    _delete(session, delete(ShapeRow).where(~used.exists()))
    runs = select(RunRow.id).where(RunRow.owner_id == Owner.id, RunRow.status == "running")
    _delete(session, delete(Owner).where(Owner.lease_until < clock(session), ~runs.exists()))


def _delete(session: Session, statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
