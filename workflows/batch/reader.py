"""Reads a list on a thread of its own, a little ahead, so that a slow file or pipe keeps nobody waiting."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Final, Generic, TypeVar

T = TypeVar("T")
AHEAD: Final = 512
PORTION: Final = 256
AT_ONCE: Final = 16 * 1024 * 1024  # bytes that one portion may have


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Reader(Generic[T]):
    """Gives what an iterable gives, as portions; `size` says how many bytes one has."""

    def __init__(self, items: Iterable[T], size: str = "size") -> None:
        self._items, self._size = items, size
        self._queue: queue.Queue[T | _End] = queue.Queue(AHEAD)
        self._room = threading.Condition()
        self._held = 0
        self._closed = False

    def start(self) -> Reader[T]:
        """Begins to read ahead."""
        threading.Thread(target=self._read, name="turngraph-batch-reader", daemon=True).start()
        return self

    async def portions(self) -> AsyncIterator[list[T]]:
        """What has been read since the last one, at least one item."""
        try:
            ended = False
            while not ended:
                some: list[T] = []
                found = await asyncio.to_thread(self._queue.get)
                while True:
                    if isinstance(found, _End):
                        if found.error is not None:
                            raise found.error
                        ended = True
                        break
                    some.append(found)
                    if len(some) >= PORTION:
                        break
                    try:
                        found = self._queue.get_nowait()
                    except queue.Empty:
                        break
                with self._room:
                    self._held -= sum(getattr(item, self._size, 0) for item in some)
                    self._room.notify()
                if some:
                    yield some
        finally:
            self.close()

    def close(self) -> None:
        """Lets the thread end with the next thing that it reads."""
        self._closed = True
        with self._room:
            self._room.notify()
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put(_End(None))  # whoever waits for the next item is told

    def _read(self) -> None:
        error: BaseException | None = None
        items = iter(self._items)
        try:
            for item in items:
                with self._room:
                    while self._held > AT_ONCE and not self._closed:
                        self._room.wait()
                    self._held += getattr(item, self._size, 0)
                self._queue.put(item)
                if self._closed:
                    break
        except BaseException as raised:
            error = raised
        finally:
            if close := getattr(items, "close", None):
                close()
        if not self._closed:
            self._queue.put(_End(error))
