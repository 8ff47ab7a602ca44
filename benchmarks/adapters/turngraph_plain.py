"""Ours: nodes of three phases that read and write the state themselves, with both bounds on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, Literal

from payload import CHAIN, Run, fresh

from turngraph.engine import END, Graph, Node

SECONDS = 600.0


class Counting(Node):
    def prep(self, state: Mapping[str, Any]) -> int:
        return int(state["i"])

    async def exec(self, i: int) -> int:
        return i + 1


class Count(Counting):
    def post(self, state: dict[str, Any], prepared: int, result: int) -> None:
        state["i"] = result


class Again(Counting):
    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def post(self, state: dict[str, Any], prepared: int, result: int) -> Literal["again"] | None:
        state["i"] = result
        return "again" if result < self.steps else None


def chain() -> Run:
    nodes: list[Any] = [Count(name=f"count_{number}") for number in range(CHAIN)]
    graph = Graph("chain", reduce(lambda path, node: path >> node, [*nodes, END]), deadline=SECONDS)
    return lambda: graph.run(fresh())


def loop(steps: int) -> Run:
    node = Again(steps)
    graph = Graph("loop", node - "again" >> node, node >> END, max_steps=steps, deadline=SECONDS)
    return lambda: graph.run(fresh())
