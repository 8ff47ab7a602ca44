"""How a graph is walked."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import (
    END,
    DeadlineExceeded,
    Graph,
    Node,
    NodeTimeout,
    ResultLost,
    Retry,
    StepLimit,
    UnknownAction,
    ValidationError,
)


class Count(Node):
    def prep(self, state):
        return state["i"]

    async def exec(self, i):
        return i + 1

    def post(self, state, prepared, result) -> Literal["again"] | None:
        state["i"] = result
        return "again" if result < state["to"] else None


def counting(**options) -> Graph:
    count = Count()
    return Graph("count", count - "again" >> count >> END, **options)


async def test_a_loop_runs_until_its_action_leads_out():
    assert (await counting().run({"i": 0, "to": 5000}))["i"] == 5000


async def test_a_graph_that_never_ends_ends_in_a_clear_error():
    with pytest.raises(StepLimit, match="max_steps=50") as caught:
        await counting(max_steps=50).run({"i": 0, "to": 10**9})
    assert "graph 'count' failed at node 'count'" in caught.value.__notes__[0]


async def test_a_deadline_stops_a_run_that_waits_and_one_that_does_not():
    with pytest.raises(DeadlineExceeded):
        await counting(max_steps=10**9, deadline=0.05).run({"i": 0, "to": 10**9})

    class Sleep(Node):
        async def exec(self) -> None:
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await Graph("sleep", Sleep() >> END, deadline=0.02).run({})


async def test_a_run_that_never_waits_lets_others_run():
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(tick())
    await counting(max_steps=10**9).run({"i": 0, "to": 60_000})
    other.cancel()
    assert ticks >= 2


@pytest.mark.parametrize("returned", ["other", "", False, 0, 1, ["list"]])
async def test_an_undeclared_action_names_the_choices(returned):
    class Route(Node):
        actions = ("yes", "no")

        def post(self, state):
            return returned

    route = Route()
    with pytest.raises(UnknownAction, match="it declares 'yes', 'no'"):
        await Graph("g", route - "yes" >> END, route - "no" >> END).run({})


async def test_a_result_that_nothing_keeps_is_an_error():
    class Loses(Node):
        async def exec(self):
            return 42

    with pytest.raises(ResultLost, match="'loses': exec returned a int"):
        await Graph("g", Loses() >> END).run({})


async def test_all_phases_may_be_sync_or_async():
    class AllAsync(Node):
        async def prep(self, state):
            return state["a"]

        async def exec(self, a):
            return a + 1

        async def post(self, state, prepared, result) -> None:
            state["b"] = (prepared, result)

    class AllSync(Node):
        def prep(self, state):
            return state["b"]

        def exec(self, b):
            return sum(b)

        def post(self, state, prepared, result) -> None:
            state["c"] = result

    assert (await Graph("g", AllAsync() >> AllSync() >> END).run({"a": 1}))["c"] == 3


async def test_prep_sees_a_read_only_state_and_a_failed_step_leaves_it():
    class Writes(Node):
        def prep(self, state):
            state["x"] = 1

    with pytest.raises(TypeError, match="does not support item assignment"):
        await Graph("g", Writes() >> END).run({})


async def test_inputs_are_validated_before_exec_and_never_retried():
    calls = []

    class Typed(Node):
        retry = Retry(attempts=5, wait=0)

        class Inputs(BaseModel):
            number: int

        class Outputs(BaseModel):
            text: str

        async def exec(self, inputs):
            calls.append(inputs)
            return {"text": 5} if inputs.number else {"text": "fine", "unknown": 1}

    graph = Graph("g", Typed() >> END)
    with pytest.raises(ValidationError, match="node 'typed': its inputs do not fit: number") as caught:
        await graph.run({"number": "x"})
    assert caught.value.fields == ("number",) and calls == []
    with pytest.raises(ValidationError, match="its outputs do not fit: text"):
        await graph.run({"number": 1})
    assert len(calls) == 1
    assert dict(await graph.run({"number": 0})) == {"number": 0, "text": "fine"}


async def test_outputs_are_in_the_state_before_post_on_every_action():
    class Early(Node):
        class Outputs(BaseModel):
            found: int

        async def exec(self):
            return {"found": 3}

        def post(self, state, prepared, result) -> Literal["a", "b"]:
            assert state["found"] == result.found == 3
            return "b"

    early = Early()
    assert dict(await Graph("g", early - "a" >> END, early - "b" >> END).run({})) == {"found": 3}


async def test_exec_may_run_in_a_thread_and_time_out():
    class Threaded(Node):
        thread = True

        class Outputs(BaseModel):
            done: bool

        def exec(self):
            time.sleep(0.06)
            return {"done": True}

    graph = Graph("g", Threaded() >> END)
    assert (await graph.run({}))["done"] is True

    class Slow(Node):
        timeout = 0.02

        async def exec(self) -> None:
            await asyncio.sleep(5)

    with pytest.raises(NodeTimeout, match=r"timeout of 0\.02 s"):
        await Graph("g", Slow() >> END).run({})


async def test_a_sync_exec_that_blocks_the_loop_warns_once(caplog):
    class Blocks(Node):
        def exec(self) -> None:
            time.sleep(0.06)

    graph = Graph("g", Blocks(name="blocks") >> END)
    with caplog.at_level(logging.WARNING, "turngraph"):
        await graph.run({})
        await graph.run({})
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["node 'blocks'"]


async def test_a_failure_names_run_node_and_way_and_keeps_its_type():
    class Fails(Node):
        async def exec(self):
            raise LookupError("gone")

    class Before(Node):
        pass

    with pytest.raises(LookupError) as caught:
        await Graph("g", Before() >> Fails() >> END).run({}, run_id="r1")
    assert caught.value.__notes__ == ["run r1 of graph 'g' failed at node 'fails' on the way before → fails"]


async def test_cancelling_a_run_cancels_its_exec():
    seen = []

    class Waits(Node):
        async def exec(self) -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

    task = asyncio.create_task(Graph("g", Waits() >> END).run({}))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


async def test_many_runs_of_one_graph_share_nothing():
    graph = counting()
    results = await asyncio.gather(*(graph.run({"i": 0, "to": n}) for n in range(1, 200)))
    assert [result["i"] for result in results] == list(range(1, 200))
