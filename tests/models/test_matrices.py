"""Does what is held in memory stay true, whoever writes, and is it bounded?"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.orm import Session

from turngraph.models import Conversation, DatabaseManager, MemoryIndex, Message, Scope, matrices
from turngraph.models.change import version
from turngraph.models.repositories import conversations, memories, messages
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.search import search

ADA = Scope("default", "ada")


def say(db: DatabaseManager, *contents: str, scope: Scope = ADA, talk: str = "c") -> list[str]:
    def work(session: Session) -> list[str]:
        if conversations.find(session, scope, talk) is None:
            conversations.begin(session, scope, conversation_id=talk)
        held = conversations.locked(session, scope, talk)
        return [m.id for m, _ in messages.add_all(session, held, [NewMessage(c) for c in contents])]

    return db.write_now(work)


def found(db: DatabaseManager, query: str, scope: Scope = ADA, **options: Any) -> list[str]:
    return [hit.content for hit in db.read_now(lambda s: search(s, scope, query, **options))]


def held(db: DatabaseManager, scope: Scope = ADA) -> Any:
    """The matrix that is kept for a user now."""
    return db.read_now(lambda s: matrices._shelf(s).of(scope).matrix)


def test_what_is_added_joins_what_is_there_and_nothing_is_read_twice(db: DatabaseManager):
    say(db, "apples", "pears")
    assert found(db, "apples") == ["apples", "pears"]
    first = held(db)
    say(db, "quinces")
    say(db, "plums", talk="d")
    assert found(db, "quinces")[0] == "quinces" and found(db, "plums")[0] == "plums"
    assert held(db) is first and len(first) == 4


def test_what_changes_or_goes_makes_it_anew(db: DatabaseManager):
    ids = say(db, "apples", "pears", "plums")
    found(db, "apples")
    with db.get_session() as session:
        session.execute(update(Message).where(Message.id == ids[0]).values(content="cherries"))
    assert found(db, "cherries")[0] == "cherries" and "apples" not in found(db, "apples")
    with db.get_session() as session:
        session.execute(delete(Message).where(Message.id == ids[2]))
    assert sorted(found(db, "plums")) == ["cherries", "pears"]
    with db.get_session() as session:
        session.execute(delete(Conversation))
    assert found(db, "pears") == []


def test_a_write_that_is_no_concern_of_search_costs_nothing(db: DatabaseManager):
    ids = say(db, "apples")
    memory = db.write_now(lambda s: memories.remember(s, ADA, "likes apples", sources=ids)[0].id)
    found(db, "apples")
    before, first = db.read_now(lambda s: version(s, ADA)), held(db)
    db.write_now(lambda s: memories.touch(s, ADA, [memory]))
    db.write_now(lambda s: messages.answered(s, ADA, ids[0]))
    assert db.read_now(lambda s: version(s, ADA)) == before
    found(db, "apples")
    assert held(db) is first


def test_a_closed_memory_is_seen_to_be_closed(db: DatabaseManager):
    memory = db.write_now(lambda s: memories.remember(s, ADA, "lives in Paris")[0])
    assert found(db, "Paris") == ["lives in Paris"]
    with db.get_session() as session:
        session.execute(
            update(MemoryIndex).where(MemoryIndex.id == memory.id).values(valid_to=memories.now())
        )
    assert found(db, "Paris") == []
    assert found(db, "where did they live before Paris") == ["lives in Paris"]


def test_rows_added_in_bulk_or_by_hand_are_found_like_others(db: DatabaseManager):
    say(db, "apples")
    found(db, "apples")
    vector = np.asarray([0.6, 0.8], np.float32)
    with db.get_session() as session:
        session.add(Message(conversation_id="c", content="by the ORM", embedding=vector.tolist()))
        session.flush()
        session.execute(
            insert(Message), [{"conversation_id": "c", "content": f"in bulk {n}", "embedding": [1.0, 0.0]} for n in range(3)]
        )  # fmt: skip
    assert found(db, "bulk")[0].startswith("in bulk")
    assert found(db, "unrelated", vector=vector)[0] == "by the ORM"
    assert len(held(db)) == 5


def test_what_is_rolled_back_was_never_seen_by_others(db: DatabaseManager):
    say(db, "apples")
    with db.get_session() as session:
        session.add(Message(conversation_id="c", content="a secret pear"))
        session.flush()
        assert "a secret pear" in [hit.content for hit in search(session, ADA, "pear")]
        session.rollback()
    say(db, "a public pear")
    assert sorted(found(db, "pear")) == ["a public pear", "apples"]


def test_users_are_held_apart(db: DatabaseManager):
    other = Scope("elsewhere", "ada")
    say(db, "apples of mine")
    say(db, "apples of theirs", scope=other)
    assert found(db, "apples") == ["apples of mine"] and found(db, "apples", other) == ["apples of theirs"]


def test_there_is_room_for_so_much_and_the_last_used_stays(
    sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    users = [Scope("default", f"user{n}") for n in range(5)]
    for user in users:
        say(sqlite, *(f"{user.user} said {n}" for n in range(20)), scope=user)
    monkeypatch.setattr(matrices, "ROOM", 2 * 20_000)
    for user in users:
        assert found(sqlite, "said", user, limit=1)
    kept = sqlite.read_now(lambda s: list(matrices._shelf(s)._kept))
    assert kept[-1] == users[-1] and 1 <= len(kept) < len(users)
    sqlite.read_now(lambda s: matrices.drop(s, users[-1]))
    assert users[-1] not in sqlite.read_now(lambda s: list(matrices._shelf(s)._kept))
    assert found(sqlite, "said", users[-1], limit=1)


def test_a_user_who_comes_again_is_not_taken_for_the_one_before(db: DatabaseManager):
    say(db, "apples", "pears")
    found(db, "apples")
    with db.get_session() as session:
        session.execute(delete(Conversation))
        session.execute(text("DELETE FROM search_changes"))
    time.sleep(0.002)
    say(db, "cherries", "plums")
    assert sorted(found(db, "apples")) == ["cherries", "plums"]


WRITER = """
import sys
from turngraph.models import DatabaseManager, Message
with DatabaseManager(sys.argv[1]) as db:
    if sys.argv[2] == "add":
        print(db.add_message("c", sys.argv[3]).id)
    else:
        with db.get_session() as session:
            session.query(Message).filter_by(id=sys.argv[3]).delete()
"""


def test_what_another_process_writes_is_found_and_what_it_forgets_never_shown(lasting_url: str, python: Any):
    with DatabaseManager(lasting_url) as db:
        say(db, "apples")
        assert found(db, "a pear") == ["apples"]
        added = python(WRITER, lasting_url, "add", "a pear of another process")
        assert found(db, "a pear")[0] == "a pear of another process"
        python(WRITER, lasting_url, "forget", added)
        assert found(db, "a pear") == ["apples"]


def test_on_postgresql_what_is_committed_late_is_found_and_nobody_waits(postgres: DatabaseManager):
    say(postgres, "apples")
    say(postgres, "early", talk="d")
    with postgres.get_session() as slow, postgres.get_session() as quick:
        slow.add(Message(conversation_id="c", content="numbered first, committed last"))
        slow.flush()
        quick.add(Message(conversation_id="d", content="numbered last, committed first"))
        quick.commit()
        assert "numbered last, committed first" in found(postgres, "committed")
        slow.commit()
    assert len(found(postgres, "committed")) == 4


def test_on_postgresql_the_counts_are_added_up_without_being_changed(postgres: DatabaseManager):
    for number in range(20):
        say(postgres, f"message {number}")
    before = postgres.read_now(lambda s: version(s, ADA))
    for _ in range(100):  # a transaction that others have open may still stand in the way
        with postgres.engine.begin() as connection:
            connection.execute(text("SELECT turngraph_add_up_changes()"))
            rows = connection.scalar(text("SELECT count(*) FROM search_changes WHERE kind = 'message'"))
        if rows == 1:
            break
        time.sleep(0.05)
    assert rows == 1 and postgres.read_now(lambda s: version(s, ADA)) == before
    assert before.added["message"] == 20
