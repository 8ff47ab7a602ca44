"""Is it told what of a user's messages holds no more, and what took its place?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from turngraph.models import DatabaseManager, Scope
from turngraph.models.over import MOST, over_of
from turngraph.models.repositories import memories
from turngraph.services import Embedder, NoLonger, WordLlamaEmbedder
from turngraph.services.llm.prompt import told_of_no_longer
from turngraph.workflows import ConversationManager

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///:memory:") as opened:
        yield opened


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return WordLlamaEmbedder()


async def told(db: DatabaseManager, embedder: Embedder, user: str, *texts: str) -> list[str]:
    ada = ConversationManager(user, db, "acme", embedder=embedder)
    sent = [
        await ada.send_message(text, at=START + timedelta(days=day * 7)) for day, text in enumerate(texts)
    ]
    return [reply["message_id"] for reply in sent]


def over(db: DatabaseManager, ids: list[str], user: str = "ada") -> list[NoLonger]:
    return db.read_now(lambda session: over_of(session, Scope("acme", user), ids))


async def test_what_ended_and_what_took_its_place(db: DatabaseManager, embedder: Embedder) -> None:
    home, moved, cello = await told(
        db,
        embedder,
        "ada",
        "I work as a nurse and live in Leeds.",
        "We moved to York last week.",
        "I play the cello.",
    )
    (one,) = over(db, [home, moved, cello])
    assert one == NoLonger(
        message_id=home,
        content="I live in Leeds.",
        until=START + timedelta(days=7),
        instead="We moved to York last week.",
    )
    assert over(db, [moved, cello]) == [] and over(db, []) == []


async def test_nobody_is_told_of_anothers(db: DatabaseManager, embedder: Embedder) -> None:
    ids = await told(db, embedder, "ada", "I live in Leeds.", "We moved to York.")
    await told(db, embedder, "eve", "I live in Leeds.", "We moved to York.")
    assert over(db, ids, "eve") == [] and len(over(db, ids)) == 1


async def test_no_more_is_told_of_than_can_be_read(db: DatabaseManager, embedder: Embedder) -> None:
    places = ["Leeds", "York", "Hull", "Bath", "Ely", "Wells", "Truro"] * 4
    ids = await told(db, embedder, "ada", *(f"I moved to {place}." for place in places))
    found = over(db, ids)
    assert len(found) == MOST and found[0].content == f"I moved to {places[-2]}."


async def test_what_is_so_now_is_told_however_much_was_so_between(
    db: DatabaseManager, embedder: Embedder
) -> None:
    first, *_ = await told(
        db, embedder, "ada", "I live in Leeds and work as a nurse.", "I moved to Rome.", "I moved to Kiel.", "I moved to Bonn."
    )  # fmt: skip
    assert [one.instead for one in over(db, [first])] == ["I moved to Bonn."]
    ada = ConversationManager("ada", db, "acme", embedder=embedder)
    answer = (await ada.send_message("Do I live in Leeds?"))["response"]
    assert "Now: you moved to Bonn" in answer and "Rome" not in answer
    (bonn,) = [
        row.id
        for row in db.read_now(lambda session: memories.listed(session, Scope("acme", "ada")))
        if "Bonn" in row.content
    ]
    db.write_now(lambda session: memories.forget(session, Scope("acme", "ada"), bonn))
    assert [one.instead for one in over(db, [first])] == [None]


async def test_a_slip_was_never_so_and_is_answered_with_what_is_right(
    db: DatabaseManager, embedder: Embedder
) -> None:
    first, _ = await told(
        db, embedder, "ada", "My sister Anna lives in Kiel.", "Sorry, I meant Bonn, not Kiel."
    )
    (one,) = over(db, [first])
    assert (one.slip, one.instead) == (True, "My sister Anna lives in Bonn.")
    assert "never, by a slip" in told_of_no_longer([one])
    ada = ConversationManager("ada", db, "acme", embedder=embedder)
    answer = (await ada.send_message("Where does my sister live?"))["response"]
    assert answer.startswith("Your sister Anna lives in Bonn.") and "Kiel" not in answer


async def test_a_message_whose_fitting_fact_is_over_comes_after_what_is_so_now_and_says_so(
    db: DatabaseManager, embedder: Embedder
) -> None:
    await told(
        db,
        embedder,
        "ada",
        "I work as a nurse and live in Leeds.",
        "We moved to York last week.",
        "I play the cello.",
    )
    ada = ConversationManager("ada", db, "acme", embedder=embedder)
    home, old, *_ = (await ada.search_memories("Where do I live?"))["memories"]
    assert (home["content"], home["no_longer"]) == ("We moved to York last week.", [])
    assert old["parts"]["outdated"] < 0 and old["no_longer"] == [
        {
            "content": "I live in Leeds.",
            "until": "2026-01-08T00:00:00Z",
            "instead": "We moved to York last week.",
            "slip": False,
        }
    ]
    (work, *_) = (await ada.search_memories("What is my work?"))["memories"]
    assert "nurse" in work["content"] and work["parts"]["outdated"] == 0
