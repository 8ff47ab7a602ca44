"""Is a search narrowed as it is asked, and do the reasons of its hits mean what they say?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from turngraph.models import DatabaseManager, MemoryIndex, Scope
from turngraph.models.repositories import conversations, memories, messages
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.search import Hit, search, speakers

ADA = Scope("default", "ada")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def say(db: DatabaseManager, *told: NewMessage, talk: str = "c") -> list[str]:
    def work(session: Session) -> list[str]:
        if conversations.find(session, ADA, talk) is None:
            conversations.begin(session, ADA, conversation_id=talk)
        held = conversations.locked(session, ADA, talk)
        return [message.id for message, _ in messages.add_all(session, held, list(told))]

    return db.write_now(work)


def user(content: str, minutes: float = 0.0, **more: Any) -> NewMessage:
    return NewMessage(content, at=START + timedelta(minutes=minutes), **more)


def find(db: DatabaseManager, query: str, **options: Any) -> list[Hit]:
    return db.read_now(lambda session: search(session, ADA, query, **options))


def texts(hits: list[Hit]) -> list[str]:
    return [hit.content for hit in hits]


def remember(db: DatabaseManager, content: str, *sources: str, **more: Any) -> str:
    return db.write_now(lambda s: memories.remember(s, ADA, content, sources=sources, **more)[0].id)


def test_each_scope_gives_only_what_is_in_it(db: DatabaseManager):
    one = say(db, user("The bees are in the garden"), talk="one")
    say(db, user("No bees here"), talk="two")
    tied = remember(db, "keeps bees", one[0])
    loose = remember(db, "is stung by bees at times")
    assert sorted(texts(find(db, "bees"))) == [
        "No bees here",
        "The bees are in the garden",
        "is stung by bees at times",
    ]
    inside = find(db, "bees", within="conversation", conversation_id="one")
    assert texts(inside) == ["The bees are in the garden"] and inside[0].memory_ids == [tied]
    facts = find(db, "bees", within="memories")
    assert {hit.memory_ids[0] for hit in facts} == {tied, loose}
    by_id = {hit.memory_ids[0]: hit for hit in facts}
    assert [(ref.id, ref.position) for ref in by_id[tied].sources] == [(one[0], 1)] and by_id[
        loose
    ].sources == []
    assert find(db, "bees", within="conversation", conversation_id="none") == []


def test_categories_and_times_narrow_it_down(db: DatabaseManager):
    ids = say(db, user("I run on Python"), user("I run every day", 60 * 24), user("I run late", 60 * 48))
    remember(db, "programs in Python", ids[0], category="technical", at=START)
    remember(db, "runs every day", ids[1], category="sport", at=START + timedelta(days=1))
    assert texts(find(db, "run", category="sport")) == ["I run every day"]
    assert texts(find(db, "run", category="technical", within="memories")) == ["programs in Python"]
    assert find(db, "run", category="'; DROP TABLE messages; --") == []
    day = START + timedelta(days=1)
    assert texts(find(db, "run", since=day, until=day)) == ["I run every day"]
    assert sorted(texts(find(db, "run", until=day))) == ["I run every day", "I run on Python"]
    assert texts(find(db, "run", since=day.replace(tzinfo=None), within="memories")) == ["runs every day"]


def test_ids_may_be_made_of_anything(db: DatabaseManager):
    for number, id_ in enumerate(["a'b", 'a"b', "a*", "a:b", "NEAR(a)", "-- x", "ünï", "😀", "%", "_"]):
        say(db, user(f"jam number {number}", client_id=id_), talk=id_)
        hits = find(db, "jam", within="conversation", conversation_id=id_)
        assert [(h.message.client_id, h.message.conversation_id) for h in hits if h.message] == [(id_, id_)]
        assert id_ not in {
            h.message.client_id for h in find(db, "jam", exclude=[hits[0].message.id]) if h.message
        }  # type: ignore[union-attr]


def test_a_fact_that_took_anothers_place_answers_for_it(db: DatabaseManager):
    ids = say(db, user("I live in Hamburg"), user("Off to Lisbon for good now", 60 * 24))
    old = remember(db, "lives in Hamburg", ids[0], at=START)
    new = remember(db, "went to Lisbon", ids[1], at=START + timedelta(days=1))

    def close(session: Session) -> None:
        row = session.get(
            memories.MemoryIndex,
            session.scalar(memories.select(memories.MemoryIndex.seq).where(memories.MemoryIndex.id == old)),
        )
        assert row is not None
        row.valid_to, row.superseded_by = START + timedelta(days=1), new

    assert texts(find(db, "Where do I live?"))[0] == "I live in Hamburg"
    db.write_now(close)
    best, second = find(db, "Where do I live?")
    assert best.content == "Off to Lisbon for good now" and best.parts["succeeds"] > 0
    assert second.parts["outdated"] < 0 and second.memory_ids == []
    assert texts(find(db, "Where do I live?", within="memories")) == ["went to Lisbon"]
    past = find(db, "Where did I live before?", within="memories")
    assert [(h.content, h.valid_to) for h in past] == [
        ("lives in Hamburg", START + timedelta(days=1)),
        ("went to Lisbon", None),
    ]


def test_among_equals_the_more_important_comes_first_and_then_the_one_used_more(db: DatabaseManager):
    low, high = (remember(db, f"likes tea {kind}", importance=i) for kind, i in (("a", 0.1), ("b", 0.9)))
    assert [h.memory_ids[0] for h in find(db, "tea", within="memories")] == [high, low]
    used, unused = (remember(db, f"likes jam {kind}", importance=0.5) for kind in "ab")
    for _ in range(10):
        db.write_now(lambda s: memories.touch(s, ADA, [used]))
    first, second = (h for h in find(db, "jam", within="memories") if "jam" in h.content)
    assert [first.memory_ids[0], second.memory_ids[0]] == [used, unused] and first.parts["used"] > 0


def test_use_that_a_row_came_with_counts_from_when_it_was_written(db: DatabaseManager):
    with db.get_session() as session:
        for content, count in (("likes jam a", 10), ("likes jam b", 0)):
            session.add(MemoryIndex(user_id="ada", content=content, access_count=count))
    first, second = find(db, "jam", within="memories")
    assert first.content == "likes jam a" and first.parts["used"] > second.parts["used"] == 0


def test_what_repeats_a_better_hit_comes_further_down(db: DatabaseManager):
    say(
        db,
        *(user(f"Tea is fine, tea {n}", n, embedding=[1.0, 0.0]) for n in range(3)),
        user("Tea with milk", 4, embedding=[0.0, 1.0]),
    )
    vector = np.asarray([1.0, 0.0], np.float32)
    assert all("fine" in text for text in texts(find(db, "tea fine", vector=vector, limit=2)))
    varied = find(db, "tea fine", vector=vector, limit=4, diversity=1.0)
    assert texts(varied)[1] == "Tea with milk" and varied[2].parts["repeats"] < 0
    assert [hit.score for hit in varied] == sorted((hit.score for hit in varied), reverse=True)
    for hit in varied:
        assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-3)


def test_by_which_name_somebody_goes_is_learned_from_how_others_address_them(db: DatabaseManager):
    turns = []
    for n in range(4):
        turns += [
            user(f"My {n}. cake was a success", 2 * n),
            user(f"Well done, Caroline! I only slept, day {n}.", 2 * n + 1, role="assistant"),
        ]
    say(db, *turns)
    with db.get_session() as session:
        assert list(speakers(session, ADA)) == ["Caroline"]
    hits = find(db, "What did Caroline do?", limit=8)
    assert hits[0].role == "user"
    assert all((hit.parts["speaker"] > 0) == (hit.role == "user") for hit in hits)
    assert find(db, "What did you do?", limit=1)[0].role == "assistant"


def test_a_question_with_a_month_finds_what_was_said_then(db: DatabaseManager):
    say(db, *(user(f"We met again, {'abcd'[month] * 3}", 60 * 24 * 31 * month) for month in range(4)))
    assert find(db, "Whom did I meet in May?")[0].at == START + timedelta(days=62)
    assert find(db, "Whom may I meet?")[0].parts["date"] == 0
    assert find(db, "Whom did I meet on 1 April 2026?")[0].parts["date"] > 0
    assert all(hit.parts["date"] == 0 for hit in find(db, "Whom did I meet in May 1999?"))


def test_vectors_of_another_model_are_never_compared(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    db.add_message("c", "one", embedding=[1.0, 0.0])
    db.add_message("c", "two", embedding=[0.0, 1.0])
    vector = np.asarray([1.0, 0.0], np.float32)
    assert find(db, "x", vector=vector, model="given")[0].parts["meaning"] > 0
    assert [hit.parts["meaning"] for hit in find(db, "x", vector=vector, model="another")] == [0, 0]
    for broken in (np.zeros(2, np.float32), np.full(2, np.nan, np.float32), np.ones(5, np.float32)):
        assert all(np.isfinite(hit.score) for hit in find(db, "x", vector=broken))


def test_texts_without_spaces_between_words_are_found(db: DatabaseManager):
    say(
        db,
        user("我住在上海，我的狗叫豆豆。"),
        user("今天天气很好"),
        user("東京で寿司を食べました"),
        user("Où est le café ?"),
    )
    assert texts(find(db, "上海"))[0].startswith("我住在上海")
    assert texts(find(db, "寿司"))[0].startswith("東京")
    assert texts(find(db, "cafe"))[0].startswith("Où")
