"""How does a function run in a thread that keeps nobody waiting, not even at the end of the process?"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from functools import partial
from typing import Any


async def in_thread(function: Callable[[], Any], name: str) -> Any:
    """What a function gives, run in a thread of its own; the loop's pool would be waited for when the loop ends."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(result)
        elif isinstance(error, Exception):
            answer.set_exception(error)
        else:
            answer.cancel()

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = context.run(function)
        except StopIteration as ended:  # no future takes that one
            error = RuntimeError(f"{name} raised StopIteration: {ended}")
        except BaseException as raised:
            error = raised
        safely(loop, partial(settle, result, error))

    threading.Thread(target=work, name=name, daemon=True).start()
    return await answer


def safely(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Has the loop call something, from any thread, if it still runs."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:  # the loop is closed
        return
