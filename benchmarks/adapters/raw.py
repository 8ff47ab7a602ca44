"""The floor: a bare asyncio loop over nodes of three phases, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from payload import CHAIN, WAITING, Fan, Gate, Run, fresh


class Count:
    """A node in its plainest form; `following` says where an action leads."""

    def __init__(self) -> None:
        self.following: dict[str, Count | None] = {}

    def prep(self, state: dict[str, Any]) -> int:
        return int(state["i"])

    async def exec(self, i: int) -> int:
        return i + 1

    def post(self, state: dict[str, Any], prepared: int, result: int) -> str:
        state["i"] = result
        return "default"


class Again(Count):
    """Says `again` until it has counted far enough."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def post(self, state: dict[str, Any], prepared: int, result: int) -> str:
        state["i"] = result
        return "again" if result < self.steps else "default"


class Wait(Count):
    """Waits at a gate before it counts."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    async def exec(self, i: int) -> int:
        await self.gate()
        return i + 1


async def walk(start: Count, state: dict[str, Any]) -> dict[str, Any]:
    step: Count | None = start
    while step is not None:
        prepared = step.prep(state)
        result = await step.exec(prepared)
        overlay = state.copy()
        action = step.post(overlay, prepared, result)
        state = overlay
        step = step.following[action]
    return state


def in_a_row(nodes: list[Count]) -> Run:
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        node.following["default"] = following
    return lambda: walk(nodes[0], fresh())


def chain() -> Run:
    return in_a_row([Count() for _ in range(CHAIN)])


def flight(gate: Gate) -> Run:
    return in_a_row([Wait(gate) if number == 1 else Count() for number in range(WAITING)])


def fan(work: Fan) -> Run:
    async def run() -> Mapping[str, Any]:
        several = asyncio.Semaphore(work.limit)

        async def one(x: int) -> int:
            async with several:
                return await work.item(x)

        return {"results": await asyncio.gather(*(one(x) for x in range(work.items)))}

    return run


def loop(steps: int) -> Run:
    node = Again(steps)
    node.following.update({"again": node, "default": None})
    return lambda: walk(node, fresh())
