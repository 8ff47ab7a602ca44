"""pydantic-graph: steps over a dict, made with its builder and without instrumentation."""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from payload import CHAIN, WAITING, Fan, Gate, Run, fresh
from pydantic_graph import GraphBuilder, StepContext, TypeExpression, reduce_list_append


async def count(ctx: StepContext[dict[str, Any], None, Any]) -> None:
    ctx.state["i"] += 1


def chain() -> Run:
    return in_a_row([count] * CHAIN)


def flight(gate: Gate) -> Run:
    async def wait(ctx: StepContext[dict[str, Any], None, Any]) -> None:
        await gate()
        await count(ctx)

    return in_a_row([wait if number == 1 else count for number in range(WAITING)])


def fan(work: Fan) -> Run:
    async def split(ctx: StepContext[dict[str, Any], None, Any]) -> list[int]:
        return list(range(work.items))

    async def one(ctx: StepContext[dict[str, Any], None, int]) -> int:
        async with ctx.state["several"]:  # it has no limit of its own
            return await work.item(ctx.inputs)

    builder = GraphBuilder(state_type=dict, output_type=list, auto_instrument=False)
    first, item = builder.step(split, node_id="split"), builder.step(one, node_id="item")
    join = builder.join(reduce_list_append, initial_factory=list[int])
    builder.add(
        builder.edge_from(builder.start_node).to(first),
        builder.edge_from(first).map().to(item),
        builder.edge_from(item).to(join),
        builder.edge_from(join).to(builder.end_node),
    )
    graph = builder.build()

    async def run() -> Mapping[str, Any]:
        found = await graph.run(state={"several": asyncio.Semaphore(work.limit)}, infer_name=False)
        return {"results": sorted(found)}  # they come as they end

    return run


def in_a_row(nodes: list[Any]) -> Run:
    builder = GraphBuilder(state_type=dict, output_type=type(None), auto_instrument=False)
    steps = [builder.step(node, node_id=f"count_{number}") for number, node in enumerate(nodes)]
    before: Any = builder.start_node
    for step in [*steps, builder.end_node]:
        builder.add(builder.edge_from(before).to(step))
        before = step
    return runs(builder.build())


def loop(steps: int) -> Run:
    async def again(ctx: StepContext[dict[str, Any], None, Any]) -> Literal["again", "default"]:
        await count(ctx)
        return "again" if ctx.state["i"] < steps else "default"

    builder = GraphBuilder(state_type=dict, output_type=str, auto_instrument=False)
    step = builder.step(again, node_id="count")
    choice = builder.decision().branch(builder.match(TypeExpression[Literal["again"]]).to(step))
    choice = choice.branch(builder.match(TypeExpression[Literal["default"]]).to(builder.end_node))
    builder.add(builder.edge_from(builder.start_node).to(step), builder.edge_from(step).to(choice))
    return runs(builder.build())


def runs(graph: Any) -> Run:
    async def run() -> Mapping[str, Any]:
        state = fresh()
        await graph.run(state=state, infer_name=False)
        return state

    return run
