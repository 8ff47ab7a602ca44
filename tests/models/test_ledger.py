"""Is every attempt booked at its most until the provider told what it cost, and is no budget ever exceeded?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from turngraph.models import DatabaseManager, ModelCall, ModelSpend, Scope, Target, forget
from turngraph.services import (
    Account,
    Accountant,
    Attempt,
    Budget,
    BudgetExceeded,
    Limit,
    Limits,
    Price,
    RateLimited,
    Usage,
)
from turngraph.services.llm.ledger import Booking, MemoryLedger

ADA = Account("acme", "ada", "talk", "run", "generate")
EVE = Account("acme", "eve", "chat", "walk", "generate")
PRICE = Price(Decimal(3), Decimal(15), cache_read=Decimal("0.3"))
NO_LIMITS = Limits()


def attempt(
    account: Account | None = ADA, input_bound: int = 100, output_bound: int = 50, **given: Any
) -> Attempt:
    return Attempt("call", 1, given.get("provider", "fake"), "m", input_bound, output_bound, account, None)


def accountant(ledger: Any, *budgets: Budget, price: Price | None = PRICE) -> Accountant:
    return Accountant(ledger, limits=NO_LIMITS, budgets=budgets, prices=lambda provider, model: price)


def rows(db: DatabaseManager) -> list[ModelCall]:
    return list(db.read_now(lambda session: session.scalars(select(ModelCall).order_by(ModelCall.id)).all()))


async def test_an_attempt_is_booked_at_its_most_and_then_at_what_it_cost(db: DatabaseManager):
    gate = accountant(db.ledger)
    ticket = await gate.enter(attempt())
    (row,) = rows(db)
    assert (row.status, row.booked_tokens, row.booked_cost) == ("open", 150, 100 * 3_000 + 50 * 15_000)
    assert (row.tenant_id, row.user_id, row.conversation_id, row.run_id, row.node) == (
        "acme",
        "ada",
        "talk",
        "run",
        "generate",
    )
    await ticket.settle(Usage(input_tokens=40, output_tokens=7, cache_read_tokens=10))
    (row,) = rows(db)
    assert (row.status, row.booked_tokens, row.cache_read_tokens) == ("settled", 47, 10)
    assert row.booked_cost == 30 * 3_000 + 10 * 300 + 7 * 15_000
    assert row.ended_at is not None and row.ended_at >= row.started_at


async def test_what_surely_was_not_done_costs_nothing_and_what_nobody_knows_stays_booked(db: DatabaseManager):
    gate = accountant(db.ledger)
    first, second = await gate.enter(attempt()), await gate.enter(attempt())
    await first.release()
    await second.uncertain(Usage(input_tokens=40))
    released, uncertain = rows(db)
    assert (released.status, released.booked_tokens, released.booked_cost) == ("released", 0, 0)
    assert (uncertain.status, uncertain.booked_tokens, uncertain.input_tokens) == ("uncertain", 150, 40)
    await second.settle(Usage(input_tokens=1, output_tokens=1))  # exactly one thing ends it
    assert rows(db)[1].booked_tokens == 150


@pytest.fixture(params=["in memory", "sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Any:
    """Each kind of book."""
    if request.param == "in memory":
        return MemoryLedger()
    return request.getfixturevalue("sqlite" if request.param == "sqlite" else "postgres").ledger


@pytest.mark.parametrize(
    ("of", "other"),
    [
        ("tenant", Account("other", "ada", "talk", "run")),
        ("user", EVE),
        ("conversation", Account("acme", "ada", "another", "run")),
        ("run", Account("acme", "ada", "talk", "another")),
    ],
)
async def test_a_budget_is_that_of_one_tenant_user_conversation_or_run(ledger: Any, of: Any, other: Account):
    gate = accountant(ledger, Budget(of, tokens=400))
    first = await gate.enter(attempt())
    await gate.enter(attempt())
    with pytest.raises(
        BudgetExceeded, match=rf"the {of}'s budget has 100 of 400 tokens left, and this call may need 150"
    ) as told:
        await gate.enter(attempt())
    assert (told.value.of, told.value.unit, told.value.renewed, told.value.retryable) == (
        of,
        "tokens",
        None,
        False,
    )
    await gate.enter(attempt(other))
    await gate.enter(attempt(None))
    await first.settle(Usage(input_tokens=60, output_tokens=20))
    await gate.enter(attempt())  # settled at 80, so there is room again


async def test_a_budget_in_dollars_counts_in_dollars_and_needs_a_price(ledger: Any):
    budget = Budget("user", cost=Decimal("0.0021"), per="month")
    gate = accountant(ledger, budget)
    ticket = await gate.enter(attempt())
    await gate.enter(attempt())
    with pytest.raises(
        BudgetExceeded, match=r"has \$0\.00 of \$0\.0021 left, and this call may cost \$0\.00105"
    ):
        await gate.enter(attempt())
    await ticket.settle(Usage(input_tokens=100, output_tokens=49))
    with pytest.raises(BudgetExceeded, match="TURNGRAPH_PRICES") as told:
        await accountant(ledger, budget, price=None).enter(attempt())
    assert told.value.unit == "cost"
    await accountant(ledger, Budget("user", tokens=1_000), price=None).enter(attempt())
    with pytest.raises(BudgetExceeded, match="one called before"):
        await gate.enter(attempt(output_bound=1, input_bound=1))


async def test_a_day_and_a_month_begin_anew_in_utc(ledger: Any):
    for per, before, then, renewed in (
        ("day", datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)),
        ("month", datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ):  # fmt: skip
        budget = Budget("user", tokens=200, per=per)
        whose = attempt(Account("acme", per))
        await ledger.reserve(Booking(whose, None, before, before), [budget])
        await ledger.reserve(Booking(whose, None, then, then), [budget])
        with pytest.raises(BudgetExceeded, match="It begins anew at") as told:
            await ledger.reserve(Booking(whose, None, then, then), [budget])
        assert told.value.renewed == renewed


async def test_many_at_once_share_transactions_and_never_exceed(db: DatabaseManager):
    gate = accountant(db.ledger, Budget("user", tokens=1_500), Budget("conversation", tokens=1_200))
    asked = await asyncio.gather(*(gate.enter(attempt()) for _ in range(30)), return_exceptions=True)
    refused = [one for one in asked if isinstance(one, BudgetExceeded)]
    assert len(refused) == 22 and {one.of for one in refused} == {"conversation"}
    assert sum(row.booked_tokens for row in rows(db)) == 1_200


async def test_a_group_that_is_written_again_books_once(sqlite: DatabaseManager):
    from turngraph.models.ledger import _Reserve, _Rows

    budget = Budget("user", tokens=200)
    when = datetime.now(UTC)
    item = _Reserve(Booking(attempt(), 5, when, when), [budget])
    for _ in range(2):  # as after a COMMIT of which nobody knows what came of it
        await sqlite.write(lambda session: _Rows().write(session.connection(), [item]))
    assert [row.booked_tokens for row in rows(sqlite)] == [150]


async def test_a_cancel_while_it_is_booked_takes_it_back(
    sqlite: DatabaseManager, gate: Callable[[DatabaseManager], Any]
):
    sqlite.engine.connect().close()
    shut = gate(sqlite)
    task = asyncio.create_task(accountant(sqlite.ledger).enter(attempt()))
    await shut.queued(1)
    task.cancel()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(row.status, row.booked_tokens) for row in rows(sqlite)] == [("released", 0)]


async def test_an_answer_is_not_lost_when_the_ledger_fails(
    sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    ticket = await accountant(sqlite.ledger).enter(attempt())

    async def full(booking: Booking) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sqlite.ledger, "close", full)
    await ticket.settle(Usage(input_tokens=1, output_tokens=1))
    assert rows(sqlite)[0].booked_tokens == 150


async def test_attempts_of_a_process_that_died_become_uncertain_and_are_reconciled(db: DatabaseManager):
    past = datetime.now(UTC) - timedelta(minutes=5)
    dead, lost = (Booking(attempt(), 9, past, past) for _ in range(2))
    for booking in (dead, lost):
        await db.ledger.reserve(booking, [])
    alive = await accountant(db.ledger).enter(attempt())
    left = await db.ledger.uncertain()
    assert [row.id for row in left] == [dead.id, lost.id]
    known = {dead.id: Usage(input_tokens=9, output_tokens=1), lost.id: None, "nobody's": None}
    assert await db.ledger.reconcile(known, lambda provider, model, usage: 7) == 2
    assert [(row.status, row.booked_tokens, row.booked_cost) for row in rows(db)[:2]] == [
        ("settled", 10, 7),
        ("released", 0, 0),
    ]
    assert await db.ledger.uncertain() == []
    await alive.release()


SPENDER = """
import asyncio, sys
from turngraph.models import DatabaseManager
from turngraph.services import Account, Accountant, Attempt, Budget, BudgetExceeded, Limits

async def main():
    with DatabaseManager(sys.argv[1]) as db:
        gate = Accountant(db.ledger, limits=Limits(), budgets=[Budget("user", tokens=10_000, per="total")])
        async def one(n):
            try:
                await gate.enter(Attempt("c", n, "fake", "m", 90, 10, Account("acme", "ada", f"talk{n}"), None))
                return 1
            except BudgetExceeded:
                return 0
        print(sum(await asyncio.gather(*(one(n) for n in range(90)))))

asyncio.run(main())
"""


async def test_two_processes_do_not_spend_the_same_rest_together(
    lasting_url: str, python: Callable[..., str]
):
    with DatabaseManager(lasting_url) as db:
        db.engine.connect().close()
        counts = await asyncio.gather(*(asyncio.to_thread(python, SPENDER, lasting_url) for _ in range(2)))
        assert sum(map(int, counts)) == 100
        with db.engine.connect() as connection:
            assert connection.scalar(text("SELECT sum(booked_tokens) FROM model_calls")) == 10_000


async def test_a_forgotten_user_is_in_no_row_and_what_was_spent_stays_spent(db: DatabaseManager):
    gate = accountant(db.ledger)
    for account in (ADA, ADA, EVE):
        await (await gate.enter(attempt(account))).settle(Usage(input_tokens=5, output_tokens=1))
    receipt = await forget(db, Scope("acme", "ada"), Target("user"))
    assert receipt.changed == {"model_calls": 2}
    assert [(row.user_id, row.conversation_id, row.run_id, row.booked_tokens) for row in rows(db)] == [
        (None, None, None, 6),
        (None, None, None, 6),
        ("eve", "chat", "walk", 6),
    ]
    with pytest.raises(BudgetExceeded):
        await accountant(db.ledger, Budget("tenant", tokens=160)).enter(attempt())


async def test_the_sums_of_the_days_are_those_of_the_calls(db: DatabaseManager):
    gate, unpriced = accountant(db.ledger), accountant(db.ledger, price=None)
    nobody = attempt(None)
    for number, one in enumerate((attempt(ADA), attempt(EVE), nobody, attempt(ADA), nobody) * 3):
        ticket = await (gate if number % 4 else unpriced).enter(one)
        if number % 3:
            await ticket.settle(Usage(input_tokens=number, output_tokens=1))
    before = datetime(2025, 1, 1, 23, 59, 59, tzinfo=UTC)
    await db.ledger.reserve(Booking(attempt(), 5, before, before), [])
    await forget(db, Scope("acme", "eve"), Target("user"))

    def summed(session: Any) -> tuple[Any, Any]:
        by_call: dict[Any, Any] = {}
        for row in session.scalars(select(ModelCall)):
            key = (row.tenant_id, row.user_id or "", (row.started_at - datetime(1970, 1, 1, tzinfo=UTC)).days)
            tokens, cost, unknown = by_call.get(key, (0, 0, 0))
            by_call[key] = (
                tokens + row.booked_tokens,
                cost + (row.booked_cost or 0),
                unknown + (row.booked_cost is None),
            )
        by_day = {
            (s.tenant_id, s.user_id, s.day): (s.tokens, s.cost, s.unpriced)
            for s in session.scalars(select(ModelSpend))
        }
        return by_call, by_day

    by_call, by_day = db.read_now(summed)
    assert by_call == by_day and len(by_call) == 4


CALLER = """
import asyncio, sys, time
from turngraph.models import DatabaseManager
from turngraph.services import Account, Accountant, Attempt, Limit, Limits, Usage

async def main():
    with DatabaseManager(sys.argv[1]) as db:
        limits = Limits({"fake": Limit(requests=6, concurrent=3, seconds=1.0)})
        gate = Accountant(db.ledger, limits=limits, budgets=[])
        async def one(n):
            ticket = await gate.enter(Attempt("c", n, "fake", "m", 90, 10, Account("acme", "ada"), None))
            print("began", time.time())
            await asyncio.sleep(0.05)
            print("ended", time.time())
            await ticket.settle(Usage(input_tokens=1))
        await asyncio.gather(*(one(n) for n in range(9)))

asyncio.run(main())
"""


async def test_a_limit_holds_for_all_processes_of_a_database_together(
    lasting_url: str, python: Callable[..., str]
):
    with DatabaseManager(lasting_url) as db:
        db.engine.connect().close()
    told = await asyncio.gather(*(asyncio.to_thread(python, CALLER, lasting_url) for _ in range(2)))
    moments = sorted((float(line.split()[1]), line.split()[0]) for one in told for line in one.splitlines())
    began = [at for at, what in moments if what == "began"]
    assert len(began) == 18
    assert all(later - earlier >= 1.0 for earlier, later in zip(began, began[6:], strict=False))
    running = [0]
    for _, what in moments:
        running.append(running[-1] + (1 if what == "began" else -1))
    assert max(running) <= 3


async def test_who_cannot_have_a_shared_limit_in_time_is_told(sqlite: DatabaseManager):
    limit = {"fake": Limit(requests=1)}
    first, second = (
        Accountant(sqlite.ledger, limits=Limits(limit), budgets=[]) for _ in range(2)
    )  # as two processes
    await first.enter(attempt())
    soon = replace(attempt(), deadline=asyncio.get_running_loop().time() + 0.2)
    with pytest.raises(RateLimited, match="before this one's deadline"):
        await second.enter(soon)
    assert len(rows(sqlite)) == 1
