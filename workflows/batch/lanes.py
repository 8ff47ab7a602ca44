"""Lanes: many records at once, those of one user one after the other, and no user in another's way.

A record's slot is free as soon as its work is done; its lane only when its outcome is stored, so that a later record
of the same user never stands in the database without the earlier one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

R = TypeVar("R")
D = TypeVar("D")


class Lanes(Generic[R, D]):
    """Runs `work(record)`, at most `limit` at a time, and then `keep(record, done)`; what either raises ends all."""

    def __init__(
        self, limit: int, work: Callable[[R], Awaitable[D]], keep: Callable[[R, D], Awaitable[None]]
    ) -> None:
        self._free, self._work, self._keep = limit, work, keep
        self._ready: deque[tuple[str | None, R]] = deque()
        self._waiting: dict[str, deque[R]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._failed: BaseException | None = None
        self.held = 0
        self.stopped = self._cancelled = False

    def add(self, lane: str | None, record: R) -> None:
        """Takes a record in; one without a lane waits for nobody."""
        self.held += 1
        if lane is not None:
            if lane in self._waiting:
                self._waiting[lane].append(record)
                return
            self._waiting[lane] = deque()
        self._ready.append((lane, record))
        self._start()

    async def below(self, count: int) -> None:
        """Returns when fewer than `count` records are held; what went wrong in one is raised here."""
        while self.held >= count and self._failed is None and not (self.stopped and not self._tasks):
            self._moved.clear()
            await self._moved.wait()
        if self._failed is not None:
            failed, self._failed = self._failed, None
            await self.cancel()
            raise failed

    def stop(self) -> None:
        """Begins no further record; those under way end."""
        self.stopped = True
        self._ready.clear()
        self._waiting.clear()
        self.held = len(self._tasks)
        self._moved.set()

    async def cancel(self) -> None:
        """Ends those under way, too."""
        self.stop()
        self._cancelled = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self) -> None:
        while self._free and self._ready and not self.stopped:
            self._free -= 1
            lane, record = self._ready.popleft()
            task = asyncio.create_task(self._one(lane, record))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _one(self, lane: str | None, record: R) -> None:
        working = True
        try:
            done = await self._work(record)
            working = False
            self._free += 1
            self._start()
            await self._keep(record, done)
        except BaseException as error:
            if not self._cancelled:
                self._failed = self._failed or error
        finally:
            self._free += working
            self.held -= 1
            if lane is not None and (waiting := self._waiting.get(lane)) is not None:
                if waiting:
                    self._ready.append((lane, waiting.popleft()))
                else:
                    del self._waiting[lane]
            self._start()
            self._moved.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._moved.set()
