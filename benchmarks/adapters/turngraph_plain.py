"""Ours: nodes of three phases that read and write the state themselves, with both bounds on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, Literal

from payload import CHAIN, WAITING, Fan, Gate, Run, fresh

from turngraph.engine import END, Graph, Map, Node

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


class Wait(Node):
    def prep(self, state: Mapping[str, Any]) -> int:
        return int(state["i"])

    async def exec(self, i: int, *, gate: Gate) -> int:
        await gate()
        return i + 1

    def post(self, state: dict[str, Any], prepared: int, result: int) -> None:
        state["i"] = result


class Item(Node):
    def prep(self, state: Mapping[str, Any]) -> int:
        return int(state["item"])

    async def exec(self, x: int, *, work: Fan) -> int:
        return await work.item(x)

    def post(self, state: dict[str, Any], prepared: int, result: int) -> None:
        state["result"] = result


def in_a_row(nodes: list[Any]) -> Graph:
    return Graph("chain", reduce(lambda path, node: path >> node, [*nodes, END]), deadline=SECONDS)


def chain() -> Run:
    graph = in_a_row([Count(name=f"count_{number}") for number in range(CHAIN)])
    return lambda: graph.run(fresh())


def flight(gate: Gate) -> Run:
    nodes = [Wait() if number == 1 else Count(name=f"count_{number}") for number in range(WAITING)]
    graph = in_a_row(nodes).bind(gate=gate)
    return lambda: graph.run(fresh())


def mapping(work: Fan) -> Graph:
    graph = Graph("fan", Map(Item(), over="items", into="found", limit=work.limit) >> END)
    return graph.bind(work=work)


def results(final: Mapping[str, Any]) -> list[int]:
    return [one["result"] for one in final["found"]]


def fan(work: Fan) -> Run:
    graph = mapping(work)

    async def run() -> Mapping[str, Any]:
        return {"results": results(await graph.run({"items": list(range(work.items))}))}

    return run


def loop(steps: int) -> Run:
    node = Again(steps)
    graph = Graph("loop", node - "again" >> node, node >> END, max_steps=steps, deadline=SECONDS)
    return lambda: graph.run(fresh())
