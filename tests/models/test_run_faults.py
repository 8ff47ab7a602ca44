"""Is every step of a durable run stored once, when COMMITs fail, their replies are lost, or callers are cancelled?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from turngraph.engine.record import Fenced, RunExists, RunOwned, RunRecord, StepRecord
from turngraph.models import Conversation, DatabaseManager, driver, run_statements
from turngraph.models.durable import Owner
from turngraph.models.runs import SqlRunStore

from .test_faults import driver_error, kills


def run(name: str) -> RunRecord:
    return RunRecord(name, "g", "{}", "{}")


def step(name: str, number: int = 1, **other: Any) -> StepRecord:
    return StepRecord(name, f"{name}/n{number}/1", number, "default", 0.1, "[[],[]]", **other)


def writes(name: str, calls: list[str]) -> Callable[[Session], StepRecord]:
    """A step that stores a conversation of that name."""

    def work(session: Session) -> StepRecord:
        calls.append(name)
        session.add(Conversation(user_id="ada", id=name))
        return step(name)

    return work


def stored(db: DatabaseManager) -> list[str]:
    with db.get_session() as session:
        return list(session.scalars(select(Conversation.id).order_by(Conversation.id)))


@pytest.fixture(params=["rolled back", "stored"])
def lost(
    request: pytest.FixtureRequest, db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[int]]:
    """How many of the next COMMITs of the writer fail, though what they commit may be stored."""
    left = [0]
    dialect = db._ready().engines.writer.dialect
    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        if left[0] and threading.current_thread().name.startswith("turngraph-writer"):
            left[0] -= 1
            if request.param == "stored":
                commit(connection)
            raise driver_error(db, "disk I/O error")
        commit(connection)

    def at_once(connection: Any, statement: str, parameters: Any) -> Any:
        if left[0]:
            left[0] -= 1
            if request.param == "stored":
                first(connection, statement, parameters)
            raise driver._wrapped(connection, statement, driver_error(db, "disk I/O error"))
        return first(connection, statement, parameters)

    first = run_statements.first_at_once
    monkeypatch.setattr(run_statements, "first_at_once", at_once)
    monkeypatch.setattr(dialect, "do_commit", do_commit)
    yield left


async def test_whatever_came_of_a_commit_every_run_and_step_is_stored_once(
    db: DatabaseManager, lost: list[int], one_writer: None, gate: Any
):
    calls: list[str] = []
    for name in ("appends", "commits", "ends", "lasts"):
        await db.runs.begin(run(name))
    shut = gate(db)
    tasks = [
        asyncio.ensure_future(one)
        for one in (
            db.runs.begin(run("begins"), [step("begins", waits="x")]),
            db.runs.append(step("appends")),
            db.runs.commit(writes("commits", calls), "commits", step("commits").path),
            db.runs.append(step("lasts", last=True)),
            db.runs.end("ends", "failed", None, "gone"),
        )
    ]
    await shut.queued(5)
    lost[0] = 1
    shut.open()
    kept = await asyncio.gather(*tasks)
    assert (kept[1], kept[2]) == (step("appends"), step("commits"))
    assert lost == [0] and stored(db) == ["commits"]
    for name in ("begins", "appends", "commits", "lasts"):
        assert len((await db.runs.shown(name))[1]) == 1
    statuses = {one.id: one.status for one in await db.runs.listed()}
    assert statuses == {
        "begins": "running", "appends": "running", "commits": "running", "lasts": "done", "ends": "failed",
    }  # fmt: skip


async def test_a_single_write_whose_commit_failed_is_settled_by_reading(db: DatabaseManager, lost: list[int]):
    calls: list[str] = []
    await db.runs._here()
    for call in (
        lambda: db.runs.begin(run("r")),
        lambda: db.runs.append(step("r", 2)),
        lambda: db.runs.commit(writes("r", calls), "r", step("r").path),
    ):
        lost[0] = 1
        await call()
    assert [one.number for one in (await db.runs.shown("r"))[1]] == [1, 2] and stored(db) == ["r"]
    lost[0] = 1
    await db.runs.end("r", "waiting", None, None)
    with pytest.raises(RunExists):
        await db.runs.begin(run("r"))


async def test_a_connection_killed_at_the_commit_loses_no_step(
    postgres: DatabaseManager, used_postgres: str, one_writer: None, monkeypatch: pytest.MonkeyPatch
):
    store, armed, calls, first = postgres.runs, [False], list[str](), run_statements.first_at_once
    await store.begin(run("r"))

    def kill(connection: Any) -> None:
        if armed[0] and threading.current_thread().name.startswith("turngraph-writer"):
            armed[0] = False
            kills(connection, used_postgres)

    def at_once(connection: Any, *rest: Any) -> Any:
        kill(connection)
        return first(connection, *rest)

    event.listen(postgres._ready().engines.writer, "commit", kill)
    monkeypatch.setattr(run_statements, "first_at_once", at_once)
    for call in (
        lambda: store.begin(run("other")),
        lambda: store.append(step("r", 2)),
        lambda: store.commit(writes("r", calls), "r", step("r").path),
        lambda: store.end("r", "waiting", None, None),
        lambda: store.load("r"),
    ):
        armed[0] = True
        await call()
        assert not armed[0]
    assert [one.number for one in (await store.shown("r"))[1]] == [1, 2] and stored(postgres) == ["r"]


async def test_a_statement_that_commits_itself_writes_nothing_unless_all_owners_stand(
    postgres: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    found: list[Any] = []
    first = run_statements.first_at_once

    def at_once(*given: Any) -> Any:
        found.append(first(*given))
        return found[-1]

    monkeypatch.setattr(run_statements, "first_at_once", at_once)
    store = postgres.runs
    await store.begin(run("r"))
    await store.append(step("r"))
    assert [row[0] for row in found] == [0]  # the first of a graph stores its shape too, in a transaction
    with postgres.get_session() as session:
        session.execute(update(Owner).values(fence=2))
    with pytest.raises(Fenced):
        await store.append(step("r", 2, last=True))
    assert [row[0] for row in found] == [0, 1, 1]
    await store.end("r", "failed", None, None)
    await store.begin(run("next"))  # of another owner, who stands
    found_run, steps = await store.shown("r")
    assert (found_run.status, [one.number for one in steps]) == ("running", [1])
    assert [row[0] for row in found] == [0, 1, 1, 1, 1, 0]


async def test_a_run_that_is_there_refuses_only_its_own_beginner(
    db: DatabaseManager, one_writer: None, gate: Any
):
    await SqlRunStore(db).begin(run("there"))
    await db.runs._here()
    shut = gate(db)
    names = ["a", "there", "b"]
    tasks = [asyncio.ensure_future(db.runs.begin(run(name), [step(name)])) for name in names]
    await shut.queued(3)
    shut.open()
    outcome = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcome] == [type(None), RunExists, type(None)]
    assert [len((await db.runs.shown(name))[1]) for name in names] == [1, 0, 1]


async def test_a_cancel_while_a_run_begins_leaves_it_to_be_resumed(
    db: DatabaseManager, one_writer: None, gate: Any
):
    await db.runs._here()
    shut = gate(db)
    task = asyncio.create_task(db.runs.begin(run("r")))
    await shut.queued(1)
    task.cancel()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await SqlRunStore(db).load("r"))[0].run_id == "r"


@pytest.mark.parametrize("status", ["waiting", "done"])
async def test_a_cancel_while_a_run_is_loaded_leaves_it_as_it_was(
    db: DatabaseManager, one_writer: None, gate: Any, status: Any
):
    await db.runs.begin(run("r"))
    await db.runs.end("r", status, "found", None)
    before = await db.runs.shown("r")
    shut = gate(db)
    task = asyncio.create_task(db.runs.load("r"))
    await shut.queued(1)
    task.cancel()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await db.runs.shown("r") == before
    await SqlRunStore(db).load("r")
    with pytest.raises(RunOwned, match="alive"):
        await db.runs.load("r")


async def test_a_cancelled_step_is_stored_and_found_again(db: DatabaseManager, one_writer: None, gate: Any):
    await db.runs.begin(run("r"))
    shut = gate(db)
    task = asyncio.create_task(db.runs.append(step("r")))
    await shut.queued(1)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    await db.runs.end("r", "cancelled", None, None)
    run_, steps = await db.runs.load("r")
    assert (run_.status, steps) == ("running", [step("r")])
