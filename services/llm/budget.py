"""What may a user, a conversation or a run cost, and when is that said to be too much?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias, cast, get_args

from ..errors import BudgetExceeded, SettingError
from .gate import Account, Attempt
from .price import NANOS, shown_dollars
from .rules import rules

Of: TypeAlias = Literal["tenant", "user", "conversation", "run"]
Per: TypeAlias = Literal["day", "month", "total"]
EXAMPLE: Final = "user: cost=5 per=month; run: tokens=50000"
_KEYS: Final = ("tokens", "cost", "per")


@dataclass(frozen=True, slots=True)
class Budget:
    """What each tenant, user, conversation or run may cost at most: in tokens, in dollars, or both."""

    of: Of
    tokens: int | None = None
    cost: Decimal | None = None
    per: Per = "total"
    """A day and a month are those of the calendar, in UTC."""

    @property
    def nanos(self) -> int | None:
        """The dollars in billionths."""
        return None if self.cost is None else int(self.cost * NANOS)

    def key(self, account: Account | None) -> tuple[str, ...] | None:
        """What it is counted by on this account; None where the account has no such thing."""
        if account is None:
            return None
        keys = {
            "tenant": (account.tenant,),
            "user": (account.tenant, account.user),
            "conversation": (account.tenant, account.user, account.conversation),
            "run": (account.tenant, account.run),
        }
        key = keys[self.of]
        return None if None in key else cast("tuple[str, ...]", key)

    def since(self, moment: datetime) -> datetime | None:
        """When the day or month began that a moment is in; None where all that ever was counts."""
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.per == "day":
            return midnight
        return midnight.replace(day=1) if self.per == "month" else None

    def renewed(self, moment: datetime) -> datetime | None:
        """When it begins anew."""
        since = self.since(moment)
        if since is None:
            return None
        later = since + timedelta(days=1 if self.per == "day" else 32)
        return later if self.per == "day" else later.replace(day=1)


@dataclass(slots=True)
class Spent:
    """What is booked on a budget: what calls have cost, and what those not settled can cost at most."""

    tokens: int = 0
    cost: int = 0
    priced: bool = True
    """False where something was called whose price is not known."""


def judge(
    budget: Budget, spent: Spent, attempt: Attempt, cost: int | None, moment: datetime
) -> BudgetExceeded | None:
    """The error where an attempt, at its most, does not fit into what a budget has left."""
    tokens = attempt.input_bound + attempt.output_bound
    if budget.tokens is not None and spent.tokens + tokens > budget.tokens:
        left = max(0, budget.tokens - spent.tokens)
        said = f"{left:,} of {budget.tokens:,} tokens left, and this call may need {tokens:,}"
        return _exceeded(budget, attempt, "tokens", said, moment)
    if (nanos := budget.nanos) is None:
        return None
    if cost is None or not spent.priced:
        said = "a limit in dollars, and the price of this model is not known, or that of one called before. Set TURNGRAPH_PRICES"
        return _exceeded(budget, attempt, "cost", said, moment)
    if spent.cost + cost > nanos:
        left = max(0, nanos - spent.cost)
        said = f"{shown_dollars(left)} of {shown_dollars(nanos)} left, and this call may cost {shown_dollars(cost)}"
        return _exceeded(budget, attempt, "cost", said, moment)
    return None


def parsed_budgets(text: str) -> list[Budget]:
    """The budgets of a setting such as "user: cost=5 per=month; run: tokens=50000"."""
    found: list[Budget] = []
    for rule in rules("TURNGRAPH_BUDGETS", text, _KEYS, EXAMPLE):
        if rule.name not in get_args(Of):
            raise SettingError(
                f"TURNGRAPH_BUDGETS: a budget is that of a {_or(get_args(Of))}; found {rule.name!r}. "
                f"Write for instance {EXAMPLE!r}."
            )
        per = rule.said.get("per", "total")
        if per not in get_args(Per):
            raise rule.wrong("per", _or(get_args(Per)))
        budget = Budget(cast("Of", rule.name), rule.whole("tokens"), rule.amount("cost"), cast("Per", per))
        if budget.tokens is None and budget.cost is None:
            raise SettingError(
                f"TURNGRAPH_BUDGETS, {rule.name}: expected tokens= or cost=. Write for instance {EXAMPLE!r}."
            )
        found.append(budget)
    return found


def _exceeded(budget: Budget, attempt: Attempt, unit: str, said: str, moment: datetime) -> BudgetExceeded:
    renewed = budget.renewed(moment)
    again = "" if renewed is None else f" It begins anew at {renewed:%Y-%m-%d %H:%M} UTC."
    error = BudgetExceeded(
        f"{attempt.provider}:{attempt.model}: the {budget.of}'s budget has {said}; nothing was sent.{again} "
        "Raise TURNGRAPH_BUDGETS, lower max_tokens, or shorten the prompt.",
        provider=attempt.provider,
        model=attempt.model,
    )
    error.of, error.unit, error.renewed = budget.of, unit, renewed
    return error


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
