"""PocketFlow: an AsyncParallelBatchNode, with a semaphore of our own since it has no limit. It keeps nothing."""
# mypy: disable-error-code="import-not-found, import-untyped, misc"
# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio
from typing import Any

from pocketflow import AsyncFlow, AsyncParallelBatchNode


class Call(AsyncParallelBatchNode):
    gate: asyncio.Semaphore
    seconds: float

    async def prep_async(self, shared: dict[str, Any]) -> list[int]:
        return list(range(shared["records"]))

    async def exec_async(self, n: int) -> int:
        async with self.gate:
            await asyncio.sleep(self.seconds)
            return 2 * n

    async def post_async(self, shared: dict[str, Any], prepared: list[int], results: list[int]) -> str:
        shared["results"] = results
        return "default"


class Batch:
    """A flow of one node."""

    def __init__(self, folder: str, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds

    async def run(self, records: int) -> int:
        call = Call()
        call.gate, call.seconds = asyncio.Semaphore(self._limit), self._seconds
        shared: dict[str, Any] = {"records": records}
        await AsyncFlow(start=call).run_async(shared)
        return len(shared["results"])

    async def close(self) -> None:
        pass
