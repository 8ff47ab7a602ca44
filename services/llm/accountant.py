"""Who keeps the limits, the budgets and the book, for every attempt at every provider?"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from ..settings import setting
from .budget import Budget, parsed_budgets
from .gate import Attempt
from .ledger import Booking, Ledger, MemoryLedger, Status
from .limits import Limits, Slot, shared_limits, too_late
from .metrics import Gauge, gauges
from .price import Price
from .protocol import Usage
from .providers import price_of

logger = logging.getLogger("turngraph")

Prices: TypeAlias = Callable[[str, str], Price | None]
"""The price of a provider's model, or None where it is not known."""
GRACE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(hours=1)
"""How long an attempt without a deadline is taken to be under way."""


class Accountant:
    """The gate with everything on: waits for the provider's limits, reserves in the book, and notes what came of it.

    Without arguments, limits, budgets and prices are those of the settings, and the book is in memory.
    """

    def __init__(
        self,
        ledger: Ledger | None = None,
        *,
        limits: Limits | None = None,
        budgets: Sequence[Budget] | None = None,
        prices: Prices | None = None,
    ) -> None:
        self.ledger: Ledger = MemoryLedger() if ledger is None else ledger
        self._limits = shared_limits() if limits is None else limits
        self._budgets = parsed_budgets(setting("budgets") or "") if budgets is None else list(budgets)
        self._prices = prices or price_of

    async def enter(self, attempt: Attempt) -> Entry:
        """The leave to make an attempt, booked at its most; BudgetExceeded or RateLimited where there is none."""
        price = self._prices(attempt.provider, attempt.model)
        slot = await self._limits.enter(attempt)
        try:
            return await self._booked(attempt, price, slot)
        except BaseException:
            if slot is not None:
                slot.undo()
            raise

    async def _booked(self, attempt: Attempt, price: Price | None, slot: Slot | None) -> Entry:
        moment = datetime.now(UTC)
        longest = LONGEST
        if attempt.deadline is not None:
            longest = timedelta(seconds=max(0.0, attempt.deadline - asyncio.get_running_loop().time()))
        cost = None if price is None else price.bound(attempt.input_bound, attempt.output_bound)
        booking = Booking(attempt, cost, moment, moment + longest + GRACE)
        entry = Entry(self.ledger, booking, price, slot, gauges(attempt))
        try:
            await self._reserve(booking)
        except asyncio.CancelledError:
            # It may be booked by now, and nothing will be sent for it.
            await entry.cancelled()
            raise
        except BaseException as error:
            entry.refused(error)
            raise
        return entry

    async def _reserve(self, booking: Booking) -> None:
        """Books it, as soon as the other processes leave room in the provider's limit."""
        attempt, limit = booking.attempt, self._limits.of(booking.attempt.provider)
        loop = asyncio.get_running_loop()
        while (wait := await self.ledger.reserve(booking, self._budgets, limit)) is not None:
            if limit is not None and loop.time() + wait > (attempt.deadline or math.inf):
                raise too_late(attempt, limit)
            await asyncio.sleep(wait)
            booking.started_at = datetime.now(UTC)


class Entry:
    """One attempt that was let through, until it ends."""

    def __init__(
        self,
        ledger: Ledger,
        booking: Booking,
        price: Price | None,
        slot: Slot | None,
        gauges: Sequence[Gauge],
    ) -> None:
        self._ledger, self._booking, self._price, self._slot = ledger, booking, price, slot
        self._gauges = gauges

    @property
    def id(self) -> str:
        """The attempt's id in the book."""
        return self._booking.id

    def heard(self) -> None:
        """The provider has begun to answer."""
        if self._slot is not None:
            self._slot.heard()

    async def settle(self, usage: Usage) -> None:
        """The provider told the final usage, and that is what it cost."""
        self._booking.cost = None if self._price is None else self._price.cost(usage)
        await self._end("settled", usage)

    async def release(self) -> None:
        """The provider surely did no work, and it cost nothing."""
        await self._end("released", None)

    async def uncertain(self, usage: Usage | None = None) -> None:
        """Nobody knows what was done, and it stays booked at its most."""
        await self._end("uncertain", usage)

    async def cancelled(self) -> None:
        """Takes the booking back of an attempt that is not made."""
        self._note("released", None)
        await self._close()

    def refused(self, error: BaseException) -> None:
        """Notes that the attempt was not let through."""
        for gauge in self._gauges:
            gauge.refused(type(error).__name__)

    async def _end(self, status: Status, usage: Usage | None) -> None:
        if self._booking.status != "open":
            return
        self._note(status, usage)
        if self._slot is not None:
            self._slot.end(self._booking.tokens)
        for gauge in self._gauges:
            gauge.ended(self._booking)
        await self._close()

    def _note(self, status: Status, usage: Usage | None) -> None:
        self._booking.status, self._booking.usage = status, usage
        self._booking.ended_at = datetime.now(UTC)

    async def _close(self) -> None:
        try:
            await self._ledger.close(self._booking)
        except Exception as error:
            # The answer is there and must not be lost; in the book it stays at its most, which is never too little.
            logger.warning(
                "attempt %s stays booked at its most, since the ledger failed: %s",
                self._booking.id,
                type(error).__name__,
            )
