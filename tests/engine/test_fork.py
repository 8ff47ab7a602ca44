"""A fork is a new run that shares another one's first steps."""

from __future__ import annotations

from typing import Any

import pytest

from turngraph.engine import END, Graph, MemoryStore, Node
from turngraph.engine.fork import UnknownStep
from turngraph.engine.record import RunChanged, RunExists

ran: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


class Add(Node):
    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    async def exec(self, prepared: Any, *, context) -> None:
        ran.append(context.path)

    def post(self, state) -> None:
        state["sum"] = state.get("sum", 0) + state.get("by", 1)


def graph(*names: str) -> Graph:
    first, *rest = (Add(name=name) for name in names)
    path: Any = first
    for node in rest:
        path = path >> node
    return Graph("g", path >> END)


async def test_a_fork_goes_on_from_a_step_with_another_state():
    store = MemoryStore()
    await graph("a", "b", "c").run({}, store=store, run_id="r")
    ran.clear()
    forked = await graph("a", "b", "c").fork("r", "a/1", {"by": 10}, store=store, new_id="f")
    assert (forked["sum"], forked.run_id, ran) == (21, "f", ["f/b/1", "f/c/1"])
    assert store.runs["f"].parent == "r" and store.runs["r"].parent is None
    assert (await graph("a", "b", "c").resume("f", store=store))["sum"] == 21
    assert (await graph("a", "b", "c").resume("r", store=store))["sum"] == 3


async def test_a_fork_from_the_beginning_and_by_number():
    store = MemoryStore()
    await graph("a", "b").run({}, store=store, run_id="r")
    assert (await graph("a", "b").fork("r", 0, {"by": 5}, store=store))["sum"] == 10
    assert (await graph("a", "b").fork("r", 2, {"sum": 7}, store=store))["sum"] == 7
    with pytest.raises(UnknownStep, match=r"no committed step 'x'; it has 'a/1', 'b/1', or 0"):
        await graph("a", "b").fork("r", "x", {}, store=store)
    with pytest.raises(RunExists):
        await graph("a", "b").fork("r", 1, {}, store=store, new_id="r")


async def test_a_fork_may_take_a_graph_that_changed_after_the_step():
    store = MemoryStore()
    await graph("a", "b").run({}, store=store, run_id="r")
    assert (await graph("a", "x", "y").fork("r", "a/1", {}, store=store))["sum"] == 3
    with pytest.raises(RunChanged, match="cannot be forked"):
        await graph("z", "b").fork("r", "a/1", {}, store=store)
