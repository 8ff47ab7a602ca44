"""Conversations under limits and budgets, with a real provider's server: whose call it was, what it cost, who was refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager, ModelCall
from turngraph.services import (
    Account,
    Accountant,
    ClaudeAPIError,
    Connection,
    Limit,
    Limits,
    OfflineModel,
    Policy,
    Prompt,
    ProviderModel,
)
from turngraph.workflows import ConversationManager

from ..services.provider.does import Does, fails
from ..services.provider.server import ProviderServer

URL = "sqlite:///budgets.db"


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager(URL) as opened:
        yield opened


def model(
    server: ProviderServer, provider: str = "anthropic", name: str = "claude-sonnet-5-5", **policy: Any
) -> ProviderModel:
    dialect = "openai" if provider == "openai" else "anthropic"
    connection = Connection(provider, name, api_key="sk-budgets", base_url=server.base_url(dialect))
    return ProviderModel(connection, policy=Policy(**{"backoff": 0.001, **policy}))


def rows(db: DatabaseManager) -> list[ModelCall]:
    return list(db.read_now(lambda session: session.scalars(select(ModelCall).order_by(ModelCall.id)).all()))


async def usage(*arguments: str) -> Any:
    command = ["models", "usage", "--db", URL, "--json", *arguments]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_a_turn_is_on_its_users_account_and_all_figures_are_the_servers(
    db: DatabaseManager, provider: str
):
    with ProviderServer(Does(tokens=(321, 17))) as server:
        llm = model(server, provider)
        reply = await ConversationManager("ada", db, "acme", llm=llm).send_message(
            "My dog is called Biscuit."
        )
        await llm.aclose()
    answer, reading = rows(db)
    assert (answer.node, reading.node) == ("response_generation", "memory_storage")
    for row in (answer, reading):
        assert (row.tenant_id, row.user_id, row.status) == ("acme", "ada", "settled")
        assert row.conversation_id == reply["conversation_id"] and row.run_id
        assert (row.input_tokens, row.output_tokens) == (321, 17)
    assert server.billed == (642, 34)
    assert reply["token_usage"]["input_tokens"] == 321
    with db.get_session() as session:
        from turngraph.models import Message

        stored = session.scalars(select(Message).where(Message.role == "assistant")).one()
        assert stored.meta["usage"]["input_tokens"] == 321 and stored.token_count == 17
    (line,) = (await usage("--by", "user"))["usage"]
    assert (line["user"], line["input_tokens"], line["output_tokens"]) == ("ada", 642, 34)


async def test_an_exceeded_budget_is_refused_before_the_call_politely_and_answered_when_there_is_more(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TURNGRAPH_BUDGETS", "user: tokens=2100; conversation: cost=1")
    with ProviderServer(Does(tokens=(400, 600))) as server:
        llm = model(server)
        ada, eve = (ConversationManager(user, db, llm=llm) for user in ("ada", "eve"))
        first = await ada.send_message("My dog is called Biscuit.")
        refused = await ada.send_message("What is he called?", first["conversation_id"], id="m2")
        assert first["generation_success"] and not refused["generation_success"]
        assert "budget" in refused["response"] and len(server.seen) == 1
        assert "the user's budget has 1,100 of 2,100 tokens left" in refused["reply_metadata"]["reason"]
        assert (await eve.send_message("Hello."))["generation_success"]  # her budget is her own
        monkeypatch.setenv("TURNGRAPH_BUDGETS", "user: tokens=100000")
        found = await ada.recover()
        assert found["recovered_sessions"]
        answered = await ada.send_message("What is he called?", first["conversation_id"], id="m2")
        assert answered["generation_success"] and len(server.seen) == 3
        await llm.aclose()
    assert sum(row.booked_tokens for row in rows(db)) == sum(server.billed)


async def test_a_budget_of_a_run_and_of_a_tenant_hold_too(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    with ProviderServer(Does(tokens=(400, 600))) as server:
        llm = model(server)
        for budget, who in (("run: tokens=1000", "ada"), ("tenant: cost=0.0001", "eve")):
            monkeypatch.setenv("TURNGRAPH_BUDGETS", budget)
            refused = await ConversationManager(who, db, llm=llm).send_message("Hello.")
            assert (
                not refused["generation_success"]
                and f"the {budget.split(':')[0]}'s budget" in refused["reply_metadata"]["reason"]
            )
        assert server.seen == [] and rows(db) == []
        await llm.aclose()  # tokens were counted there


async def test_usage_equals_the_servers_own_book_over_twenty_calls_with_five_faults(db: DatabaseManager):
    faults = [fails(400), fails(429), fails(500), fails(529), Does(instead="close", worked=False)]
    script = [
        does for fault in faults for does in (Does(tokens=None), Does(tokens=None), fault, Does(tokens=None))
    ]
    with ProviderServer(*script) as server:
        llm = model(server, attempts=1).through(Accountant(db.ledger, limits=Limits()))
        failed = 0
        for number in range(20):
            try:
                await llm.charged_to(Account(user="ada", node="n")).reply(
                    Prompt(message=f"Call {number}."), max_tokens=50
                )
            except ClaudeAPIError:
                failed += 1
        await llm.aclose()
    total = (await usage())["total"]
    assert failed == 5 and (total["requests"], total["errors"]) == (len(server.seen), 5) == (20, 5)
    assert (total["input_tokens"], total["output_tokens"]) == server.billed
    cost = (server.billed[0] * 3 + server.billed[1] * 15) / 1e6
    assert total["cost"] == pytest.approx(cost) and total["seconds"] > 0


async def test_usage_lists_every_provider_that_was_asked_when_one_failed(db: DatabaseManager):
    with ProviderServer(fails(529)) as down, ProviderServer(Does(tokens=(40, 4))) as up:
        chain = [
            Connection(
                "anthropic", "claude-sonnet-5-5", api_key="sk-budgets", base_url=down.base_url("anthropic")
            ),
            Connection("openai", "gpt-5-mini", api_key="sk-budgets", base_url=up.base_url("openai")),
        ]
        llm = ProviderModel(*chain, policy=Policy(attempts=2, backoff=0.001))
        reply = await ConversationManager("ada", db, llm=llm).send_message("Hello.")
        for connection in chain:
            await connection.aclose()
    assert reply["generation_success"]
    lines = {line["provider"]: line for line in (await usage("--by", "provider"))["usage"]}
    assert (
        lines["anthropic"]["requests"],
        lines["anthropic"]["errors"],
        lines["anthropic"]["booked_tokens"],
    ) == (2, 2, 0)
    assert (lines["openai"]["requests"], lines["openai"]["errors"], lines["openai"]["booked_tokens"]) == (
        1,
        0,
        44,
    )
    assert len({row.call_id for row in rows(db)}) == 1


async def test_a_provider_on_this_machine_costs_nothing_and_is_in_the_book(db: DatabaseManager):
    with ProviderServer() as server:
        llm = model(server, "ollama", "llama3")
        await ConversationManager("ada", db, llm=llm).send_message("Hello.")
        await llm.aclose()
    (line,) = (await usage("--by", "provider"))["usage"]
    assert (line["provider"], line["cost"], line["unpriced"], line["input_tokens"]) == ("ollama", 0.0, 0, 11)


async def test_the_cost_of_each_turn_is_its_tokens_times_the_price(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TURNGRAPH_PRICES", "openai:gpt-4: input=30 output=60")
    with ProviderServer(Does(tokens=(100, 10)), Does(tokens=(200, 20))) as server:
        llm = model(server, "openai", "gpt-4-turbo")
        ada = ConversationManager("ada", db, llm=llm)
        for text in ("Hello.", "Hello again."):
            await ada.send_message(text)
        await llm.aclose()
    costs = sorted(line["cost"] for line in (await usage("--by", "run"))["usage"])
    assert costs == [pytest.approx((100 * 30 + 10 * 60) / 1e6), pytest.approx((200 * 30 + 20 * 60) / 1e6)]


async def test_the_server_never_sees_more_requests_than_the_limit_in_any_stretch_of_time(db: DatabaseManager):
    limits = Limits({"anthropic": Limit(requests=10, seconds=0.6)})
    with ProviderServer(Does(delay=0.02)) as server:
        llm = model(server, deadline=60).through(Accountant(db.ledger, limits=limits))
        await asyncio.gather(*(llm.reply(Prompt(message="Hello.")) for _ in range(40)))
        await llm.aclose()
    at = sorted(seen.at for seen in server.seen)
    assert len(at) == 40
    assert all(later - earlier >= 0.6 for earlier, later in zip(at, at[10:], strict=False))


class Charged(OfflineModel):
    """An offline model that notes on whose account it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: list[Account] = []

    def charged_to(self, account: Account) -> Charged:
        self.accounts.append(account)
        return self


async def test_each_node_that_asks_says_on_whose_account(db: DatabaseManager):
    llm = Charged()
    ada = ConversationManager("ada", db, "acme", llm=llm)
    talk = await ada.send_message("My dog is called Biscuit.")
    for number in range(8):
        text = f"Story {number}: " + "we walked along the river and talked about the weather for hours. " * 6
        await ada.send_message(text, talk["conversation_id"], max_context_size=500)
    assert {account.node for account in llm.accounts} == {"response_generation", "context_compression"}
    assert {(a.tenant, a.user, a.conversation) for a in llm.accounts} == {
        ("acme", "ada", talk["conversation_id"])
    }
    assert all(account.run for account in llm.accounts)
