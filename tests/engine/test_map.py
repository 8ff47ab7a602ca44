"""The same for each item of a list, several at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from turngraph.engine import (
    END,
    Graph,
    GraphError,
    ItemError,
    Map,
    Node,
    NodeFinished,
    Registry,
    Retry,
    ValidationError,
    dump,
    load,
)


class Start(BaseModel):
    numbers: list[int]
    factor: int = 10


class Times(Node):
    class Inputs(BaseModel):
        item: int
        factor: int

    class Outputs(BaseModel):
        product: int

    async def exec(self, inputs: Inputs) -> Outputs:
        if inputs.item < 0:
            raise ValueError(f"{inputs.item} is below zero")
        await asyncio.sleep(0.001 * (5 - inputs.item % 5))
        return self.Outputs(product=inputs.item * inputs.factor)


def mapped(**options: Any) -> Graph:
    return Graph("g", Map(Times(), over="numbers", into="products", **options) >> END, inputs=Start)


async def test_the_results_keep_the_order_of_the_list():
    result = await mapped(limit=4).run({"numbers": list(range(20))})
    assert [entry.product for entry in result["products"]] == [10 * n for n in range(20)]
    assert isinstance(result["products"][0], Times.Outputs)
    assert set(result) == {"numbers", "factor", "products"}
    assert (await mapped().run({"numbers": []}))["products"] == []


async def test_never_more_than_the_limit_run_at_once():
    running = most = 0

    class Count(Node):
        async def exec(self) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    await Graph("g", Map(Count(), over="numbers", into="out", limit=7) >> END).run(
        {"numbers": list(range(50))}
    )
    assert most == 7


async def test_the_first_failure_cancels_the_rest():
    done = []

    class Slow(Node):
        def prep(self, state):
            return state["item"]

        async def exec(self, item) -> None:
            if item == 1:
                raise OSError("one")
            await asyncio.sleep(30)
            done.append(item)

    with pytest.raises(OSError, match="one") as caught:
        await Graph("g", Map(Slow(), over="numbers", into="out") >> END).run({"numbers": [0, 1, 2]})
    assert done == [] and caught.value.__notes__[0] == "in item 1 on the way slow"


async def test_or_failures_are_collected_in_their_place():
    result = await mapped(errors="collect").run({"numbers": [1, -2, 3]})
    first, failed, third = result["products"]
    assert (first.product, third.product) == (10, 30)
    assert failed == ItemError(1, "ValueError", "-2 is below zero")


async def test_items_share_no_retry_counter():
    calls: dict[int, int] = {}

    class Flaky(Node):
        retry = Retry(attempts=3, wait=0)

        class Outputs(BaseModel):
            attempt: int

        def prep(self, state):
            return state["item"]

        async def exec(self, item, *, context):
            calls[item] = calls.get(item, 0) + 1
            if context.attempt <= item:
                raise OSError
            return {"attempt": context.attempt}

    result = await Graph("g", Map(Flaky(), over="numbers", into="out") >> END).run({"numbers": [0, 1, 2, 1]})
    assert [entry.attempt for entry in result["out"]] == [1, 2, 3, 2]
    assert calls == {0: 1, 1: 4, 2: 3}


async def test_an_item_sees_its_parents_state_and_cannot_change_it():
    class Spoil(Node):
        def post(self, state) -> None:
            state["shared"].append(state["item"])
            state["label"] = f"{state['item']} of {len(state['numbers'])}"

    graph = Graph("g", Map(Spoil(), over="numbers", into="out") >> END)
    result = await graph.run({"numbers": [1, 2], "shared": [0]})
    assert result["shared"] == [0] and "label" not in result
    assert [entry["label"] for entry in result["out"]] == ["1 of 2", "2 of 2"]
    assert [entry["shared"] for entry in result["out"]] == [[0, 1], [0, 2]]


async def test_a_graph_with_outputs_gives_those():
    class Kept(BaseModel):
        product: int

    class Extra(Node):
        def post(self, state) -> None:
            state["scratch"] = 1

    inner = Graph("inner", Times() >> Extra() >> END, outputs=Kept)
    graph = Graph("g", Map(inner, over="numbers", into="out", limit=2) >> END, inputs=Start)
    assert (await graph.run({"numbers": [3]}))["out"] == [Kept(product=30)]


async def test_every_item_has_a_path_of_its_own():
    events = [
        e async for e in mapped().stream({"numbers": [4, 5]}, run_id="r") if isinstance(e, NodeFinished)
    ]
    assert sorted(e.path for e in events) == [
        "r/map_times/1", "r/map_times/1/0/times/1", "r/map_times/1/1/times/1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "says"), [({"limit": 0}, "has the limit 0"), ({"errors": "ignore"}, "has errors='ignore'")]
)
def test_what_it_cannot_be_is_a_fault(options, says):
    with pytest.raises(GraphError, match=says):
        mapped(**options)


async def test_what_it_is_not_given_is_found_before_it_runs_or_at_the_step():
    with pytest.raises(GraphError, match="nobody writes the input 'lists'"):
        Graph("g", Map(Times(), over="lists", into="out") >> END, inputs=Start)
    with pytest.raises(ValidationError, match="'numbers' must be a list"):
        await Graph("g", Map(Times(), over="numbers", into="out") >> END).run({"numbers": 5, "factor": 1})


def test_it_stands_in_yaml():
    registry = Registry()
    registry.add(Times)
    registry.type(Start)
    graph = mapped(limit=3, errors="collect", name="all")
    assert load(dump(graph), registry).shape() == graph.shape()
    with pytest.raises(GraphError, match="does not say over:"):
        load("graph: g\nnodes: {m: {map: {t: Times}, into: out}}\nedges: {m: END}", registry)
    with pytest.raises(GraphError, match="did you mean 'limit'"):
        load("graph: g\nnodes: {m: {map: {t: Times}, over: a, into: b, limt: 2}}\nedges: {m: END}", registry)
