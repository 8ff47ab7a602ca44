"""How much may a provider be asked in any minute, how many times at once, and whose turn is it?

A request counts from the moment it is let through until a minute after it ended. Somewhere in between it was at the
server, whatever the network did; so no minute at the server, wherever it begins, holds more than the limit.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..errors import RateLimited, SettingError
from ..settings import setting
from .gate import Attempt
from .providers import provider_named, unknown_provider
from .rules import rules

SECONDS: Final = 60.0
EXAMPLE: Final = "anthropic: requests=50 tokens=40000; *: concurrent=8"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a provider allows: requests and tokens in any stretch of `seconds`, and requests at once."""

    requests: int | None = None
    tokens: int | None = None
    concurrent: int | None = None
    seconds: float = SECONDS


class Limits:
    """The limits of the providers by name, "*" standing for each that is not named; for one process, all its loops."""

    def __init__(
        self, limits: Mapping[str, Limit] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = dict(limits or {})
        self._clock = clock
        self._queues: dict[str, _Queue] = {}

    def of(self, provider: str) -> Limit | None:
        """The limit of a provider, if it has one."""
        return self._limits.get(provider, self._limits.get("*"))

    async def enter(self, attempt: Attempt) -> Slot | None:
        """Waits for the attempt's turn; RateLimited as soon as it is sure that it does not come before the deadline."""
        limit = self.of(attempt.provider)
        if limit is None:
            return None
        queue = self._queues.setdefault(attempt.provider, _Queue(limit, self._clock))
        tokens = attempt.input_bound + attempt.output_bound
        if limit.tokens is not None and tokens > limit.tokens:
            raise _limited(
                attempt,
                f"this call may need {tokens:,} tokens, and no more than {limit.tokens:,} are allowed in "
                f"{limit.seconds:g} seconds. Lower max_tokens, shorten the prompt, or raise TURNGRAPH_LIMITS.",
            )
        left = math.inf
        if attempt.deadline is not None:
            left = attempt.deadline - asyncio.get_running_loop().time()
        slot = await queue.enter(tokens, self._clock() + left)
        if slot is None:
            raise too_late(attempt, limit)
        return slot


@dataclass(frozen=True, slots=True)
class Used:
    """What all processes together have of a limit in use."""

    requests: int
    tokens: int
    running: int
    next: float
    """In how many seconds some of it may be free again."""

    def full(self, limit: Limit, tokens: int) -> bool:
        """Whether a request of so many tokens does not fit any more."""
        return (
            (limit.requests is not None and self.requests >= limit.requests)
            or (limit.tokens is not None and self.tokens + tokens > limit.tokens)
            or (limit.concurrent is not None and self.running >= limit.concurrent)
        )


class Slot:
    """The place of one request among those that count."""

    __slots__ = ("_heard", "_queue", "_tokens")

    def __init__(self, queue: _Queue, tokens: int) -> None:
        self._queue, self._tokens, self._heard = queue, tokens, False

    def heard(self) -> None:
        """The server has begun to answer: the request has been there, and its minute runs."""
        if not self._heard:
            self._heard = True
            self._queue.heard()

    def end(self, tokens: int | None = None) -> None:
        """The request is over, and cost that many tokens; without a number, all that it might have."""
        self.heard()
        self._queue.ended(self._tokens, self._tokens if tokens is None else tokens)

    def undo(self) -> None:
        """The request was never sent."""
        self._queue.undone(self._tokens)


class _Queue:
    """Those who wait for a provider, served strictly in order: nobody small overtakes somebody large for ever."""

    def __init__(self, limit: Limit, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests = _Window(limit.requests, limit.seconds)
        self._tokens = _Window(limit.tokens, limit.seconds)
        self._running = 0
        self._most = math.inf if limit.concurrent is None else limit.concurrent
        self._waiting: deque[_Waiter] = deque()
        self._lock = threading.Lock()

    async def enter(self, tokens: int, until: float) -> Slot | None:
        mine = _Waiter(tokens, asyncio.get_running_loop())
        with self._lock:
            self._waiting.append(mine)
            self._serve(mine)
        try:
            while not mine.served:
                with self._lock:
                    now = self._clock()
                    wake = self._next(now) if self._waiting[0] is mine else math.inf
                    if self._earliest(tokens, now) > until or until <= now:
                        break
                await mine.sleep(min(wake, until) - now)
                with self._lock:
                    self._serve(mine)
        except BaseException:
            with self._lock:
                self._leave(mine)
            raise
        with self._lock:
            if not mine.served:
                self._leave(mine)
                return None
        return Slot(self, tokens)

    def heard(self) -> None:
        with self._lock:
            self._requests.end(1, 1, self._clock())
            self._serve()

    def ended(self, bound: int, tokens: int) -> None:
        with self._lock:
            self._running -= 1
            self._tokens.end(bound, tokens, self._clock())
            self._serve()

    def undone(self, tokens: int) -> None:
        with self._lock:
            self._give_back(tokens)

    def _give_back(self, tokens: int) -> None:
        self._running -= 1
        self._requests.held -= 1
        self._tokens.held -= tokens
        self._serve()

    def _leave(self, waiter: _Waiter) -> None:
        if waiter.served:
            self._give_back(waiter.tokens)  # its turn came, and it was cancelled in the same moment
        else:
            self._waiting.remove(waiter)
            self._serve()

    def _serve(self, asking: _Waiter | None = None) -> None:
        now = self._clock()
        while self._waiting:
            first = self._waiting[0]
            fits = self._requests.fits(1, now) and self._tokens.fits(first.tokens, now)
            if not fits or self._running >= self._most:
                if first is not asking:
                    first.wake()  # it may be first only now, or has to look at the clock anew
                return
            self._waiting.popleft()
            self._requests.held += 1
            self._tokens.held += first.tokens
            self._running += 1
            first.served = True
            first.wake()

    def _next(self, now: float) -> float:
        """When something falls out of the windows."""
        return min(self._requests.next(now), self._tokens.next(now))

    def _earliest(self, tokens: int, now: float) -> float:
        """When the turn can come at best: what is under way now may end at once, and have cost nothing."""
        return max(
            self._requests.earliest(1, self._requests.held, now), self._tokens.earliest(tokens, 0, now)
        )


class _Waiter:
    __slots__ = ("_event", "_loop", "served", "tokens")

    def __init__(self, tokens: int, loop: asyncio.AbstractEventLoop) -> None:
        self.tokens, self.served = tokens, False
        self._event, self._loop = asyncio.Event(), loop

    async def sleep(self, seconds: float) -> None:
        """Until it is woken, but no longer."""
        try:
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()

    def wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)


class _Window:
    """An amount, of which no stretch of `seconds` may hold more than `most`."""

    __slots__ = ("_past", "_seconds", "_spent", "held", "most")

    def __init__(self, most: int | None, seconds: float) -> None:
        self.most: float = math.inf if most is None else most
        self.held = 0
        self._seconds = seconds
        self._past: deque[tuple[float, int]] = deque()
        self._spent = 0

    def fits(self, amount: int, now: float) -> bool:
        self._expire(now)
        return self.held + self._spent + amount <= self.most

    def end(self, held: int, amount: int, now: float) -> None:
        self.held -= held
        if self.most != math.inf and amount:
            self._past.append((now + self._seconds, amount))
            self._spent += amount

    def next(self, now: float) -> float:
        self._expire(now)
        return self._past[0][0] if self._past else math.inf

    def earliest(self, amount: int, held: int, now: float) -> float:
        self._expire(now)
        over = held + self._spent + amount - self.most
        if over <= 0:
            return now
        for until, gone in self._past:
            over -= gone
            if over <= 0:
                return until
        return now + self._seconds

    def _expire(self, now: float) -> None:
        while self._past and self._past[0][0] <= now:
            self._spent -= self._past.popleft()[1]


def _shown(limit: Limit) -> str:
    parts = [
        f"{value:,} {what}"
        for value, what in (
            (limit.requests, f"requests in {limit.seconds:g} seconds"),
            (limit.tokens, f"tokens in {limit.seconds:g} seconds"),
            (limit.concurrent, "at once"),
        )
        if value is not None
    ]
    return ", ".join(parts)


def too_late(attempt: Attempt, limit: Limit) -> RateLimited:
    """The error where a limit lets no call through in time."""
    return _limited(
        attempt,
        f"its limit ({_shown(limit)}) lets no call through before this one's deadline. "
        "Ask again later, or raise TURNGRAPH_LIMITS.",
    )


def _limited(attempt: Attempt, text: str) -> RateLimited:
    where = f"{attempt.provider}:{attempt.model}"
    return RateLimited(f"{where}: {text}", provider=attempt.provider, model=attempt.model)


def parsed_limits(text: str) -> dict[str, Limit]:
    """The limits of a setting such as "anthropic: requests=50 tokens=40000; *: concurrent=8"."""
    return {
        _provider(rule.name): Limit(rule.whole("requests"), rule.whole("tokens"), rule.whole("concurrent"))
        for rule in rules("TURNGRAPH_LIMITS", text, ("requests", "tokens", "concurrent"), EXAMPLE)
    }


def _provider(named: str) -> str:
    """The name by which attempts go; a limit of a provider that is none would hold nothing back."""
    row = provider_named(named)
    if row is None and named != "*":
        raise SettingError(f"TURNGRAPH_LIMITS: {unknown_provider(named)} Or write * for every provider.")
    return named if row is None else row.name


def shared_limits() -> Limits:
    """The limits of the settings, one and the same for the whole process: a provider counts all that comes from it."""
    return _shared(setting("limits") or "")


@lru_cache(maxsize=8)
def _shared(text: str) -> Limits:
    return Limits(parsed_limits(text))
