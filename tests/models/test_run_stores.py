"""What every store of durable runs promises, be it in memory or in a database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from turngraph.engine.record import Fenced, NotWaiting, RunExists, RunOwned, RunRecord, StepRecord, UnknownRun
from turngraph.engine.store import MemoryStore, RunStore, is_run_store
from turngraph.models import DatabaseManager

from .conftest import emptied

RUN = RunRecord("r", "talk", '{"nodes":{}}', '[["n",1]]')
STEP = StepRecord("r", "r/a/1", 1, "default", 0.25, "[[],[]]")


@pytest.fixture(params=["in memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[RunStore]:
    """An empty store of each kind."""
    if request.param == "in memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        with DatabaseManager(f"sqlite:///{tmp_path / 'test.db'}") as db:
            yield db.runs
    else:
        for db in emptied(request.getfixturevalue("used_postgres")):
            yield db.runs


def step(number: int, **other: Any) -> StepRecord:
    return replace(STEP, **{"path": f"r/n{number}/1", "number": number, **other})


def test_it_is_a_run_store(store: RunStore):
    assert is_run_store(store)


async def test_a_run_is_given_back_as_it_was_begun(store: RunStore):
    run = replace(RUN, start="b", era=2, parent="p")
    await store.begin(run)
    assert await store.shown("r") == (run, [])
    await store.end("r", "failed", None, "OSError: gone")
    assert (await store.shown("r"))[0] == replace(run, status="failed", error="OSError: gone")


async def test_an_id_is_taken_once(store: RunStore):
    await store.begin(RUN)
    with pytest.raises(RunExists, match="resume"):
        await store.begin(RUN)
    await store.append(STEP)
    await store.end("r", "done", "default", None)
    with pytest.raises(RunExists, match="resume"):
        await store.begin(replace(RUN, inputs="other"))
    run, steps = await store.shown("r")
    assert (run.inputs, run.status, steps) == (RUN.inputs, "done", [STEP])


async def test_of_many_who_begin_one_run_at_once_one_does(store: RunStore):
    outcome = await asyncio.gather(*(store.begin(RUN) for _ in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcome) == ["NoneType", *["RunExists"] * 4]


async def test_a_run_may_begin_with_steps(store: RunStore):
    given = [step(1), step(2, action="again", attempts=3), step(3, waits="approval")]
    await store.begin(RUN, given)
    assert await store.shown("r") == (RUN, given)


async def test_an_unknown_run_is_said_to_be_none(store: RunStore):
    for call in (store.load, store.shown):
        with pytest.raises(UnknownRun, match="nope"):
            await call("nope")


async def test_a_run_is_walked_once_at_a_time(store: RunStore):
    await store.begin(RUN)
    with pytest.raises(RunOwned, match="in this process"):
        await store.load("r")
    await store.end("r", "waiting", None, None)
    outcome = await asyncio.gather(*(store.load("r") for _ in range(5)), return_exceptions=True)
    assert [one[0].status for one in outcome if isinstance(one, tuple)] == ["running"]
    assert sum(isinstance(one, RunOwned) for one in outcome) == 4
    assert (await store.shown("r"))[0].status == "running"


@pytest.mark.parametrize("status", ["waiting", "failed", "cancelled", "done"])
async def test_a_run_that_stands_still_may_be_taken(store: RunStore, status: Any):
    await store.begin(RUN)
    await store.append(STEP)
    await store.end("r", status, None, None)
    assert await store.load("r") == (RUN, [STEP])


async def test_a_load_that_fails_takes_nothing(store: RunStore):
    with pytest.raises(UnknownRun):
        await store.load("r")
    await store.begin(RUN)
    assert (await store.shown("r"))[0] == RUN


async def test_steps_come_in_their_order_with_all_they_hold(store: RunStore):
    await store.begin(RUN)
    wide = [
        step(1, changes='[[["k","ä"]],["gone"]]'), step(2, action="weiter"), step(3, attempts=4),
        step(4, waits="approval"), step(5, path="r/x/1/inner/2"), step(6, path="elsewhere/a/1"),
        step(7, path="r//a/1"), step(8, path="/r/a/1"), step(9, path="r"),
    ]  # fmt: skip
    for one in reversed(wide):
        assert await store.append(one) == one
    assert (await store.shown("r"))[1] == wide


async def test_the_first_of_two_commits_of_a_step_stands(store: RunStore):
    await store.begin(RUN)
    await store.append(STEP)
    await store.end("r", "failed", None, None)
    await store.load("r")
    assert await store.append(replace(STEP, action="other")) == STEP
    assert await store.commit(lambda session: pytest.fail("ran again"), "r", STEP.path) == STEP
    assert (await store.shown("r"))[1] == [STEP]


async def test_the_last_step_ends_its_run(store: RunStore):
    await store.begin(RUN)
    await store.append(step(1))
    kept = await store.append(step(2, action="found", last=True))
    assert kept.action == "found"
    run, steps = await store.shown("r")
    assert (run.status, run.action, run.error, len(steps)) == ("done", "found", None, 2)
    assert (await store.load("r"))[0].status == "running"


async def test_the_last_step_may_have_been_committed_before(store: RunStore):
    await store.begin(RUN)
    await store.append(replace(STEP, action="found"))
    await store.end("r", "failed", None, "gone")
    await store.load("r")
    assert (await store.append(replace(STEP, last=True))).action == "found"
    run, _ = await store.shown("r")
    assert (run.status, run.action, run.error) == ("done", "found", None)


async def test_a_step_with_a_session_is_committed_once_and_may_be_the_last(store: RunStore):
    await store.begin(RUN)
    assert await store.commit(lambda session: STEP, "r", STEP.path) == STEP
    end = step(2, action="found", last=True)
    assert (await store.commit(lambda session: end, "r", end.path, keys=["k"])).path == end.path
    run, steps = await store.shown("r")
    assert (run.status, run.action, [one.path for one in steps]) == ("done", "found", [STEP.path, end.path])
    assert (await store.load("r"))[0].status == "running"


async def test_a_step_whose_function_fails_is_not_there(store: RunStore):
    await store.begin(RUN)
    with pytest.raises(ZeroDivisionError):
        await store.commit(lambda session: 1 / 0, "r", STEP.path)  # type: ignore[arg-type, return-value]
    assert (await store.shown("r"))[1] == []
    assert await store.append(STEP) == STEP


async def test_a_run_changes_its_graph_and_goes_on(store: RunStore):
    await store.begin(RUN)
    await store.append(STEP)
    await store.end("r", "failed", None, "gone")
    run, steps = await store.load("r")
    moved = replace(run, graph="new", shape='{"nodes":{"b":1}}', inputs="[]", start="b", era=1)
    await store.change(moved)
    assert await store.shown("r") == (moved, steps)


async def test_an_answer_is_given_once(store: RunStore):
    await store.begin(RUN)
    await store.append(step(1, waits="approval"))
    await store.append(step(2))
    await store.answer("r", "r/n1/1", '"yes"')
    for path, value in (("r/n1/1", '"no"'), ("r/n2/1", "1"), ("r/nope/1", "1")):
        with pytest.raises(NotWaiting, match="does not wait for an answer"):
            await store.answer("r", path, value)
    with pytest.raises(NotWaiting):
        await store.answer("nope", "nope/a/1", "1")
    assert [one.answer for one in (await store.shown("r"))[1]] == ['"yes"', None]


async def test_of_many_answers_at_once_one_counts(store: RunStore):
    await store.begin(RUN, [step(1, waits="approval")])
    await store.end("r", "waiting", None, None)
    answers = (store.answer("r", "r/n1/1", str(number)) for number in range(10))
    outcome = await asyncio.gather(*answers, return_exceptions=True)
    assert sum(one is None for one in outcome) == 1
    assert sum(isinstance(one, NotWaiting) for one in outcome) == 9
    (kept,) = (await store.shown("r"))[1]
    assert kept.answer == str(outcome.index(None))


async def test_a_run_that_was_let_go_is_written_to_no_more(store: RunStore):
    if isinstance(store, MemoryStore):
        return  # it has no other processes, and trusts its own
    await store.begin(RUN)
    await store.end("r", "waiting", None, None)
    for call in (store.append(STEP), store.change(RUN), store.commit(lambda session: STEP, "r", STEP.path)):
        with pytest.raises(Fenced, match="load it first"):
            await call
    await store.end("r", "done", None, None)
    assert (await store.shown("r"))[0].status == "waiting"
