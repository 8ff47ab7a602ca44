"""LangGraph: functions over a TypedDict, compiled without a checkpointer."""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

from __future__ import annotations

from itertools import pairwise
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from payload import CHAIN, Run, fresh


class State(TypedDict):
    conversation: str
    turn: int
    text: str
    i: int


async def count(state: State) -> dict[str, int]:
    return {"i": state["i"] + 1}


def chain() -> Run:
    graph = StateGraph(State)
    names = [f"count_{number}" for number in range(CHAIN)]
    for name in names:
        graph.add_node(name, count)
    for name, following in pairwise([START, *names, END]):
        graph.add_edge(name, following)
    compiled = graph.compile()
    return lambda: compiled.ainvoke(fresh())


def loop(steps: int) -> Run:
    def choose(state: State) -> str:
        return "again" if state["i"] < steps else "default"

    graph = StateGraph(State)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", choose, {"again": "count", "default": END})
    compiled = graph.compile()
    return lambda: compiled.ainvoke(fresh(), {"recursion_limit": steps + 2})
