"""One write on its way to the writer and back: what to do, and where the answer goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from typing import Any, Protocol, TypeAlias

from sqlalchemy.engine import Connection


class Batch(Protocol):
    """Writes many items in a few statements; gives one answer for each, an exception being for that item's caller.

    It must bear being called again with the same items, whatever came of the first time.
    """

    def write(self, connection: Connection, items: list[Any], /) -> list[Any]:
        """Writes them in a transaction that somebody else ends."""
        ...

    def write_at_once(self, connection: Connection, items: list[Any], /) -> list[Any] | None:
        """Writes them with one statement that is a transaction of its own; None where that takes more than one."""
        ...


class Answer(asyncio.Future[Any]):
    """What a write comes to. A cancel of its caller waits for that, so that nobody leaves without knowing."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Refused: the task has its cancel delivered when the answer is there."""
        return False


class Job:
    """One write. It is a function over a session, an item of a batch, or a function that gives such an item.

    A job of a batch can be run again whatever came of it before: the batch knows its own rows.
    """

    __slots__ = ("answer", "batch", "context", "item", "keys", "loop", "work")

    def __init__(
        self,
        answer: Answer | Future[Any],
        loop: asyncio.AbstractEventLoop | None,
        work: Callable[[Any], Any] | None,
        context: Context | None,
        keys: Collection[str] = (),
        batch: Batch | None = None,
        item: Any = None,
    ) -> None:
        self.answer = answer
        self.loop = loop
        self.work = work
        self.context = context
        self.keys = keys
        self.batch = batch
        self.item = item


Outcome: TypeAlias = tuple[Job, bool, Any]
"""A job, whether it was done, and its result or its error."""


def deliver(outcomes: Iterable[Outcome]) -> None:
    """Answers many jobs, all of one loop with one call there; a loop that is closed is left alone."""
    loops: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for outcome in outcomes:
        loop = outcome[0].loop
        if loop is None:
            _settle([outcome])
        elif loop in loops:
            loops[loop].append(outcome)
        else:
            loops[loop] = [outcome]
    for loop, its in loops.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, its)


def _settle(outcomes: list[Outcome]) -> None:
    for job, done, value in outcomes:
        answer = job.answer
        if answer.done():
            continue
        if done:
            answer.set_result(value)
        else:
            answer.set_exception(value)
