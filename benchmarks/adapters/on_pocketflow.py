"""PocketFlow: async nodes of three phases over one shared dict."""
# mypy: disable-error-code="import-not-found, import-untyped, misc"
# pyright: reportMissingImports=false, reportUnusedExpression=false

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from payload import CHAIN, Run, fresh
from pocketflow import AsyncFlow, AsyncNode, Node


class Count(AsyncNode):
    steps = 0

    async def prep_async(self, shared: dict[str, Any]) -> int:
        return int(shared["i"])

    async def exec_async(self, i: int) -> int:
        return i + 1

    async def post_async(self, shared: dict[str, Any], prepared: int, result: int) -> str:
        shared["i"] = result
        return "again" if result < self.steps else "default"


def chain() -> Run:
    nodes = [Count() for _ in range(CHAIN)]
    for node, following in pairwise(nodes):
        node >> following
    return runs(nodes[0])


def loop(steps: int) -> Run:
    node = Count()
    node.steps = steps
    node - "again" >> node
    node >> Node()  # an action that leads nowhere makes it warn
    return runs(node)


def runs(start: Count) -> Run:
    flow = AsyncFlow(start=start)

    async def run() -> Mapping[str, Any]:
        shared = fresh()
        await flow.run_async(shared)
        return shared

    return run
