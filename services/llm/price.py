"""What do a model's tokens cost?

Money is counted in billionths of a dollar, as whole numbers: sums are exact, and a bound is rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from .protocol import Usage
from .rules import rules

NANOS: Final = 1_000_000_000
"""How many of our units a dollar has."""
_PER_TOKEN: Final = Decimal(NANOS) / 1_000_000
EXAMPLE: Final = "openai:gpt-5: input=1.25 output=10 cache_read=0.125"
_KEYS: Final = ("input", "output", "cache_read", "cache_write")
Dollars: TypeAlias = float | Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens; what is read from the cache or written to it may have prices of its own."""

    input: Dollars = 0.0
    output: Dollars = 0.0
    cache_read: Dollars | None = None
    """None: as other input."""
    cache_write: Dollars | None = None

    def bound(self, input_tokens: int, output_tokens: int) -> int:
        """The most that so many tokens can cost, in billionths of a dollar."""
        dearest = max(self.input, self.cache_read or 0, self.cache_write or 0)
        return _nanos(input_tokens * _exact(dearest) + output_tokens * _exact(self.output))

    def cost(self, usage: Usage) -> int:
        """What a usage costs, in billionths of a dollar."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        fresh = max(0, usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens)
        whole = fresh * _exact(self.input) + usage.output_tokens * _exact(self.output)
        cached = usage.cache_read_tokens * _exact(read) + usage.cache_write_tokens * _exact(write)
        return _nanos(whole + cached)


@lru_cache(maxsize=8)
def parsed_prices(text: str) -> tuple[tuple[str, Price], ...]:
    """The prices of a setting such as "openai:gpt-5: input=1.25 output=10", by how provider and model begin."""
    return tuple(
        (
            rule.name,
            Price(
                rule.amount("input") or 0,
                rule.amount("output") or 0,
                rule.amount("cache_read"),
                rule.amount("cache_write"),
            ),
        )
        for rule in rules("TURNGRAPH_PRICES", text, _KEYS, EXAMPLE)
    )


def dollars(nanos: int) -> Decimal:
    """An amount in dollars."""
    return Decimal(nanos) / NANOS


def shown_dollars(nanos: int) -> str:
    """An amount as people write it: "$0.0123"."""
    amount = dollars(nanos).normalize()
    return f"${amount:,.2f}" if amount == round(amount, 2) else f"${amount:,f}"


def _nanos(million_dollars: Decimal) -> int:
    return int((million_dollars * _PER_TOKEN).to_integral_value(ROUND_CEILING))


def _exact(amount: Dollars) -> Decimal:
    return amount if isinstance(amount, Decimal) else Decimal(str(amount))
