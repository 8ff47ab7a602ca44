"""Does the engine keep its rules, one row each, in memory and on every store? The test ids are the table.

`pytest --collect-only -q tests/conformance` prints it. A row's source is the older system whose tests ask for the
rule, or a claim; *wrong there* and *silent there* are said of both PocketFlow and KayGraph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine, Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from turngraph.engine import (
    Graph,
    GraphError,
    MemoryStore,
    NodeStarted,
    Registry,
    Result,
    Retrying,
    RunFinished,
    RunStore,
    dump,
    load,
)
from turngraph.engine.record import UnknownRun
from turngraph.models import DatabaseManager, Owner
from turngraph.models.base import now

from .crash import leave_behind
from .row import LISTENED, MEMORY, SILENT, SQL, YAML, Row, Stopped, stage
from .rows import ALL

FAULTY = [row for row in ALL if row.faults]
RUNNING = [(row, mode) for row in ALL if not row.faults for mode in row.modes]
DYING = [row for row in ALL if row.dies]


@pytest.fixture(autouse=True)
def isolated() -> None:
    """A row asks neither for the current folder nor for a setting, so it needs none of its own."""


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseManager]:
    """One database for all rows, each of which has a run of its own."""
    with DatabaseManager(f"sqlite:///{tmp_path_factory.mktemp('conformance') / 'runs.db'}") as manager:
        yield manager


@pytest.fixture(scope="session")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, DatabaseManager]]:
    """The ledgers and the database of processes that were killed, each in the middle of its row's run."""
    folder = tmp_path_factory.mktemp("left")
    leave_behind(folder)
    with DatabaseManager(f"sqlite:///{folder / 'runs.db'}") as manager:
        with manager.get_session() as session:
            session.execute(update(Owner).values(lease_until=now() - timedelta(seconds=1)))
        yield folder, manager


@pytest.mark.parametrize("row", FAULTY, ids=str)
def test_faults(row: Row):
    with pytest.raises(GraphError) as caught:
        row.graph()
    found = [fault.message for fault in caught.value.faults]
    expected = [fault for fault in row.faults if isinstance(fault, str)]
    assert len(found) == len(expected) or ... in row.faults, found
    for fault in expected:
        assert any(fault in message for message in found), (fault, found)
    assert all(fault.mend for fault in caught.value.faults)


@pytest.mark.parametrize(("row", "mode"), RUNNING, ids=str)
async def test_rule(row: Row, mode: str, request: pytest.FixtureRequest):
    store: RunStore | None = None
    if mode in (MEMORY, SQL):
        store = MemoryStore() if mode == MEMORY else request.getfixturevalue("db").runs
    stage.begin(row.stops)
    run_id = f"run of {row}"
    if row.raises is not None:
        await fails(row, finished(row, mode, store, run_id))
        if store is not None and row.play is None:
            await stays_failed(row, store, run_id)
    else:
        result = await finished(row, mode, store, run_id)
        compare(row, result)
        if store is not None and row.play is None:
            await stays_finished((row.then or row.graph)(), store, result)


@pytest.mark.parametrize("row", DYING, ids=str)
async def test_rule_in_a_new_process(row: Row, left_behind: tuple[Path, DatabaseManager]):
    folder, db = left_behind
    number = str(ALL.index(row))
    stage.begin(None)
    stage.ran[:] = (folder / number).read_text().splitlines()
    assert row.stops is None or stage.ran[-1] == row.stops
    if row.raises is not None:
        await fails(row, resumed(row, row.graph(), db.runs, number))
    else:
        compare(row, await resumed(row, row.graph(), db.runs, number))


def test_the_rules_are_many_and_each_is_one_row():
    assert len(ALL) >= 120
    assert not [rule for rule, count in Counter(map(str, ALL)).items() if count > 1]


async def finished(row: Row, mode: str, store: RunStore | None, run_id: str) -> Result:
    """The result of the row's run, after the stops and answers that it has."""
    graph, inputs = row.graph(), deepcopy(row.inputs)
    if mode == SILENT:
        return await graph.run(inputs)
    if mode == YAML:
        return await reread(graph).run(inputs)
    if mode == LISTENED:
        return await listened(row, graph)
    assert store is not None
    if row.play is not None:
        result: Result = await row.play(graph, store, run_id)
        return result
    if not row.dies:
        return await graph.run(inputs, store=store, run_id=run_id)
    if row.stops is None:
        assert (await graph.run(inputs, store=store, run_id=run_id)).status == "waiting"
    else:
        with pytest.raises(Stopped):
            await graph.run(inputs, store=store, run_id=run_id)
    stage.stops = None
    return await resumed(row, row.graph(), store, run_id)


async def resumed(row: Row, graph: Graph, store: RunStore, run_id: str) -> Result:
    """What the run comes to when it goes on, in this or in another process."""
    already = len(stage.ran)
    if row.then is not None:
        graph = row.then()
    if not row.answers:
        result = await graph.resume(run_id, store=store, migrate=row.migrate)
    for name, value in row.answers:
        result = await graph.resume(run_id, value, store=store, name=name)
    if row.after is not None:
        assert tuple(stage.ran[already:]) == row.after
    return result


async def listened(row: Row, graph: Graph) -> Result:
    """The result of a run that somebody listens to; the listener hears of every node and every retry."""
    heard: list[Any] = []
    try:
        async for event in graph.stream(deepcopy(row.inputs)):
            heard.append(event)
    finally:
        retries = tuple((event.attempt, event.delay) for event in heard if isinstance(event, Retrying))
        assert row.retries is None or retries == row.retries
        if row.ran is not None and set(row.ran) <= set(graph.nodes):
            assert Counter(e.node for e in heard if isinstance(e, NodeStarted)) >= Counter(set(row.ran))
    assert isinstance(heard[-1], RunFinished)
    result: Result = heard[-1].result
    return result


def reread(graph: Graph) -> Graph:
    """The graph as its own YAML describes it, which loses nothing."""
    registry = Registry()
    register(registry, graph)
    again = load(dump(graph), registry)
    assert again.shape() == graph.shape()
    return again.bind(**graph.services)


def register(registry: Registry, graph: Any) -> None:
    for model in (getattr(graph, "inputs", None), getattr(graph, "outputs", None)):
        if model is not None:
            registry.type(model)
    for node in graph.nodes.values():
        if hasattr(node, "nodes"):
            register(registry, node)
        else:
            registry.add(type(node))


def compare(row: Row, result: Result) -> None:
    assert {key: result[key] for key in row.state} == row.state
    assert {key: type(result[key]) for key in row.state} == {k: type(v) for k, v in row.state.items()}
    assert not set(row.gone) & set(result)
    if row.ran is not None:
        assert tuple(stage.ran) == row.ran
    if row.action is not None:
        assert (result.action, result.status) == (row.action, "done")


async def fails(row: Row, run: Coroutine[Any, Any, Result]) -> None:
    """The run fails as the row says."""
    assert row.raises is not None
    with pytest.raises(row.raises) as caught:
        await run
    told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert all(text in told for text in row.texts), told
    if row.ran is not None:
        assert tuple(stage.ran) == row.ran


async def stays_failed(row: Row, store: RunStore, run_id: str) -> None:
    """A run that failed says so, and whose fault it was; one that failed before step one was never begun."""
    try:
        run, steps = await store.shown(run_id)
    except UnknownRun:
        assert not stage.ran
        return
    if run.status != "waiting" and row.then is None:
        assert run.status == "failed" and run.error is not None
    assert all(step.seconds >= 0 for step in steps)


async def stays_finished(graph: Graph, store: RunStore, result: Result) -> None:
    """A run that is done gives the same again, and runs nothing."""
    before = list(stage.ran)
    again = await graph.resume(result.run_id, store=store)
    assert (dict(again), again.action) == (dict(result), result.action)
    assert stage.ran == before
    run, _ = await store.shown(result.run_id)
    assert (run.status, run.action) == ("done", result.action)
