"""Durable runs in a database: a step's data and its record are one, and a dead owner's runs are taken over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from turngraph.engine import END, Graph, Node, Registry
from turngraph.engine.durable import recover
from turngraph.engine.record import Fenced, RunExists, RunOwned, RunRecord, StepRecord, UnknownRun
from turngraph.models import DatabaseManager, MemoryIndex, Owner, RunRow, Scope, SessionMisuse, StepRow
from turngraph.models.base import now
from turngraph.models.runs import SqlRunStore

ran: list[str] = []


class Write(Node):
    """Writes a row in the step's transaction."""

    fails: set[str] = set()

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    async def exec(self) -> None:
        ran.append(self.name)
        if self.name in self.fails:
            raise OSError(self.name)

    def post(self, state: Any, prepared: None, result: None, *, session: Any) -> None:
        session.add(MemoryIndex(user_id="ada", content=self.name))
        state["done"] = [*state.get("done", []), self.name]


def graph() -> Graph:
    return Graph("three", Write(name="a") >> Write(name="b") >> Write(name="c") >> END)


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


def rows(db: DatabaseManager) -> list[str]:
    with db.get_session() as session:
        return list(session.scalars(select(MemoryIndex.content).order_by(MemoryIndex.seq)))


def die(db: DatabaseManager) -> None:
    """Makes every lease run out, as if its process had died."""
    with db.get_session() as session:
        session.execute(update(Owner).values(lease_until=now() - timedelta(seconds=1)))


def leave(db: DatabaseManager, store: SqlRunStore, *run_ids: str) -> None:
    """Makes runs look as a process leaves them that was killed while it walked them."""
    with db.get_session() as session:
        left = update(RunRow).where(RunRow.id.in_(run_ids))
        session.execute(left.values(status="running", owner_id=store._me.id))


async def test_a_step_and_what_it_wrote_are_one(db: DatabaseManager, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Write, "fails", {"b"})
    with pytest.raises(OSError):
        await graph().run({}, store=db.runs, run_id="r", scope=Scope("default", "ada"))
    with db.get_session() as session:
        assert session.scalars(select(StepRow.path)).all() == ["a/1"]
    assert rows(db) == ["a"]
    monkeypatch.setattr(Write, "fails", set())
    result = await graph().resume("r", store=db.runs)
    assert (result["done"], rows(db), ran) == (["a", "b", "c"], ["a", "b", "c"], ["a", "b", "b", "c"])
    assert [(run.id, run.status, run.user_id) for run in await db.runs.listed()] == [("r", "done", "ada")]
    assert (await graph().resume("r", store=db.runs))["done"] == ["a", "b", "c"]
    assert rows(db) == ["a", "b", "c"]


async def test_a_post_that_fails_leaves_neither_row(db: DatabaseManager):
    class Fails(Write):
        def post(self, state, prepared, result, *, session) -> None:
            super().post(state, prepared, result, session=session)
            raise OSError("after writing")

    with pytest.raises(OSError, match="after writing"):
        await Graph("g", Fails(name="x") >> END).run({}, store=db.runs)
    with db.get_session() as session:
        assert session.scalar(select(func.count()).select_from(StepRow)) == 0
    assert rows(db) == []


async def test_a_step_committed_before_is_not_committed_again(db: DatabaseManager):
    await graph().run({}, store=db.runs, run_id="r")
    known = (await db.runs.load("r"))[1][0]
    assert known.path == "r/a/1"
    assert await db.runs.commit(lambda session: pytest.fail("ran again"), "r", known.path) == known
    with pytest.raises(RunExists):
        await graph().run({}, store=db.runs, run_id="r")
    with pytest.raises(UnknownRun):
        await db.runs.load("nope")


async def test_a_living_owners_run_is_left_to_it_and_a_dead_ones_taken_over(db: DatabaseManager):
    mine, other = db.runs, SqlRunStore(db)
    await graph().run({}, store=mine, run_id="r")
    leave(db, mine, "r")
    with pytest.raises(RunOwned, match="which is alive"):
        await other.load("r")
    with pytest.raises(RunOwned, match="which is alive"):
        await other.answer("r", "r/a/1", "1")
    assert await other.unfinished() == []
    die(db)
    assert [run.run_id for run in await other.unfinished()] == ["r"]
    await other.load("r")
    with pytest.raises(RunOwned, match="in this process"):
        await other.load("r")


async def test_a_fenced_process_fails_its_old_runs_and_begins_new_ones(db: DatabaseManager):
    mine, other = db.runs, SqlRunStore(db)
    for run_id in ("r1", "r2", "r3"):
        await mine.begin(RunRecord(run_id, "g", "{}", "{}"))
    die(db)
    await other.load("r1")

    def writes(session: Any) -> StepRecord:
        session.add(MemoryIndex(user_id="ada", content="lost"))
        return StepRecord("r2", "r2/a/1", 1, "default", 0.1, "[]")

    for refused in (
        mine.append(StepRecord("r1", "r1/a/1", 1, "default", 0.1, "[]")),
        mine.append(StepRecord("r2", "r2/a/1", 1, "default", 0.1, "[]", last=True)),
        mine.commit(writes, "r2", "r2/a/1"),
        mine.change(RunRecord("r2", "other", "{}", "{}")),
    ):
        with pytest.raises(Fenced, match="must not write"):
            await refused
    assert rows(db) == []
    await mine.end("r2", "failed", None, "Fenced")
    await graph().run({}, store=mine, run_id="another")
    await mine.load("r2")
    assert [run.run_id for run in await other.unfinished()] == ["r3"]
    with db.get_session() as session:
        statuses = dict(map(tuple, session.execute(select(RunRow.id, RunRow.status))))
        owners = {row.id: row.fence for row in session.scalars(select(Owner))}
        held = dict(map(tuple, session.execute(select(RunRow.id, RunRow.owner_id))))
    assert statuses == {"r1": "running", "r2": "running", "r3": "running", "another": "done"}
    assert sorted(owners.values()) == [1, 1, 3] and owners[held["r3"]] == 3
    assert held["another"] is None and owners[held["r1"]] == owners[held["r2"]] == 1


async def test_recover_finishes_what_dead_processes_left(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Write, "fails", {"c"})
    for run_id in ("r1", "r2"):
        with pytest.raises(OSError):
            await graph().run({}, store=db.runs, run_id=run_id)
    leave(db, db.runs, "r1", "r2")
    die(db)
    monkeypatch.setattr(Write, "fails", set())
    registry = Registry()
    registry.graph("three", graph)
    recovered = await recover(registry, SqlRunStore(db))
    assert {run_id: outcome["done"] for run_id, outcome in recovered.items()} == {
        "r1": ["a", "b", "c"], "r2": ["a", "b", "c"],
    }  # fmt: skip
    assert sorted(rows(db)) == ["a", "a", "b", "b", "c", "c"]
    assert await SqlRunStore(db).unfinished() == []


CHILD = """
import asyncio, sys
from turngraph.models import DatabaseManager
from turngraph.services import OfflineModel
from turngraph.workflows import create_conversation_workflow

class Hangs(OfflineModel):
    async def stream(self, prompt, *, max_tokens=1024):
        print("generating", flush=True)
        await asyncio.sleep(600)
        yield ""

async def main():
    db = DatabaseManager(sys.argv[1])
    graph = create_conversation_workflow(db, llm=Hangs())
    await graph.run({"user_id": "ada", "current_message": "My dog is Rex."}, store=db.runs, run_id="turn")

asyncio.run(main())
"""


async def test_a_killed_turn_is_finished_once_by_another_process(tmp_path: Path, postgres_database: str):
    from turngraph.workflows import create_conversation_workflow

    for url in ("sqlite:///killed.db", postgres_database):
        child = subprocess.Popen([sys.executable, "-P", "-c", CHILD, url], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "generating\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with DatabaseManager(url) as db:
            die(db)
            registry = Registry()
            registry.graph("conversation", lambda db=db: create_conversation_workflow(db))
            outcome = (await recover(registry, db.runs))["turn"]
            assert outcome["generation_success"] is True
            said = db.get_conversation_messages(outcome["conversation_id"])
            assert [(m.position, m.role) for m in said] == [(1, "user"), (2, "assistant")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="expected: no fork here")
async def test_the_lease_is_renewed_while_the_process_lives(db: DatabaseManager):
    store = SqlRunStore(db, timedelta(seconds=0.3))
    await graph().run({}, store=store, run_id="r")
    with db.get_session() as session:
        first = session.scalar(select(Owner.lease_until))
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with db.get_session() as session:
            if session.scalar(select(Owner.lease_until)) > first:
                break
        time.sleep(0.02)
    else:
        pytest.fail("the lease was not renewed")


async def test_a_session_of_ones_own_inside_post_is_refused_at_once(db: DatabaseManager):
    class Twice(Node):
        def post(
            self, state: Any, prepared: None, result: None, *, session: Any, db: DatabaseManager
        ) -> None:
            with db.get_session() as other:
                other.add(MemoryIndex(user_id="ada", content="x"))
                other.commit()

    if db.dialect == "sqlite":
        with pytest.raises(SessionMisuse, match="already writes here"):
            await Graph("g", Twice() >> END, store=db).bind(db=db).run({})
    with pytest.raises(SessionMisuse, match="would wait for itself"):
        await db.write(lambda session: db.create_conversation("ada"))
