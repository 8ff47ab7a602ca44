"""LangGraph: functions over a TypedDict, compiled without a checkpointer."""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from payload import CHAIN, WAITING, Fan, Gate, Run, fresh


class State(TypedDict):
    conversation: str
    turn: int
    text: str
    i: int


async def count(state: State) -> dict[str, int]:
    return {"i": state["i"] + 1}


Does = Callable[[State], Awaitable[dict[str, int]]]


class Results(TypedDict):
    results: Annotated[list[int], operator.add]


def in_a_row(nodes: list[Does]) -> StateGraph:
    graph = StateGraph(State)
    names = [f"count_{number}" for number in range(len(nodes))]
    for name, node in zip(names, nodes, strict=True):
        graph.add_node(name, node)
    for name, following in pairwise([START, *names, END]):
        graph.add_edge(name, following)
    return graph


def mapping(work: Fan) -> StateGraph:
    async def item(one: dict[str, int]) -> dict[str, list[int]]:
        return {"results": [await work.item(one["x"])]}

    graph = StateGraph(Results)
    graph.add_node("item", item)
    graph.add_conditional_edges(
        START, lambda _: [Send("item", {"x": x}) for x in range(work.items)], ["item"]
    )
    graph.add_edge("item", END)
    return graph


def chain() -> Run:
    compiled = in_a_row([count] * CHAIN).compile()
    return lambda: compiled.ainvoke(fresh())


def flight(gate: Gate) -> Run:
    async def wait(state: State) -> dict[str, int]:
        await gate()
        return {"i": state["i"] + 1}

    compiled = in_a_row([wait if number == 1 else count for number in range(WAITING)]).compile()
    return lambda: compiled.ainvoke(fresh())


def fan(work: Fan) -> Run:
    compiled = mapping(work).compile()
    return lambda: compiled.ainvoke({"results": []}, {"max_concurrency": work.limit})


def loop(steps: int) -> Run:
    def choose(state: State) -> str:
        return "again" if state["i"] < steps else "default"

    graph = StateGraph(State)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", choose, {"again": "count", "default": END})
    compiled = graph.compile()
    return lambda: compiled.ainvoke(fresh(), {"recursion_limit": steps + 2})
