"""How does a tool run: in its time, told of as it goes on, stopped where somebody stops it, and never for ever?"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, JsonValue

from ..errors import ToolError
from ..text import shortened
from .thread import in_thread, safely

if TYPE_CHECKING:
    from .toolbox import Tool

logger = logging.getLogger("turngraph")

Ending = Literal["done", "failed", "timeout", "cancelled"]

GRACE: Final = 2.0
"""Seconds in which a tool that is stopped may put things in order; the run goes on without it then."""
LONGEST_RESULT: Final = 100_000
"""Characters of JSON that a tool may give."""


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """Something that happened to one call of a tool; `execution` is the id of its record."""

    execution: str
    tool: str


@dataclass(frozen=True, slots=True)
class ToolStarted(ToolEvent):
    """A tool was begun with; `cancel()` stops this call alone, from any thread."""

    arguments: dict[str, JsonValue]
    key: str
    timeout: float
    _stop: Callable[[], None] = field(repr=False, compare=False)

    def cancel(self) -> None:
        """Stops the call; the model is told so, and the turn goes on. One that has ended stays as it ended."""
        self._stop()


@dataclass(frozen=True, slots=True)
class ToolProgress(ToolEvent):
    """How far a tool has come: `done` of `total` where it knows, and what it is at."""

    done: float | None = None
    total: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ToolFinished(ToolEvent):
    """A tool has ended, one way or another."""

    ended: Ending
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a call that was made."""

    how: Ending
    started: datetime
    seconds: float
    result: JsonValue = None
    error: str | None = None


Tell = Callable[[ToolEvent], None]


class Progress:
    """What a tool tells its progress by: `progress(3, 10, "page 3")`. In a call that was stopped it raises.

    So a tool that runs in a thread, where nothing can interrupt it, ends at the next such line.
    """

    def __init__(self, execution: str, tool: str, tell: Tell) -> None:
        self._about, self._tell = (execution, tool), tell
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._over = threading.Event()

    def __call__(self, done: float | None = None, total: float | None = None, note: str = "") -> None:
        if self._over.is_set():
            raise asyncio.CancelledError(f"{self._about[1]} was stopped")
        event = ToolProgress(*self._about, done, total, note)
        if threading.get_ident() == self._thread:
            self._tell(event)
        else:
            self._loop.call_soon_threadsafe(self._told, event)

    @property
    def stopped(self) -> bool:
        """Whether the call was stopped, or has ended."""
        return self._over.is_set()

    def end(self) -> None:
        """Lets nothing more be told."""
        self._over.set()

    def _told(self, event: ToolProgress) -> None:
        if not self._over.is_set():
            self._tell(event)


async def run_tool(tool: Tool, arguments: BaseModel, key: str, execution: str, tell: Tell) -> Ended:
    """Makes one call: what it gave, or how else it ended. Cancelling this cancels the tool."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    started, clock = datetime.now(UTC), time.perf_counter()
    progress = Progress(execution, tool.name, tell)
    given = arguments.model_dump(mode="json", by_alias=True)
    tell(ToolStarted(execution, tool.name, given, key, tool.timeout, partial(safely, loop, stop)))
    coroutine = _called(tool, arguments, key, progress)
    work = loop.create_task(coroutine, name=f"tool {tool.name}")
    ended: Ended | None = None
    try:
        # Futures are waited for, not awaited: whatever the tool raises is looked at below.
        await asyncio.wait((work, stopped), timeout=tool.timeout, return_when=asyncio.FIRST_COMPLETED)
        why: Ending = "cancelled" if stopped.done() else "timeout"
        if interrupted := not work.done():
            await _stopped(tool, work, coroutine, progress)
        ended = _ended(tool, work, why, started, time.perf_counter() - clock, interrupted=interrupted)
        return ended
    finally:
        if not work.done():
            await _stopped(tool, work, coroutine, progress)
        progress.end()
        if ended is None:
            ended = Ended("cancelled", started, time.perf_counter() - clock, error="the run was cancelled")
        tell(ToolFinished(execution, tool.name, ended.how, ended.seconds, ended.error))


async def _called(tool: Tool, arguments: BaseModel, key: str, progress: Progress) -> JsonValue:
    more = {"progress": progress} if tool.tells_progress else {}
    if inspect.iscoroutinefunction(tool.run):
        found = await tool.run(arguments, key, **more)
    else:
        found = await in_thread(partial(tool.run, arguments, key, **more), tool.name)
    result: JsonValue = tool.checked(found)
    if (length := len(json.dumps(result))) > LONGEST_RESULT:
        raise ToolError(
            f"it was called, but gave {length:,} characters of JSON, and at most {LONGEST_RESULT:,} are kept"
        )
    return result


async def _stopped(
    tool: Tool, work: asyncio.Task[JsonValue], coroutine: Coroutine[Any, Any, JsonValue], progress: Progress
) -> None:
    """Cancels the work and gives it a moment; one that takes no notice is taken from under its feet."""
    progress.end()
    work.cancel()
    await asyncio.wait((work,), timeout=GRACE)
    if work.done():
        return
    logger.warning("tool %s ignores that it was cancelled; it is left behind", tool.name)
    work.add_done_callback(_swallowed)
    try:
        coroutine.close()
    except (RuntimeError, ValueError):  # it ignores that, too, or is running in this very moment
        return
    work.cancel()


def _swallowed(work: asyncio.Task[JsonValue]) -> None:
    if not work.cancelled():
        work.exception()


def _ended(
    tool: Tool,
    work: asyncio.Task[JsonValue],
    why: Ending,
    started: datetime,
    seconds: float,
    *,
    interrupted: bool,
) -> Ended:
    if work.done() and not work.cancelled():
        error = work.exception()
        if error is None:
            # It was stopped too late: what was done is said to be done.
            return Ended("done", started, seconds, result=work.result())
        if not interrupted:
            return Ended("failed", started, seconds, error=_said(tool, error))
    elif not interrupted:
        return Ended("cancelled", started, seconds, error=f"{tool.name} gave up: it cancelled itself")
    still = "" if work.done() and inspect.iscoroutinefunction(tool.run) else "; it may still be at it"
    said = (
        f"{tool.name} was cancelled"
        if why == "cancelled"
        else f"{tool.name} did not answer within {tool.timeout:g} seconds"
    )
    return Ended(why, started, seconds, error=said + still)


def _said(tool: Tool, error: BaseException) -> str:
    if isinstance(error, ToolError):
        return f"{tool.name} failed: {shortened(str(error), 300)}"
    return f"{tool.name} failed: {type(error).__name__}: {shortened(str(error), 300)}"
