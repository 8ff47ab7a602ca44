"""Old runs go, a few at a time, and nothing that somebody still needs goes with them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from turngraph.engine import ValidationError
from turngraph.engine.record import Fenced, RunRecord, StepRecord
from turngraph.models import DatabaseManager, Owner, RunRow, StepRow
from turngraph.models.base import now
from turngraph.models.durable import ShapeRow
from turngraph.models.runs import SqlRunStore

DAY = timedelta(days=1)


async def runs(store: SqlRunStore, *names: str, shape: str = "{}", status: Any = "done") -> None:
    """Stores ended runs of two steps each."""
    for name in names:
        steps = [StepRecord(name, f"{name}/{node}/1", 1, "default", 0.1, "[[],[]]") for node in "ab"]
        await store.begin(RunRecord(name, "g", shape, "{}"), steps)
        await store.end(name, status, None, None)


def age(db: DatabaseManager, days: float, *names: str) -> None:
    """Makes runs look as if they had ended so many days ago."""
    then = now() - days * DAY
    with db.get_session() as session:
        old = update(RunRow).where(RunRow.id.in_(names))
        session.execute(old.values(created_at=then, updated_at=then))


def left(db: DatabaseManager) -> tuple[list[str], list[str], list[str]]:
    with db.get_session() as session:
        ids = list(session.scalars(select(RunRow.id).order_by(RunRow.id)))
        of_steps = sorted(set(session.scalars(select(StepRow.run_id))))
        return ids, of_steps, sorted(session.scalars(select(ShapeRow.shape)))


async def test_old_runs_go_with_their_steps_and_shapes(db: DatabaseManager):
    await runs(db.runs, "a", "b", shape="old")
    await runs(db.runs, "c", "d")
    age(db, 3, "a", "b", "c")
    assert await db.runs.prunable(2 * DAY) == 3
    assert await db.runs.prune(4 * DAY) == 0
    assert await db.runs.prune(2 * DAY) == 3
    assert left(db) == (["d"], ["d"], ["{}"])
    assert await db.runs.prunable(2 * DAY) == 0
    await runs(db.runs, "e", shape="old")  # whose row the store believed to be there
    assert left(db) == (["d", "e"], ["d", "e"], ["old", "{}"])


async def test_a_run_that_ended_lately_stays_however_old_it_is(db: DatabaseManager):
    await runs(db.runs, "a")
    age(db, 3, "a")
    await db.runs.load("a")
    await db.runs.end("a", "done", None, None)
    assert await db.runs.prune(DAY) == await db.runs.prunable(DAY) == 0


async def test_only_the_statuses_asked_for_go(db: DatabaseManager):
    await runs(db.runs, "done")
    await runs(db.runs, "failed", status="failed")
    await runs(db.runs, "cancelled", status="cancelled")
    age(db, 3, "done", "failed", "cancelled")
    assert await db.runs.prunable(DAY, ["failed"]) == 1
    assert await db.runs.prune(DAY, ["failed"]) == 1
    assert left(db)[0] == ["cancelled", "done"]
    assert await db.runs.prune(DAY) == 2


async def test_what_runs_or_waits_never_goes(db: DatabaseManager):
    await runs(db.runs, "waits", status="waiting")
    await db.runs.begin(RunRecord("runs", "g", "{}", "{}"))
    age(db, 300, "waits", "runs")
    assert await db.runs.prune(DAY) == 0
    for call in (db.runs.prune, db.runs.prunable):
        for status in ("waiting", "running", "nonsense"):
            with pytest.raises(ValidationError, match="never deleted"):
                await call(DAY, ["done", status])
    assert left(db)[0] == ["runs", "waits"]


async def test_it_deletes_in_transactions_of_a_bounded_size(db: DatabaseManager):
    names = [f"r{number:02}" for number in range(23)]
    await runs(db.runs, *names)
    for number, name in enumerate(names):
        age(db, 40 - number / 24, name)
    await runs(db.runs, "waits", status="waiting")
    age(db, 100, "waits")
    commits: list[Any] = []
    event.listen(db._ready().engines.writer, "commit", commits.append)
    assert await db.runs.prune(DAY, limit=5) == 23
    assert len(commits) >= 6 and left(db)[0] == ["waits"]
    with pytest.raises(ValidationError, match="at least 1"):
        await db.runs.prune(DAY, limit=0)


async def test_runs_go_on_while_others_are_deleted(db: DatabaseManager):
    await runs(db.runs, *(f"old{number}" for number in range(20)))
    age(db, 3, *(f"old{number}" for number in range(20)))
    news = [f"new{number}" for number in range(20)]
    deleted, *_ = await asyncio.gather(
        db.runs.prune(DAY, limit=3), *(runs(db.runs, name, shape=name) for name in news)
    )
    assert deleted == 20 and left(db)[:2] == (sorted(news), sorted(news))


async def test_a_dead_owner_without_runs_goes_and_may_come_back(db: DatabaseManager):
    dead, holds = SqlRunStore(db), SqlRunStore(db)
    await runs(dead, "a")
    await dead.begin(RunRecord("taken", "g", "{}", "{}"))
    await holds.begin(RunRecord("held", "g", "{}", "{}"))
    with db.get_session() as session:
        session.execute(update(Owner).values(lease_until=now() - timedelta(seconds=1)))
    await db.runs.load("taken")
    await db.runs.prune(DAY)
    with db.get_session() as session:
        assert set(session.scalars(select(Owner.id))) == {db.runs._me.id, holds._me.id}
    with pytest.raises(Fenced):
        await dead.append(StepRecord("taken", "taken/a/1", 1, "default", 0.1, "[]"))
    await runs(dead, "b")
    assert [run.run_id for run in await db.runs.unfinished()] == ["held"]
