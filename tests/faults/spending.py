"""Random mixes of calls at models: what is asked, how persistently, under which budgets, and what each call came to.

Everything follows from a mix's number, so that a child process and the one that judges it mean the same. Each call has
a marker, which stands in its prompt and is its conversation in the ledger: by it the provider's book and ours are compared.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# Imported here, in the fork server, so that no child has to.
import anthropic  # noqa: F401
import openai  # noqa: F401

from turngraph.models import DatabaseManager
from turngraph.services import (
    Account,
    Accountant,
    Budget,
    ClaudeAPIError,
    Connection,
    Limit,
    Limits,
    Policy,
    Prompt,
    ProviderModel,
    Reply,
    provider_named,
)
from turngraph.services.llm.health import Health

MODELS = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-5-mini"}
SLACK = 20.0


@dataclass(frozen=True)
class Asked:
    """One call of a mix."""

    marker: str
    user: str
    streamed: bool
    max_tokens: int
    cancelled_after: float | None
    left_after: int | None
    """After so many pieces the listener leaves."""


@dataclass(frozen=True)
class Mix:
    """One mix of calls; all of it follows from its number."""

    number: int
    providers: tuple[str, ...]
    policy: Policy
    timeout: float
    budgets: tuple[Budget, ...]
    at_once: int | None
    calls: tuple[Asked, ...]

    @property
    def tenant(self) -> str:
        """Nobody else's."""
        return f"mix{self.number}"

    def account(self, call: Asked) -> Account:
        """On whose account a call is."""
        return Account(self.tenant, call.user, call.marker, f"run-{self.tenant}", "generate")


@dataclass
class Came:
    """What a call came to."""

    marker: str
    pieces: list[str] = field(default_factory=list)
    text: str | None = None
    error: str = ""
    late: float = 0.0
    """Seconds past its deadline."""


def mix(number: int) -> Mix:
    """The mix of that number."""
    dice = random.Random(number)
    providers = dice.choice([("anthropic",), ("openai",), ("anthropic", "openai"), ("openai", "anthropic")])
    budgets: list[Budget] = []
    for of, some in (("user", 9_000), ("run", 14_000), ("tenant", 16_000)):
        if dice.random() < 0.4:
            budgets.append(
                Budget(of, tokens=dice.randint(some // 4, some * 2), per=dice.choice(["total", "month"]))
            )  # type: ignore[arg-type]
    if dice.random() < 0.3:
        budgets.append(Budget("user", cost=Decimal(dice.randint(1, 60)) / 1000))
    calls = tuple(
        Asked(
            marker=f"mix{number}-{place}",
            user=dice.choice(["ada", "eve"]),
            streamed=dice.random() < 0.6,
            max_tokens=dice.choice([16, 200, 1024]),
            cancelled_after=dice.uniform(0, 0.08) if dice.random() < 0.12 else None,
            left_after=dice.randint(1, 4) if dice.random() < 0.1 else None,
        )
        for place in range(dice.randint(1, 5))
    )
    return Mix(
        number=number,
        providers=providers,
        policy=Policy(attempts=dice.randint(1, 3), backoff=0.001, deadline=dice.choice([0.7, 1.5, 3.0])),
        timeout=dice.choice([0.5, 2.0]),
        budgets=tuple(budgets),
        at_once=dice.choice(
            [None, None, 40]
        ),  # all mixes are at the same providers, and share what these allow
        calls=calls,
    )


class Spenders:
    """Makes mixes against a server, all with the same SDK clients: a new one costs 30 ms."""

    def __init__(self, db: DatabaseManager, urls: Mapping[str, str]) -> None:
        self._db = db
        self._connections: dict[tuple[str, float], Connection] = {}
        self._urls = urls

    async def make(self, mix: Mix) -> list[Came]:
        """Makes the calls of a mix, all at once."""
        limits = Limits({} if mix.at_once is None else {"*": Limit(concurrent=mix.at_once)})
        gate = Accountant(self._db.ledger, limits=limits, budgets=mix.budgets)
        connections = [self._connection(name, mix.timeout) for name in mix.providers]
        model = ProviderModel(*connections, gate=gate, policy=mix.policy)
        return list(await asyncio.gather(*(self._call(model, mix, call) for call in mix.calls)))

    async def aclose(self) -> None:
        """Closes the clients."""
        for connection in self._connections.values():
            await connection.aclose()

    def _connection(self, name: str, timeout: float) -> Connection:
        if (name, timeout) not in self._connections:
            provider = provider_named(name)
            assert provider is not None
            self._connections[name, timeout] = Connection(
                provider, MODELS[name], api_key="sk-spending", base_url=self._urls[name], timeout=timeout
            )
        mine = copy.copy(self._connections[name, timeout])
        mine.health = Health()
        return mine

    async def _call(self, model: ProviderModel, mix: Mix, call: Asked) -> Came:
        loop = asyncio.get_running_loop()
        came = Came(call.marker)
        charged = model.charged_to(mix.account(call))
        task = asyncio.create_task(_listened(charged, call, came))
        until = loop.time() + mix.policy.deadline
        if call.cancelled_after is not None:
            loop.call_later(call.cancelled_after, task.cancel)
        try:
            await task
        except ClaudeAPIError as error:
            came.error = type(error).__name__
        except asyncio.CancelledError:
            came.error = "cancelled"
        came.late = max(0.0, loop.time() - until)
        return came


async def _listened(model: ProviderModel, call: Asked, came: Came) -> None:
    prompt = Prompt(message=f"{call.marker}: what is my dog called?")
    if not call.streamed:
        came.text = (await model.reply(prompt, max_tokens=call.max_tokens)).text
        return
    stream: Any = model.stream(prompt, max_tokens=call.max_tokens)
    async with aclosing(stream) as pieces:
        async for piece in pieces:
            if isinstance(piece, Reply):
                came.text = piece.text
                return
            came.pieces.append(piece)
            if call.left_after is not None and len(came.pieces) >= call.left_after:
                came.error = "left"
                return


def violations_of_text(came: Came) -> list[str]:
    """What is wrong with the text that was shown: it must be one answer from its beginning, nothing twice."""
    words = "".join(came.pieces).split()
    found = []
    if came.text is not None and came.pieces and "".join(came.pieces) != came.text:
        found.append(f"{came.marker}: shown {came.pieces} and answered {came.text!r}")
    requests = {word.rsplit(".", 1)[0] for word in words}
    places = [word.rsplit(".", 1)[1] for word in words if "." in word]
    if len(requests) > 1 or places != [str(place) for place in range(len(places))]:
        found.append(f"{came.marker}: shown were {words}")
    return found


def violations_of_book(marker: str, rows: Sequence[Any], bills: Sequence[tuple[int, int]]) -> list[str]:
    """What is wrong between the rows of a call and the provider's bills for it."""
    left = sorted(bills)
    found = []
    for row in rows:
        if row.status == "settled":
            told = (row.input_tokens, row.output_tokens)
            if told in left:
                left.remove(told)
            else:
                found.append(f"{marker}: settled at {told}, and billed was {bills}")
    bounds = sorted(
        (row.input_bound, row.output_bound) for row in rows if row.status in ("open", "uncertain")
    )
    if len(left) > len(bounds):
        found.append(f"{marker}: billed {left} more than is booked: {bounds}")
    for bill in left:
        if not any(bill[0] <= bound[0] and bill[1] <= bound[1] for bound in bounds):
            found.append(f"{marker}: billed {bill}, and no bound of {bounds} holds it")
    if sum(row.booked_tokens for row in rows) < sum(map(sum, bills)):
        found.append(f"{marker}: billed {bills}, booked {[row.booked_tokens for row in rows]}")
    return found
