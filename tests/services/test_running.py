"""Does a tool run in its time, tell its progress, and stop when it is told to, whatever it is like?"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from turngraph.services.errors import ToolError
from turngraph.services.tools import (
    Ended,
    Progress,
    Tool,
    ToolEvent,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    run_tool,
    running,
)


class Nothing(BaseModel):
    """No arguments."""


def made(run: Any, timeout: float = 20.0) -> Tool:
    return Tool("t", "Does.", Nothing, run, effect=False, timeout=timeout)


class Heard(list[ToolEvent]):
    """What was told; the call is cancelled when something of a type is heard."""

    cancel_at: type[ToolEvent] | None = None
    started: ToolStarted | None = None

    def __call__(self, event: ToolEvent) -> None:
        self.append(event)
        if isinstance(event, ToolStarted):
            self.started = event
        if self.cancel_at is not None and isinstance(event, self.cancel_at):
            assert self.started is not None
            self.started.cancel()

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self]


async def ran(run: Any, heard: Heard | None = None, timeout: float = 20.0) -> Ended:
    return await run_tool(made(run, timeout), Nothing(), "k", "e", Heard() if heard is None else heard)


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE", 0.1)


async def test_a_tool_tells_that_it_started_how_far_it_is_and_that_it_ended() -> None:
    async def work(arguments: Nothing, key: str, progress: Progress) -> str:
        progress(1, 2, "half")
        await asyncio.sleep(0)
        progress(note="soon")
        return "fine"

    heard = Heard()
    ended = await ran(work, heard)
    assert (ended.how, ended.result, ended.error) == ("done", "fine", None)
    start, half, soon, end = heard
    assert isinstance(start, ToolStarted) and (start.execution, start.tool, start.key, start.arguments) == (
        "e",
        "t",
        "k",
        {},
    )
    assert half == ToolProgress("e", "t", 1, 2, "half") and soon == ToolProgress("e", "t", note="soon")
    assert end == ToolFinished("e", "t", "done", ended.seconds)
    with pytest.raises(AttributeError):
        end.ended = "failed"  # type: ignore[misc]


async def test_one_in_a_thread_tells_its_progress_on_the_loop() -> None:
    told: list[int] = []
    name = contextvars.ContextVar("name", default="none")
    name.set("caller's")

    def work(arguments: Nothing, key: str, progress: Progress) -> str:
        assert threading.get_ident() != here
        progress(1, 1)
        return name.get()

    here = threading.get_ident()
    ended = await run_tool(made(work), Nothing(), "k", "e", lambda event: told.append(threading.get_ident()))
    assert ended.result == "caller's" and set(told) == {here} and len(told) == 3


@pytest.mark.parametrize("error", [ToolError("no such page"), OSError("the shelf is empty"), KeyError("x")])
async def test_what_it_raises_is_what_came_of_it(error: Exception) -> None:
    async def work(arguments: Nothing, key: str) -> None:
        raise error

    def same(arguments: Nothing, key: str) -> None:
        raise error

    for run in (work, same):
        heard = Heard()
        ended = await ran(run, heard)
        assert ended.how == "failed" and heard.kinds == ["ToolStarted", "ToolFinished"]
        assert ended.error == (
            "t failed: no such page"
            if isinstance(error, ToolError)
            else f"t failed: {type(error).__name__}: {error}"
        )


async def test_odd_ways_to_end_are_failures_and_no_more() -> None:
    def stops(arguments: Nothing, key: str) -> None:
        raise StopIteration("enough")

    async def gives_up(arguments: Nothing, key: str) -> None:
        raise asyncio.CancelledError

    assert "StopIteration" in ((await ran(stops)).error or "")
    assert (await ran(gives_up)).how == "cancelled"


async def test_one_that_takes_too_long_is_stopped() -> None:
    tidied: list[str] = []

    async def slow(arguments: Nothing, key: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidied.append("up")

    ended = await ran(slow, timeout=0.05)
    assert (ended.how, ended.error, tidied) == ("timeout", "t did not answer within 0.05 seconds", ["up"])


async def test_one_call_is_cancelled_by_who_listens() -> None:
    async def slow(arguments: Nothing, key: str, progress: Progress) -> None:
        progress(1)
        await asyncio.Event().wait()

    heard = Heard()
    heard.cancel_at = ToolProgress
    ended = await ran(slow, heard)
    assert (ended.how, ended.error) == ("cancelled", "t was cancelled") and heard[-1].ended == "cancelled"  # type: ignore[attr-defined]
    assert heard.started is not None
    heard.started.cancel()  # one that has ended stays as it ended


async def test_it_may_be_cancelled_from_another_thread() -> None:
    async def slow(arguments: Nothing, key: str) -> None:
        await asyncio.Event().wait()

    def tell(event: ToolEvent) -> None:
        if isinstance(event, ToolStarted):
            threading.Thread(target=event.cancel).start()

    assert (await run_tool(made(slow), Nothing(), "k", "e", tell)).how == "cancelled"


async def test_one_that_was_done_before_it_could_be_stopped_is_done() -> None:
    async def stubborn(arguments: Nothing, key: str) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "sent"
        return "never"

    ended = await ran(stubborn, timeout=0.05)
    assert (ended.how, ended.result) == ("done", "sent")


async def test_one_that_ignores_its_cancellation_keeps_nobody_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("turngraph").propagate = True
    rounds: list[int] = []

    async def deaf(arguments: Nothing, key: str) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                rounds.append(1)

    async with asyncio.timeout(30):
        ended = await ran(deaf, timeout=0.05)
    assert (ended.how, len(rounds)) == ("timeout", 1)
    assert "did not answer within 0.05 seconds" in (ended.error or "")
    await asyncio.sleep(0)
    # Nothing of it is left for the loop to wait for at its end.
    assert [task for task in asyncio.all_tasks() if task.get_name() == "tool t"] == []
    assert "tool t ignores that it was cancelled" in caplog.text


async def test_a_thread_that_does_not_end_keeps_nobody_waiting_and_stops_where_it_tells() -> None:
    go, over = threading.Event(), threading.Event()

    def deaf(arguments: Nothing, key: str, progress: Progress) -> None:
        go.wait(30)
        try:
            progress(1)
        finally:
            assert progress.stopped
            over.set()

    async with asyncio.timeout(30):
        ended = await ran(deaf, timeout=0.05)
    assert ended.error == "t did not answer within 0.05 seconds; it may still be at it"
    go.set()
    assert await asyncio.to_thread(over.wait, 30)


@pytest.mark.parametrize("threaded", [True, False])
async def test_cancelling_the_run_cancels_the_tool(threaded: bool) -> None:
    begun, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def slow(arguments: Nothing, key: str) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def blocking(arguments: Nothing, key: str, progress: Progress) -> None:
        loop.call_soon_threadsafe(begun.set)
        try:
            while True:
                progress(1)
                threading.Event().wait(0.01)
        finally:
            ended.set()

    heard = Heard()
    task = asyncio.create_task(ran(blocking if threaded else slow, heard))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 30)
    assert heard[-1].ended == "cancelled" and heard[-1].error == "the run was cancelled"  # type: ignore[attr-defined]


def test_a_loop_with_a_deaf_tool_comes_to_its_end() -> None:
    async def deaf(arguments: Nothing, key: str) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    def blocked(arguments: Nothing, key: str) -> None:
        threading.Event().wait()

    async def both() -> list[Ended]:
        return [await ran(deaf, timeout=0.05), await ran(blocked, timeout=0.05)]

    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(asyncio.run(both())), daemon=True)
    thread.start()
    thread.join(30)
    assert [one.how for one in done[0]] == ["timeout", "timeout"]
