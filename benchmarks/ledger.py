"""What does the ledger cost a call: booked at its most before, settled after, both committed?

    python benchmarks/ledger.py [URL]

Prints microseconds of CPU and of wall time for a call, one after the other and many at once, without budgets and with
four of them, and how long the sum of a month takes a user who made 10,000 calls in it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from decimal import Decimal

from turngraph.models import DatabaseManager
from turngraph.services import Account, Accountant, Attempt, Budget, Limits, Price, Usage

BUDGETS = (
    Budget("tenant", cost=Decimal(10_000), per="day"),
    Budget("user", tokens=10**12, per="month"),
    Budget("conversation", tokens=10**12),
    Budget("run", tokens=10**12),
)


async def calls(gate: Accountant, count: int, at_once: int, user: str) -> tuple[float, float]:
    """Microseconds of CPU and of wall time for each of so many calls."""
    few = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with few:
            account = Account("acme", user, f"talk{number % 50}", f"run{number}", "generate")
            ticket = await gate.enter(Attempt("call", 1, "fake", "m", 1_000, 500, account, None))
            await ticket.settle(Usage(input_tokens=700, output_tokens=200))

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(one, range(count)))
    return (time.process_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6


async def main(url: str) -> None:
    with DatabaseManager(url) as db:
        price = Price(3, 15)
        for name, budgets in (("no budgets", ()), ("four budgets", BUDGETS)):
            gate = Accountant(
                db.ledger, limits=Limits(), budgets=budgets, prices=lambda provider, model: price
            )
            await calls(gate, 50, 1, "warm")
            for at_once, count in ((1, 300), (64, 5_000)):
                cpu, wall = await calls(gate, count, at_once, f"{name} {at_once}")
                print(f"{name:13} {at_once:3} at once: {cpu:7.0f} µs CPU, {wall:7.0f} µs wall a call")
        await calls(Accountant(db.ledger, limits=Limits(), budgets=()), 10_000, 64, "busy")
        gate = Accountant(
            db.ledger, limits=Limits(), budgets=[BUDGETS[1]], prices=lambda provider, model: price
        )
        cpu, wall = await calls(gate, 200, 1, "busy")
        print(f"a user with 10,000 calls this month: {cpu:7.0f} µs CPU, {wall:7.0f} µs wall a call")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/ledger.db"))
