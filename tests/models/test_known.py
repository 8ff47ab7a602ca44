"""Is a reader shown what a message may be about, of its own user, and not too much?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from turngraph.models import DatabaseManager, Scope
from turngraph.models.known import LONGEST, SHOWN, known_beside
from turngraph.models.repositories import memories

ADA, EVE = Scope("acme", "ada"), Scope("other", "ada")
NORTH, EAST = np.eye(2, dtype=np.float16)


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///:memory:") as opened:
        yield opened


def learn(db: DatabaseManager, content: str, scope: Scope = ADA, **about: object) -> None:
    db.write_now(lambda session: memories.remember(session, scope, content, **about))  # type: ignore[arg-type]


def shown(db: DatabaseManager, vector: bytes | None) -> list[str]:
    return [fact.content for fact in db.read_now(lambda session: known_beside(session, ADA, vector))]


def test_the_few_facts_that_hold_are_shown_as_they_came(db: DatabaseManager) -> None:
    learn(db, "first", embedding=EAST.tobytes())
    learn(db, "a plan", content_type="plan")
    learn(db, "of another", EVE)
    learn(db, "x" * 1000)
    assert shown(db, NORTH.tobytes()) == ["first", "x" * LONGEST]


def test_of_many_the_nearest_and_the_most_important_are_shown(db: DatabaseManager) -> None:
    learn(db, "weighty", importance=0.9, embedding=EAST.tobytes())
    learn(db, "near", importance=0.1, embedding=NORTH.tobytes())
    for number in range(SHOWN * 2):
        learn(db, f"far {number}", importance=0.2, embedding=(EAST + NORTH / 2).tobytes())
    learn(db, "of another model", importance=0.1, embedding=np.ones(3, np.float16).tobytes())
    found = shown(db, NORTH.tobytes())
    assert found[:2] == ["weighty", "near"] and len(found) == SHOWN and "of another model" not in found
    assert len(shown(db, None)) == SHOWN
