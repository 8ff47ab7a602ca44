"""How often `exec` is tried, and how long to wait in between."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .errors import ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Tries `exec` up to `attempts` times, waiting `wait` seconds, then `factor` times as long, up to `max_wait`.

    An error that says of itself that it is final (`error.final` is true, as those of a model client
    that has retried already) is only tried again with `final=True`.
    """

    attempts: int = 3
    wait: float = 1.0
    factor: float = 2.0
    max_wait: float = 60.0
    jitter: float = 0.0
    final: bool = False

    def __post_init__(self) -> None:
        if type(self.attempts) is not int or self.attempts < 1:
            raise ValueError(
                f"Retry(attempts={self.attempts}): attempts counts the first one too, so it is 1 or more, and whole"
            )
        spans = (0 <= self.wait < math.inf, self.max_wait >= 0, 0 <= self.jitter < math.inf)
        if not all(spans) or not 1 <= self.factor < math.inf:
            raise ValueError("Retry: wait, max_wait and jitter are seconds from 0 up, factor is 1 or more")

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the failed attempt of that number, jitter aside."""
        return min(self.max_wait, self.wait * self.factor ** (attempt - 1))

    def worth(self, error: BaseException) -> bool:
        """Whether another attempt could help: never for a value that does not fit."""
        if not isinstance(error, Exception) or isinstance(error, ValidationError):
            return False
        return self.final or not getattr(error, "final", False)


async def try_again(
    retry: Retry,
    error: Exception,
    call: Callable[[int], Awaitable[Any]],
    told: Callable[[int, BaseException, float], None],
) -> Any:
    """Goes on after a first attempt that failed with `error`; raises the last error if none succeeds.

    tenacity costs some 30 µs a call, so it is entered only here, after a failure.
    """
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

    def wait(state: RetryCallState) -> float:
        import random

        return retry.delay(state.attempt_number) + random.uniform(0, retry.jitter)

    def before_sleep(state: RetryCallState) -> None:
        failed = state.outcome.exception() if state.outcome else None
        told(state.attempt_number, failed or error, state.upcoming_sleep)

    attempts = AsyncRetrying(
        stop=stop_after_attempt(retry.attempts),
        wait=wait,
        retry=retry_if_exception(retry.worth),
        before_sleep=before_sleep,
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            if attempt.retry_state.attempt_number == 1:
                raise error
            return await call(attempt.retry_state.attempt_number)
    raise error
