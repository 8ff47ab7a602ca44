"""Sends a batch to workers, chunk by chunk, and waits for what the database says of each.

Only so many chunks are out at a time, so that memory is flat and a broker never holds more than a few. What the
broker does with them is not relied on: a chunk that nobody has taken for a while, or whose worker died, is sent again.
Records of one user are never in two chunks that are out at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeAlias

from ...engine import EngineError
from ...models.chunks import ChunkState, earlier, forget_chunks, states
from ...services.records import Keyed
from .chunk import Order, packed
from .running import Running, patiently

Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
logger = logging.getLogger("turngraph")

SIZE: Final = 50
MOST_BYTES: Final = 4 * 1024 * 1024
OUT: Final = 32
DEFERRED: Final = 2000
EVERY: Final = 0.05
PATIENCE: Final = 30.0
SILENT: Final = 5.0
"""How long nothing is said of a worker that is waited for."""


class ChunkRefused(EngineError):
    """A worker cannot run what the batch is made of: its workflow is unknown there, or another one."""


@dataclass(slots=True)
class Far:
    """How a batch is spread over workers: who sends, what the workflow is called there, and in which portions; `start`
    is the command that starts a worker for it, and `broker` where it listens."""

    send: Send
    workflow: str | None = None
    size: int = SIZE
    out: int = OUT
    patience: float = PATIENCE
    start: str = "turngraph worker"
    broker: str = "the same broker"


@dataclass(slots=True)
class _Out:
    """A chunk that is out: its order, its records, and when it was sent last."""

    order: Order
    records: list[Keyed]
    lanes: set[str]
    sent: float = field(default_factory=monotonic)


class Chunks:
    """The chunks of one go at a batch."""

    def __init__(self, running: Running, far: Far, concurrency: int) -> None:
        self._running, self._far, self._concurrency = running, far, concurrency
        self._out: dict[int, _Out] = {}
        self._owners: dict[str, int] = {}  # which chunk that is out has a lane's records
        self._next: list[Keyed] = []
        self._bytes = 0
        self._deferred: dict[str, deque[Keyed]] = {}
        self._deferred_count = 0
        self._number = 0
        self._moved = self._told = monotonic()
        self._silent = min(SILENT, far.patience)
        self.stopped = False

    async def ready(self) -> None:
        """Returns when no worker runs a chunk of an earlier go any more."""
        running = self._running
        while await patiently(lambda: earlier(running.batch.db, running.opened)) and not self.stopped:
            await asyncio.sleep(EVERY)

    async def add(self, record: Keyed) -> None:
        """Takes a record in; returns when there is room for another."""
        self._place(record)
        await self._dispatch_full()
        while self._deferred_count >= DEFERRED and not self.stopped:
            await self._some_done()
            await self._dispatch_full()

    async def finish(self) -> None:
        """Sends what is left and returns when all that is out is done."""
        while (self._next or self._out or self._deferred_count) and not (self.stopped and not self._out):
            self._pull()
            await self._dispatch_full()
            if self._next and not self.stopped:
                await self._dispatch()
            else:
                await self._some_done()
        await patiently(lambda: forget_chunks(self._running.batch.db, self._running.opened))

    def stop(self) -> None:
        """Sends no more; what workers have is waited for."""
        self.stopped = True

    def _place(self, record: Keyed) -> None:
        lane = self._running.batch.do.lane(record.value or {})
        if lane is not None:
            if self._owners.get(lane, self._number) != self._number or lane in self._deferred:
                self._deferred.setdefault(lane, deque()).append(record)
                self._deferred_count += 1
                return
            self._owners[lane] = self._number
        self._next.append(record)
        self._bytes += record.size

    def _full(self) -> bool:
        return len(self._next) >= self._far.size or self._bytes >= MOST_BYTES

    async def _dispatch_full(self) -> None:
        """Sends as many full chunks as there are: when several are done at once, what they held up fills several."""
        while self._full() and not self.stopped:
            await self._dispatch()
            self._pull()

    async def _dispatch(self) -> None:
        while len(self._out) >= self._far.out and not self.stopped:
            await self._some_done()
        if self.stopped:
            return
        running = self._running
        records, self._next, self._bytes = self._next, [], 0
        number, self._number = self._number, self._number + 1
        order = Order(
            running.opened.id, running.opened.epoch, number, self._far.workflow, running.batch.hash,
            running.batch.tenant, running.batch.options, self._concurrency,
            [packed(record, record.key in running.retried) for record in records],
        )  # fmt: skip
        lanes = {
            lane for record in records if (lane := running.batch.do.lane(record.value or {})) is not None
        }
        self._out[number] = _Out(order, records, lanes)
        await self._far.send(order.to_dict())

    async def _some_done(self) -> None:
        """Looks how the chunks stand, takes in what is done, and sends again what seems lost."""
        running = self._running
        seq, epoch = running.opened.seq, running.opened.epoch
        found = await patiently(lambda: states(running.batch.db, seq, epoch, list(self._out)))
        moved = False
        if self.stopped:  # what no worker has taken by now, none will take once the batch has ended
            for number in self._out.keys() - found.keys():
                del self._out[number]
        for number, state in found.items():
            if state.status == "refused":
                raise ChunkRefused(f"a worker refused chunk {number}: {state.reason}")
            if state.status == "done":
                await self._take_in(number)
                moved = True
        if moved:
            self._moved = monotonic()
        else:
            await self._again(found)
            await asyncio.sleep(EVERY)

    async def _again(self, found: dict[int, ChunkState]) -> None:
        moment = monotonic()
        for number, out in self._out.items():
            state = found.get(number)
            dead = state is not None and not state.alive
            lost = state is None and moment - max(out.sent, self._moved) > self._far.patience
            if (dead and moment - out.sent > min(5.0, self._far.patience)) or lost:
                out.sent = moment
                await self._far.send(out.order.to_dict())
        since = max(self._moved, self._told)
        if self._out and not found and moment - since > self._silent:
            self._told, self._silent = moment, self._far.patience
            logger.warning(
                "no worker has taken a chunk for %.0f seconds; start one, here in another terminal or on any machine that "
                "reaches %s and the database:  %s  (Ctrl-C ends this; the same command goes on with it)",
                moment - self._moved, self._far.broker, self._far.start,
            )  # fmt: skip

    async def _take_in(self, number: int) -> None:
        out, running = self._out.pop(number), self._running
        keys = [record.key for record in out.records]
        known = await patiently(
            lambda: running.batch.db.batches.known(running.opened.seq, keys, results=True)
        )
        for lane in out.lanes:
            if self._owners.get(lane) == number:
                del self._owners[lane]
        for record in out.records:
            if record.key not in known:  # a worker said done too soon; it must not cost the record
                self._place(record)
                continue
            running.counted(record, known[record.key])
        self._pull()

    def _pull(self) -> None:
        """Takes in what waited for a chunk that was out, as much as the next one holds: of each user in turn, since
        records of one are done one after the other."""
        free = deque(lane for lane in self._deferred if lane not in self._owners)
        while free and not self._full():
            lane = free.popleft()
            waiting = self._deferred.pop(lane)
            self._deferred_count -= 1
            self._place(waiting.popleft())
            if waiting:
                self._deferred[lane] = waiting
                free.append(lane)
