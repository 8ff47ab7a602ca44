"""The floor: asyncio.gather with a semaphore. Nothing is kept; what is done when it dies is lost."""

from __future__ import annotations

import asyncio


class Batch:
    """A list of results, in memory."""

    def __init__(self, folder: str, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds

    async def run(self, records: int) -> int:
        gate = asyncio.Semaphore(self._limit)

        async def one(number: int) -> dict[str, int]:
            async with gate:
                await asyncio.sleep(self._seconds)
                return {"twice": 2 * number}

        return len(await asyncio.gather(*(one(number) for number in range(records))))

    async def close(self) -> None:
        pass
