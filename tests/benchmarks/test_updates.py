"""Do the rules still keep track of facts that change, on the half of the histories they were tuned on?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from turngraph.models import DatabaseManager, Scope
from turngraph.models.truth import Claim, Telling, learn
from turngraph.services.llm.facts import facts_in

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
FLOORS = {"kept": 1.0, "remembered": 0.97, "current": 0.98, "past": 0.95, "outdated": 0.95, "once": 0.87}
LEAST = 0.85
"""Of a category: one history in eight may go wrong."""


@pytest.fixture(scope="module")
def updates() -> Iterator[Any]:
    sys.path.insert(0, str(FOLDER))
    import updates

    yield updates
    sys.path.remove(str(FOLDER))


def told(updates: Any, history: dict[str, Any], db: DatabaseManager) -> Any:
    """What a user has in memory after a history, without the answering in between."""
    scope, question = Scope("updates", history["id"]), None

    def work(session: Any) -> Any:
        nonlocal question
        for number, turn in enumerate(history["turns"]):
            if "user" in turn:
                at = updates.PRESENT - timedelta(days=turn["days"]) + timedelta(minutes=number)
                claims = [Claim(fact) for fact in facts_in(turn["user"], question)]
                learn(session, scope, claims, Telling(at=at, said=turn["user"]))
            question = turn.get("assistant")
        rows, _ = updates.remembered(session, scope)
        session.expunge_all()
        return rows

    return db.write_now(work)


def test_what_changed_is_known_and_what_did_not_is_kept(updates: Any) -> None:
    found = updates.Outcome()
    with DatabaseManager("sqlite:///:memory:") as db:
        for history in updates.histories("dev"):
            rows = told(updates, history, db)
            everything = [{row.id for row in rows} for _ in history["ask"]]
            told_all = [[row.content for row in rows] for _ in history["ask"]]
            updates.compare(history, rows, everything, told_all, found)
    for measure, floor in FLOORS.items():
        assert found.share("all", measure) >= floor, (measure, found.failures)
    for category in found.counts:
        for measure in ("current", "outdated", "past"):
            assert found.share(category, measure) >= LEAST, (category, measure, found.failures)


async def test_a_history_is_played_through_the_product(updates: Any) -> None:
    moved = [history for history in updates.histories("dev") if history["id"] in ("moved-02", "fix-01")]
    found = await updates.measure(moved)
    assert found.failures == []
    assert "moved_house" in updates.table(found)
