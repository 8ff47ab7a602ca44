"""`turngraph models usage`: the ledger's sums, as scripts and people read them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager
from turngraph.services import Account, Accountant, Attempt, Limits, Usage

URL = "sqlite:///used.db"


def turngraph(*arguments: str) -> Any:
    return CliRunner().invoke(app, [*arguments, "--db", URL])


def asked(*arguments: str) -> Any:
    done = turngraph(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def ledger() -> None:
    """Four requests: two that were settled, one that was turned down, one that nobody knows of."""

    async def work() -> None:
        with DatabaseManager(URL) as db:
            gate = Accountant(db.ledger, limits=Limits())

            async def enter(number: int, provider: str, model: str, node: str, user: str = "ada") -> Any:
                account = Account("default", user, "talk", "run", node)
                return await gate.enter(
                    Attempt(f"call{number}", 1, provider, model, 1_000, 100, account, None)
                )

            first = await enter(1, "anthropic", "claude-sonnet-5-5", "response_generation")
            await first.settle(Usage(input_tokens=400, output_tokens=50, cache_read_tokens=100))
            await (await enter(1, "anthropic", "claude-sonnet-5-5", "response_generation")).release()
            await (await enter(2, "anthropic", "claude-sonnet-5-5", "memory_storage", "eve")).uncertain()
            free = await enter(3, "ollama", "llama3", "memory_storage")
            await free.settle(Usage(input_tokens=10, output_tokens=2))

    asyncio.run(work())


def test_usage_sums_requests_errors_tokens_and_cost():
    found = asked("models", "usage", "--by", "provider")
    claude, ollama = found["usage"]
    cost = (300 * 3 + 100 * 0.3 + 50 * 15) / 1e6
    most = (1_000 * 3.75 + 100 * 15) / 1e6
    assert {key: claude[key] for key in ("provider", "requests", "calls", "errors", "uncertain", "open")} == {
        "provider": "anthropic", "requests": 3, "calls": 2, "errors": 2, "uncertain": 1, "open": 0,
    }  # fmt: skip
    assert (claude["input_tokens"], claude["output_tokens"], claude["cache_read_tokens"]) == (400, 50, 100)
    assert claude["cost"] == pytest.approx(cost) and claude["booked_cost"] == pytest.approx(cost + most)
    assert claude["booked_tokens"] == 450 + 1_100 and claude["seconds"] >= 0
    assert (ollama["provider"], ollama["cost"], ollama["input_tokens"]) == ("ollama", 0.0, 10)
    assert found["total"]["requests"] == 4 and found["total"]["unpriced"] == 0


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--by", "node"], [["memory_storage"], ["response_generation"]]),
        (["--by", "user"], [["eve"], ["ada"]]),
        (["--by", "user,model", "--user", "ada"], [["ada", "claude-sonnet-5-5"], ["ada", "llama3"]]),
        (["--since", "1h", "--by", "tenant"], [["default"]]),
        (["--since", "2100-01-01"], []),
        (["--tenant", "other"], []),
    ],
)
def test_usage_can_be_grouped_and_narrowed(arguments: list[str], names: list[list[str]]):
    found = asked("models", "usage", *arguments)
    assert [[line[name] for name in found["by"]] for line in found["usage"]] == names


def test_people_see_a_table_and_what_is_uncertain(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    shown = turngraph("models", "usage").stdout
    assert "4 requests" in shown and "$0.0017" in shown and "models uncertain" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["usage", "--by", "colour"], "found 'colour'"),
        (["usage", "--since", "yesterday"], "expected a date"),
        (["reconcile", "x"], "--nothing"),
        (["reconcile", "x", "--nothing"], "no request 'x' is uncertain"),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], told: str):
    done = turngraph("models", *arguments)
    assert done.exit_code == 2 and told in done.stderr


def test_an_uncertain_request_is_reconciled_with_the_providers_book():
    (row,) = asked("models", "uncertain")["uncertain"]
    assert (row["user_id"], row["booked_tokens"]) == ("eve", 1_100)
    asked("models", "reconcile", row["id"], "--input", "70", "--output", "5")
    assert asked("models", "uncertain")["uncertain"] == []
    (line,) = asked("models", "usage", "--user", "eve")["usage"]
    assert (line["booked_tokens"], line["cost"]) == (75, pytest.approx((70 * 3 + 5 * 15) / 1e6))
