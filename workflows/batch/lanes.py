"""Lanes: many records at once, those of one user one after the other, and no user in another's way.

A record's slot is free as soon as its work is done; its lane only when its outcome is stored, so that a later record
of the same user never stands in the database without the earlier one. What is done is stored by one task, all that
came together at once: that costs a fraction of storing each by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

R = TypeVar("R")
D = TypeVar("D")
TOGETHER: Final = 200


class Lanes(Generic[R, D]):
    """Runs `work(record)`, at most `limit` at a time, and `keep` for what is done; what either raises ends all."""

    def __init__(
        self,
        limit: int,
        work: Callable[[R], Awaitable[D]],
        keep: Callable[[list[tuple[R, D]]], Awaitable[None]],
    ) -> None:
        self._free, self._work, self._keep = limit, work, keep
        self._ready: deque[tuple[str | None, R]] = deque()
        self._waiting: dict[str, deque[R]] = {}
        self._done: list[tuple[str | None, R, D]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._some_done, self._moved = asyncio.Event(), asyncio.Event()
        self._failed: BaseException | None = None
        self._cancelled = False
        self.held = 0
        self.stopped = False

    def add(self, lane: str | None, record: R) -> None:
        """Takes a record in; one without a lane waits for nobody. Once stopped, it is left alone."""
        if self.stopped:
            return
        self.held += 1
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keeping())
        if lane is not None:
            if lane in self._waiting:
                self._waiting[lane].append(record)
                return
            self._waiting[lane] = deque()
        self._ready.append((lane, record))
        self._start()

    async def below(self, count: int) -> None:
        """Returns when fewer than `count` records are held; what went wrong in one is raised here."""
        while self.held >= count and self._failed is None:
            self._moved.clear()
            await self._moved.wait()
        if self._failed is not None:
            failed, self._failed = self._failed, None
            await self.cancel()
            raise failed

    def stop(self) -> None:
        """Begins no further record; those under way end, and are stored."""
        self.stopped = True
        self.held -= len(self._ready) + sum(len(waiting) for waiting in self._waiting.values())
        self._ready.clear()
        self._waiting.clear()
        self._moved.set()

    async def cancel(self) -> None:
        """Ends those under way, too."""
        self.stop()
        self._cancelled = True
        tasks = [*self._tasks, *([self._keeper] if self._keeper is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self) -> None:
        while self._free and self._ready:
            self._free -= 1
            lane, record = self._ready.popleft()
            task = asyncio.create_task(self._one(lane, record))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _one(self, lane: str | None, record: R) -> None:
        try:
            done = await self._work(record)
        except BaseException as error:
            self._fail(error)
            return
        self._free += 1
        self._start()
        self._done.append((lane, record, done))
        self._some_done.set()

    async def _keeping(self) -> None:
        try:
            while True:
                await self._some_done.wait()
                some, self._done = self._done[:TOGETHER], self._done[TOGETHER:]
                if not self._done:
                    self._some_done.clear()
                await self._keep([(record, done) for _, record, done in some])
                self.held -= len(some)
                for lane, _, _ in some:
                    self._let_on(lane)
                self._start()
                self._moved.set()
        except BaseException as error:
            self._fail(error)

    def _let_on(self, lane: str | None) -> None:
        """The next record of a lane may begin."""
        if lane is not None and (waiting := self._waiting.get(lane)) is not None:
            if waiting:
                self._ready.append((lane, waiting.popleft()))
            else:
                del self._waiting[lane]

    def _fail(self, error: BaseException) -> None:
        if not self._cancelled:
            self._failed = self._failed or error
        self._moved.set()
