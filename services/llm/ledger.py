"""What was asked of which model, on whose account, and what did it cost?

Each attempt is booked at its most before it is made, and at what it did cost when the provider told that. What nobody
can tell stays booked at its most. So the book never shows less than the provider's own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from .budget import Budget, Spent, judge
from .gate import Attempt
from .limits import Limit
from .protocol import Usage

Status: TypeAlias = Literal["open", "settled", "released", "uncertain"]


@dataclass(slots=True, eq=False)
class Booking:
    """One attempt as it stands in the book."""

    attempt: Attempt
    cost_bound: int | None
    """In billionths of a dollar; None where the price is not known."""
    started_at: datetime
    due_at: datetime
    """Open for longer than this, its process must have died: nobody knows what came of it."""
    id: str = field(default_factory=lambda: new_booking())
    status: Status = "open"
    usage: Usage | None = None
    cost: int | None = None
    ended_at: datetime | None = None

    @property
    def tokens(self) -> int:
        """What is booked, in tokens."""
        if self.status == "released":
            return 0
        if self.status == "settled" and self.usage is not None:
            return self.usage.input_tokens + self.usage.output_tokens
        return self.attempt.input_bound + self.attempt.output_bound

    @property
    def booked_cost(self) -> int | None:
        """What is booked, in billionths of a dollar."""
        if self.status == "released":
            return 0
        return self.cost if self.status == "settled" else self.cost_bound


class Ledger(Protocol):
    """The book: with one call an attempt is judged and booked, with another its end is noted."""

    async def reserve(
        self, booking: Booking, budgets: Sequence[Budget], limit: Limit | None = None
    ) -> float | None:
        """Books an attempt at its most, unless that exceeds a budget: then BudgetExceeded, and nothing is booked.

        Nothing is booked either where other processes have the provider's limit in use: a ledger that they share
        gives the seconds after which some of it may be free again.
        """
        ...

    async def close(self, booking: Booking) -> None:
        """Notes how an attempt stands now: its status, usage, cost and end."""
        ...


class MemoryLedger:
    """A book that is gone with its process; for tests, and where there is no database."""

    def __init__(self) -> None:
        self.bookings: dict[str, Booking] = {}

    async def reserve(
        self, booking: Booking, budgets: Sequence[Budget], limit: Limit | None = None
    ) -> float | None:
        """Books an attempt at its most, or raises BudgetExceeded."""
        for budget in budgets:
            if (spent := self._spent(budget, booking)) is not None:
                attempt, cost = booking.attempt, booking.cost_bound
                if (error := judge(budget, spent, attempt, cost, booking.started_at)) is not None:
                    raise error
        self.bookings[booking.id] = booking
        return None

    async def close(self, booking: Booking) -> None:
        """Nothing: what is booked is the very same object."""

    def _spent(self, budget: Budget, booking: Booking) -> Spent | None:
        if (key := budget.key(booking.attempt.account)) is None:
            return None
        spent, since = Spent(), budget.since(booking.started_at)
        for other in self.bookings.values():
            if budget.key(other.attempt.account) == key and (since is None or other.started_at >= since):
                spent.tokens += other.tokens
                spent.cost += other.booked_cost or 0
                spent.priced = spent.priced and other.booked_cost is not None
        return spent


def new_booking() -> str:
    """A new id; ids begin with the time, so that rows of one time lie beside each other."""
    return f"{time.time_ns() // 1000:014x}{secrets.token_hex(6)}"
