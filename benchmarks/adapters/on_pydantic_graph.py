"""pydantic-graph: steps over a dict, made with its builder and without instrumentation."""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from payload import CHAIN, Run, fresh
from pydantic_graph import GraphBuilder, StepContext, TypeExpression


async def count(ctx: StepContext[dict[str, Any], None, Any]) -> None:
    ctx.state["i"] += 1


def chain() -> Run:
    builder = GraphBuilder(state_type=dict, output_type=type(None), auto_instrument=False)
    steps = [builder.step(count, node_id=f"count_{number}") for number in range(CHAIN)]
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
