"""The floor of a durable map: items that sleep, each of which waits for the commit of its row."""

from __future__ import annotations

import asyncio
import json

from adapters.durable_raw import Durable
from payload import Fan


class DurableMap:
    """The rows of the items, in a file."""

    def __init__(self, path: str, work: Fan) -> None:
        self._rows, self._work = Durable(f"sqlite:///{path}", "small"), work

    async def run(self, name: str) -> list[int]:
        several = asyncio.Semaphore(self._work.limit)

        async def one(x: int) -> int:
            async with several:
                result = await self._work.item(x)
                await self._rows.put(name, x, json.dumps({"result": result}))
                return result

        return await asyncio.gather(*(one(x) for x in range(self._work.items)))

    async def resume(self, name: str) -> list[int]:
        raise SystemExit("the floor does not resume")

    async def close(self) -> None:
        await self._rows.close()
