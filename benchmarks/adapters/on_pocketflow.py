"""PocketFlow: async nodes of three phases over one shared dict."""
# mypy: disable-error-code="import-not-found, import-untyped, misc"
# pyright: reportMissingImports=false, reportUnusedExpression=false

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from payload import CHAIN, WAITING, Fan, Gate, Run, fresh
from pocketflow import AsyncFlow, AsyncNode, AsyncParallelBatchNode, Node


class Count(AsyncNode):
    steps = 0

    async def prep_async(self, shared: dict[str, Any]) -> int:
        return int(shared["i"])

    async def exec_async(self, i: int) -> int:
        return i + 1

    async def post_async(self, shared: dict[str, Any], prepared: int, result: int) -> str:
        shared["i"] = result
        return "again" if result < self.steps else "default"


class Wait(Count):
    gate: Gate

    async def exec_async(self, i: int) -> int:
        await self.gate()
        return i + 1


class Items(AsyncParallelBatchNode):
    """It has no limit of its own, so that the node has one."""

    work: Fan
    several: asyncio.Semaphore

    async def prep_async(self, shared: dict[str, Any]) -> list[int]:
        self.several = asyncio.Semaphore(self.work.limit)
        return list(range(self.work.items))

    async def exec_async(self, x: int) -> int:
        async with self.several:
            return await self.work.item(x)

    async def post_async(self, shared: dict[str, Any], prepared: list[int], results: list[int]) -> str:
        shared["results"] = results
        return "default"


def chain() -> Run:
    return in_a_row([Count() for _ in range(CHAIN)])


def flight(gate: Gate) -> Run:
    wait = Wait()
    wait.gate = gate
    return in_a_row([wait if number == 1 else Count() for number in range(WAITING)])


def fan(work: Fan) -> Run:
    items = Items()
    items.work = work
    return runs(items)


def in_a_row(nodes: list[Count]) -> Run:
    for node, following in pairwise(nodes):
        node >> following
    return runs(nodes[0])


def loop(steps: int) -> Run:
    node = Count()
    node.steps = steps
    node - "again" >> node
    node >> Node()  # an action that leads nowhere makes it warn
    return runs(node)


def runs(start: AsyncNode) -> Run:
    flow = AsyncFlow(start=start)

    async def run() -> Mapping[str, Any]:
        shared = fresh()
        await flow.run_async(shared)
        return shared

    return run
