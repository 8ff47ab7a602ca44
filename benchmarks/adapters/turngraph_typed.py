"""Ours, typed: what a node reads and what it gives are pydantic models, validated at every step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, Literal

from payload import CHAIN, Run, fresh
from pydantic import BaseModel

from turngraph.engine import END, Graph, Node

SECONDS = 600.0


class Payload(BaseModel):
    conversation: str
    turn: int
    text: str
    i: int


class Count(Node):
    class Inputs(BaseModel):
        i: int

    class Outputs(BaseModel):
        i: int

    async def exec(self, inputs: Inputs) -> Outputs:
        return self.Outputs(i=inputs.i + 1)


class Again(Count):
    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def post(
        self, state: Mapping[str, Any], inputs: Count.Inputs, outputs: Count.Outputs
    ) -> Literal["again"] | None:
        return "again" if outputs.i < self.steps else None


def chain() -> Run:
    nodes: list[Any] = [Count(name=f"count_{number}") for number in range(CHAIN)]
    path = reduce(lambda path, node: path >> node, [*nodes, END])
    graph = Graph("chain", path, inputs=Payload, deadline=SECONDS)
    return lambda: graph.run(fresh())


def loop(steps: int) -> Run:
    node = Again(steps)
    graph = Graph(
        "loop", node - "again" >> node, node >> END, inputs=Payload, max_steps=steps, deadline=SECONDS
    )
    return lambda: graph.run(fresh())
