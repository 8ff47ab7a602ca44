"""May this call be made, and what is written down when it is over?

Every attempt at a provider passes the gate: it asks for leave with an upper bound of what it may cost, and ends in one
of three ways. Budgets, rate limits and the ledger are gates; `OpenGate` lets everything through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .protocol import LanguageModel, Usage


@dataclass(frozen=True)
class Account:
    """On whose account a call is made."""

    tenant: str = "default"
    user: str | None = None
    conversation: str | None = None
    run: str | None = None
    node: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One request that is about to be sent."""

    call_id: str
    """Equal for all attempts of one call, over retries and fail-over."""
    number: int
    """Counts the attempts of the call, from 1."""
    provider: str
    model: str
    input_bound: int
    """The most tokens the input can be: the provider's count where it is known, else one token for each UTF-8 byte."""
    output_bound: int
    """The most tokens the output can be: `max_tokens`."""
    account: Account | None
    deadline: float | None
    """When the whole call has to be over, in the running loop's time."""


class Ticket(Protocol):
    """The leave to make one attempt; exactly one of settle, release and uncertain ends it."""

    def heard(self) -> None:
        """The provider has begun to answer, so the request has been there."""
        ...

    async def settle(self, usage: Usage) -> None:
        """The provider told the final usage."""
        ...

    async def release(self) -> None:
        """The provider surely did no work: it was not reached, or it turned the request down."""
        ...

    async def uncertain(self, usage: Usage | None = None) -> None:
        """Nobody knows what was done: the bound stays booked. `usage` is what was told before the cut, if anything."""
        ...


class Gate(Protocol):
    """Lets attempts through, or holds them back."""

    async def enter(self, attempt: Attempt) -> Ticket:
        """Waits for its turn, up to the deadline; raises BudgetExceeded or RateLimited where there is none."""
        ...


class OpenGate:
    """Lets everything through and writes nothing down."""

    async def enter(self, attempt: Attempt) -> Ticket:
        """The leave, at once."""
        return _NOTHING


class _Nothing:
    def heard(self) -> None:
        pass

    async def settle(self, usage: Usage) -> None:
        pass

    async def release(self) -> None:
        pass

    async def uncertain(self, usage: Usage | None = None) -> None:
        pass


_NOTHING = _Nothing()


def charged(llm: LanguageModel, account: Account) -> LanguageModel:
    """The model with its calls on this account, where it keeps accounts; else the model itself."""
    on = getattr(llm, "charged_to", None)
    charged_model: LanguageModel = llm if on is None else on(account)
    return charged_model


def gated(llm: LanguageModel, gate: Callable[[], Gate]) -> LanguageModel:
    """The model with its attempts through this gate, where it makes any and has no gate of its own yet."""
    through = getattr(llm, "through", None)
    if through is None or not isinstance(getattr(llm, "gate", None), OpenGate):
        return llm
    gated_model: LanguageModel = through(gate())
    return gated_model
