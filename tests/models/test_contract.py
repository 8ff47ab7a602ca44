"""Does every kind of database keep what it is given in the same way?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from turngraph.engine import ValidationError
from turngraph.models import (
    Conflict,
    Conversation,
    ConversationClosed,
    DatabaseManager,
    IllegalTransition,
    MemoryIndex,
    Message,
    NotFound,
    Scope,
    UserPreference,
)
from turngraph.models.conversation import STATUSES
from turngraph.models.lifecycle import LEGAL, accept_message
from turngraph.models.repositories import conversations, memories, messages, preferences
from turngraph.models.repositories.messages import NewMessage

ADA = Scope("default", "ada")
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123456, UTC)


# --- conversations and messages


def test_a_conversation_comes_back_with_its_messages(db: DatabaseManager):
    begun = db.create_conversation("ada", "Lunch", {"from": ["web", 1, None, {"π": True}]})
    db.add_message(begun.id, "hello")
    db.add_message(begun.id, "hi there", "assistant", name="Bot", token_count=7, metadata={"k": [1.5]})
    found = db.get_conversation(begun.id)
    assert (found.id, found.user_id, found.title, found.status) == (begun.id, "ada", "Lunch", "active")
    assert found.meta == {"from": ["web", 1, None, {"π": True}]} == found.to_dict()["metadata"]
    assert [(m.position, m.role, m.name, m.content) for m in found.messages] == [
        (1, "user", None, "hello"),
        (2, "assistant", "Bot", "hi there"),
    ]
    assert found.messages[1].token_count == 7 and found.messages[0].token_count > 0
    assert found.to_dict()["messages"][1]["metadata"] == {"k": [1.5]}


def test_a_conversation_of_its_own_id_is_there_once(db: DatabaseManager):
    assert db.create_conversation("ada", conversation_id="mine").id == "mine"
    with pytest.raises(Conflict):
        db.create_conversation("ada", conversation_id="mine")
    db.create_conversation("eve", conversation_id="mine")
    with pytest.raises(NotFound, match="several users"):
        db.get_conversation("mine")


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.get_conversation("none"),
        lambda db: db.add_message("none", "hello"),
        lambda db: db.get_conversation_messages("none"),
        lambda db: db.create_context_window("none"),
        lambda db: db.get_active_context("none"),
    ],
)
def test_an_unknown_conversation_is_not_found(sqlite: DatabaseManager, call: Any):
    with pytest.raises(NotFound, match="none"):
        call(sqlite)


def test_the_last_ten_are_the_newest_ten_in_order(db: DatabaseManager):
    begun = db.create_conversation("ada")
    for number in range(12):
        db.add_message(begun.id, f"m{number}", at=MOMENT - timedelta(days=number))  # the clock runs backwards
    newest = db.get_conversation_messages(begun.id, limit=10)
    assert [m.content for m in newest] == [f"m{number}" for number in range(2, 12)]
    assert [m.position for m in newest] == list(range(3, 13))
    with db.get_session() as session:
        between = messages.newest(session, ADA, begun.id, limit=3, before=9, after=4)
        assert [m.position for m in between] == [6, 7, 8]
        assert messages.last_position(session, ADA, begun.id) == 12


def test_a_client_id_sent_twice_is_stored_once(db: DatabaseManager):
    begun, other = db.create_conversation("ada"), db.create_conversation("ada")
    first = db.add_message(begun.id, "hello", client_id="m-1")
    again = db.add_message(begun.id, "hello again", client_id="m-1")
    elsewhere = db.add_message(other.id, "hello", client_id="m-1")
    assert (again.id, again.content) == (first.id, "hello") and elsewhere.id != first.id
    assert db.add_message(begun.id, "more").position == 2


def test_client_ids_that_repeat_within_one_batch_are_stored_once(db: DatabaseManager):
    begun = db.create_conversation("ada")
    batch = [NewMessage(f"m{n}", client_id=f"c{n % 600}") for n in range(1200)]
    with db.get_session() as session:
        outcome = messages.add_all(session, conversations.locked(session, ADA, begun.id), batch)
    assert [new for _, new in outcome] == [True] * 600 + [False] * 600
    assert [m.position for m in db.get_conversation_messages(begun.id, 600)] == list(range(1, 601))


def test_a_second_yes_is_a_message(db: DatabaseManager):
    begun = db.create_conversation("ada")
    first, second = db.add_message(begun.id, "yes"), db.add_message(begun.id, "yes")
    assert first.content_hash == second.content_hash and (first.id, first.position) != (second.id, 2)
    assert [m.content for m in db.get_conversation_messages(begun.id)] == ["yes", "yes"]


@pytest.mark.parametrize(
    "content", ["", " \n", "a\x00b", "half \ud83d", "x" * 262_145, "é" * 131_073, 7, None]
)
def test_what_cannot_be_stored_says_so_and_stores_nothing(sqlite: DatabaseManager, content: Any):
    begun = sqlite.create_conversation("ada")
    with pytest.raises(ValidationError, match="content"):
        sqlite.add_message(begun.id, content)
    assert sqlite.get_conversation_messages(begun.id) == []


@pytest.mark.parametrize("bad", [{"n": float("nan")}, {"i": float("inf")}, {"t": "a\x00b"}, {"o": object()}])
def test_metadata_that_is_not_json_says_so_everywhere(sqlite: DatabaseManager, bad: dict[str, Any]):
    db = sqlite
    begun = db.create_conversation("ada")
    calls: list[Any] = [
        lambda: db.add_message(begun.id, "hello", metadata=bad),
        lambda: db.create_conversation("ada", metadata=bad),
        lambda: db.update_user_preference("ada", "k", bad),
        lambda: db.write_now(lambda s: memories.remember(s, ADA, "a fact", metadata=bad)),
    ]
    for call in calls:
        with pytest.raises(ValidationError, match=r"metadata|value"):
            call()


def test_a_title_that_is_too_long_says_so(sqlite: DatabaseManager):
    db = sqlite
    assert db.create_conversation("ada", "x" * 500).title == "x" * 500
    for title in ("x" * 501, "a\x00b"):
        with pytest.raises(ValidationError, match="title"):
            db.create_conversation("ada", title)


@pytest.mark.parametrize(
    "content", ['it\'s "quoted"; DROP TABLE messages --', "日本語 🦖 é\u0301", "x" * 262_144]
)
def test_content_comes_back_as_it_was_sent(db: DatabaseManager, content: str):
    begun = db.create_conversation("ada")
    db.add_message(begun.id, content)
    assert db.get_conversation_messages(begun.id)[0].content == content


def test_times_come_back_aware_in_utc_with_microseconds(db: DatabaseManager):
    begun = db.create_conversation("ada")
    east = MOMENT.astimezone(timezone(timedelta(hours=9)))
    for at in (MOMENT, east, MOMENT.replace(tzinfo=None), MOMENT.replace(microsecond=0)):
        db.add_message(begun.id, "hello", at=at)
    found = [m.timestamp for m in db.get_conversation_messages(begun.id)]
    assert found == [MOMENT] * 3 + [MOMENT.replace(microsecond=0)]
    assert {at.tzinfo for at in found} == {UTC}
    made = db.get_conversation(begun.id).created_at
    assert made.tzinfo is UTC and abs(made - datetime.now(UTC)) < timedelta(hours=1)


def test_imported_history_keeps_its_own_time(db: DatabaseManager):
    begun = db.create_conversation("ada")
    db.add_message(begun.id, "then", at=MOMENT)
    assert db.get_conversation(begun.id).updated_at == MOMENT
    db.add_message(begun.id, "now")
    assert db.get_conversation(begun.id).updated_at > MOMENT


# --- sessions


def test_leaving_a_session_commits_and_its_rows_stay_usable(db: DatabaseManager):
    with db.get_session() as session:
        row = Conversation(user_id="ada", id="c")
        session.add(row)
    assert (row.status, row.title, row.created_at.tzinfo) == ("active", None, UTC)
    assert db.get_conversation("c").to_dict()["user_id"] == "ada"


def test_an_exception_rolls_a_session_back_and_the_next_one_works(db: DatabaseManager):
    with pytest.raises(ZeroDivisionError), db.get_session() as session:
        session.add(Conversation(user_id="ada", id="lost"))
        session.flush()
        _ = 1 / 0
    with db.get_session() as session:
        session.add(Conversation(user_id="ada", id="kept"))
    with db.get_session() as session:
        assert session.scalars(select(Conversation.id)).all() == ["kept"]


def test_a_failed_commit_leaves_nothing_and_the_next_session_works(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    with pytest.raises(IntegrityError), db.get_session() as session:
        session.add_all([Conversation(user_id="ada", id="d"), Conversation(user_id="ada", id="c")])
    with db.get_session() as session:
        assert session.scalars(select(Conversation.id)).all() == ["c"]
    db.create_conversation("ada", conversation_id="e")


def test_a_savepoint_in_a_session_is_kept_or_lost_with_it(db: DatabaseManager):
    with pytest.raises(ZeroDivisionError), db.get_session() as session:
        with session.begin_nested():
            session.add(Conversation(user_id="ada", id="lost"))
        _ = 1 / 0
    with db.get_session() as session:
        with session.begin_nested():
            session.add(Conversation(user_id="ada", id="kept"))
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.add(Conversation(user_id="ada", id="lost too"))
            session.flush()
            _ = 1 / 0
    with db.get_session() as session:
        assert session.scalars(select(Conversation.id)).all() == ["kept"]


def test_a_hundred_messages_in_bulk_count_on_by_themselves(db: DatabaseManager):
    begun = db.create_conversation("ada")
    db.add_message(begun.id, "first")
    with db.get_session() as session:
        rows = [Message(conversation_id=begun.id, content=f"m{n}", role="user") for n in range(100)]
        session.bulk_save_objects(rows)
    found = db.get_conversation_messages(begun.id, limit=200)
    assert [m.position for m in found] == list(range(1, 102))
    assert [m.content for m in found] == ["first", *(f"m{n}" for n in range(100))]
    assert {(m.tenant_id, m.user_id) for m in found} == {("default", "ada")}
    assert all(m.token_count and m.content_hash for m in found)


def test_bulk_messages_of_two_users_with_one_conversation_id_stay_apart(db: DatabaseManager):
    with db.get_session() as session:
        session.add(Conversation(tenant_id="one", user_id="ada", id="c"))
        session.add(Conversation(tenant_id="two", user_id="eve", id="c"))
        session.flush()
        session.bulk_save_objects(
            [Message(user_id=user, conversation_id="c", content=user) for user in ("ada", "eve")]
        )
    with db.get_session() as session:
        found = session.execute(select(Message.tenant_id, Message.content, Message.position)).all()
        assert sorted(tuple(row) for row in found) == [("one", "ada", 1), ("two", "eve", 1)]


def test_a_message_of_nobody_says_what_to_do(db: DatabaseManager):
    with pytest.raises(Exception, match="add the conversation first"), db.get_session() as session:
        session.add(Message(conversation_id="none", content="hello"))


def test_a_memory_is_simply_added(db: DatabaseManager):
    with db.get_session() as session:
        session.add(
            MemoryIndex(user_id="ada", content="likes tea", content_type="entity", importance_score=0.9)
        )
        session.add(MemoryIndex(user_id="ada", content="likes cake", embedding=[1.0, 0.0]))
    assert [m.content for m in db.search_memories("ada")] == ["likes tea", "likes cake"]
    assert [m.content for m in db.search_memories("ada", [1.0, 0.0])] == ["likes cake"]


# --- memories


def remember(db: DatabaseManager, content: str, **options: Any) -> MemoryIndex:
    return db.write_now(lambda session: memories.remember(session, ADA, content, **options)[0])


def test_memories_are_found_by_cosine_and_category(db: DatabaseManager):
    remember(db, "north", embedding=[0.0, 3.0], category="way")
    remember(db, "east", embedding=[0.5, 0.0], category="way")
    remember(db, "north east", embedding=[1.0, 1.0], category="mixed")
    remember(db, "no vector", importance=1.0)
    remember(db, "another model's", embedding=[1.0, 0.0, 0.0])
    assert [m.content for m in db.search_memories("ada", [0.1, 1.0])] == ["north", "north east", "east"]
    assert [m.content for m in db.search_memories("ada", [0.1, 1.0], "way")] == ["north", "east"]
    assert [m.content for m in db.search_memories("ada", [0.1, 1.0], limit=1)] == ["north"]
    assert db.search_memories("eve", [0.1, 1.0]) == []


def test_equally_near_memories_are_ordered_by_importance(db: DatabaseManager):
    for name, importance in (("b", 0.5), ("a", 0.9), ("c", 0.1)):
        remember(db, name, embedding=[1.0, 0.5], importance=importance)
    assert [m.content for m in db.search_memories("ada", [1.0, 0.5])] == ["a", "b", "c"]
    assert [m.content for m in db.search_memories("ada")] == ["a", "b", "c"]


def test_an_embedding_comes_back_as_half_precision_numbers(db: DatabaseManager):
    remember(db, "tea", embedding=[0.25, -1.0, 0.1])
    begun = db.create_conversation("ada")
    message = db.add_message(begun.id, "tea", embedding=[0.25, -1.0])
    found = db.search_memories("ada")[0]
    assert found.embedding_dim == 3 and found.embedding == pytest.approx([0.25, -1.0, 0.1], abs=1e-4)
    assert message.embedding_dim == 2
    assert db.get_conversation_messages(begun.id)[0].embedding == [0.25, -1.0]


def test_the_same_fact_again_makes_it_stronger(db: DatabaseManager):
    begun = db.create_conversation("ada")
    said = [db.add_message(begun.id, text).id for text in ("I like tea", "tea, please")]
    first = remember(db, "likes tea", sources=said[:1])
    again = remember(db, "likes tea", sources=said)
    assert again.id == first.id and again.importance_score > first.importance_score
    with db.get_session() as session:
        behind = memories.sources_of(session, ADA, [first.id])
        assert [m.id for m in behind[first.id]] == said
        memories.touch(session, ADA, [first.id])
    touched = db.search_memories("ada")[0]
    assert touched.access_count == 1 and touched.last_accessed is not None


def test_forgetting_a_conversation_forgets_what_came_from_nowhere_else(db: DatabaseManager):
    gone, stays = db.create_conversation("ada"), db.create_conversation("ada")
    here, there = db.add_message(gone.id, "I like tea").id, db.add_message(stays.id, "I like cake").id
    remember(db, "only here", sources=[here])
    remember(db, "here and there", sources=[here, there])
    remember(db, "from nowhere")
    db.create_context_window(gone.id, [here], "a summary")
    assert db.write_now(lambda session: conversations.forget(session, ADA, gone.id)) == 1
    assert {m.content for m in db.search_memories("ada")} == {"here and there", "from nowhere"}
    with pytest.raises(NotFound):
        db.get_conversation(gone.id)
    assert len(db.get_conversation_messages(stays.id)) == 1


# --- preferences, windows, statistics


def test_a_preference_is_stated_anew(db: DatabaseManager):
    db.update_user_preference("ada", "tone", "formal", "style")
    db.update_user_preference("ada", "tone", {"is": ["casual"]}, "style")
    db.update_user_preference("ada", "language", None)
    assert db.get_user_preferences("ada") == {"tone": {"is": ["casual"]}, "language": None}
    assert db.get_user_preferences("eve") == {}
    with db.get_session() as session:
        assert [p.key for p in preferences.listed(session, ADA, category="style")] == ["tone"]
        assert preferences.remove(session, ADA, "tone") and not preferences.remove(session, ADA, "tone")
    assert db.get_user_preferences("ada") == {"language": None}


def test_what_is_inferred_holds_from_the_third_time_and_never_over_what_is_stated(db: DatabaseManager):
    def infer(key: str, value: str) -> None:
        db.write_now(lambda s: preferences.put(s, ADA, key, value, source="inferred", confidence=0.6))

    for times in range(3):
        assert "length" not in db.get_user_preferences("ada"), times
        infer("length", "short")
    assert db.get_user_preferences("ada") == {"length": "short"}
    infer("length", "long")  # another value is observed for the first time
    assert db.get_user_preferences("ada") == {}
    db.update_user_preference("ada", "length", "long")
    for _ in range(5):
        infer("length", "short")
    assert db.get_user_preferences("ada") == {"length": "long"}


def test_a_context_window_slides(db: DatabaseManager):
    begun = db.create_conversation("ada")
    assert db.get_active_context(begun.id) is None
    first = db.create_context_window(begun.id, ["m1", "m2"], token_count=20)
    second = db.create_context_window(begun.id, ["m3"], "they said hello", 12)
    active = db.get_active_context(begun.id)
    assert active is not None and (active.id, active.summary) == (second.id, "they said hello")
    assert (active.messages, active.token_count, active.is_active) == (["m3"], 12, True)
    with db.get_session() as session:
        rows = session.execute(text("SELECT id FROM context_windows WHERE is_active")).all()
        assert [row[0] for row in rows] == [second.id] and first.id != second.id


def test_statistics_are_what_sql_says(db: DatabaseManager):
    nothing = {"total": 0, "messages": 0, "avg_messages": 0.0, "active": 0, "by_status": {}}
    assert db.get_conversation_stats("ada") == nothing
    assert db.get_memory_stats("ada") == {"total": 0, "categories": {}, "avg_importance": 0.0}
    for number in range(3):
        begun = db.create_conversation("ada", conversation_id=f"c{number}")
        for _ in range(number):
            db.add_message(begun.id, "hello")
    db.write_now(lambda session: conversations.set_status(session, ADA, "c0", "paused"))
    for number, category in enumerate(("food", "food", "work")):
        remember(db, f"fact {number}", category=category, importance=number / 2)
    stats, mine = db.get_conversation_stats("ada"), Conversation.user_id == "ada"
    with db.get_session() as session:
        total = session.scalar(select(func.count()).select_from(Conversation).where(mine)) or 0
        said = session.scalar(select(func.count()).select_from(Message).where(Message.user_id == "ada")) or 0
        mean = session.scalar(select(func.avg(MemoryIndex.importance_score)))
    assert (
        (stats["total"], stats["messages"], stats["avg_messages"]) == (total, said, said / total) == (3, 3, 1)
    )
    assert (stats["active"], stats["by_status"]) == (2, {"active": 2, "paused": 1})
    assert db.get_memory_stats("ada") == {
        "total": 3, "categories": {"food": 2, "work": 1}, "avg_importance": pytest.approx(mean),
    }  # fmt: skip


def test_clean_up_archives_what_is_old_and_keeps_its_messages(db: DatabaseManager):
    old, new = db.create_conversation("ada"), db.create_conversation("eve")
    db.add_message(old.id, "hello", at=datetime.now(UTC) - timedelta(days=31))
    with db.get_session() as session:
        session.add(Conversation(tenant_id="other", user_id="ada", id="theirs", updated_at=MOMENT))
    assert (db.cleanup_old_conversations(days=30), db.cleanup_old_conversations(days=30)) == (1, 0)
    assert db.get_conversation(old.id).status == "archived"
    assert db.get_conversation(new.id).status == "active"
    assert len(db.get_conversation_messages(old.id)) == 1
    with db.get_session() as session:
        theirs = conversations.get(session, Scope("other", "ada"), "theirs")
        assert theirs.status == "active"


# --- lifecycle


@pytest.mark.parametrize("before", STATUSES)
def test_all_transitions_of_a_conversation(db: DatabaseManager, before: str):
    for after in STATUSES:
        with db.get_session() as session:
            session.add(Conversation(user_id="ada", id=after, status=before))

        def move(session: Any, after: str = after) -> Conversation:
            return conversations.set_status(session, ADA, after, after)

        if after in LEGAL[before]:
            assert db.write_now(move).status == after == db.get_conversation(after).status
        else:
            with pytest.raises(IllegalTransition, match="it can become"):
                db.write_now(move)
            assert db.get_conversation(after).status == before


@pytest.mark.parametrize("status", STATUSES)
def test_which_conversations_take_a_message(sqlite: DatabaseManager, status: str):
    with sqlite.get_session() as session:
        row = Conversation(user_id="ada", id="c", status=status)
        session.add(row)
        if status in ("active", "paused"):
            accept_message(row)
            assert row.status == "active"
        else:
            with pytest.raises(ConversationClosed, match="reopen"):
                accept_message(row)


def test_an_unknown_status_lists_the_known_ones(sqlite: DatabaseManager):
    sqlite.create_conversation("ada", conversation_id="c")
    with pytest.raises(ValidationError, match="active, paused, completed, archived"):
        sqlite.write_now(lambda session: conversations.set_status(session, ADA, "c", "gone"))


def test_the_database_itself_refuses_what_no_function_would_write(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    bad = [
        Conversation(user_id="ada", status="gone"),
        Message(conversation_id="c", content="x", role="nobody"),
        Message(tenant_id="default", user_id="ada", conversation_id="none", content="x"),
        UserPreference(user_id="ada", key="k", value=1, source="dreamt"),
    ]
    for row in bad:
        with pytest.raises(IntegrityError), db.get_session() as session:
            session.add(row)


@pytest.mark.parametrize("limit", [-1, True, 1.5, "3"])
def test_a_limit_is_a_number_of_rows(db: DatabaseManager, limit: Any):
    conversation = db.create_conversation("ada")
    db.add_message(conversation.id, "hello")
    for listed in (
        lambda session: conversations.listed(session, ADA, limit=limit),
        lambda session: messages.by_user(session, ADA, limit=limit),
        lambda session: memories.listed(session, ADA, limit=limit),
        lambda session: memories.earlier(session, ADA, limit=limit),
    ):
        with pytest.raises(ValidationError, match="limit: expected a whole number, zero or more"):
            db.read_now(listed)
    assert db.read_now(lambda session: conversations.listed(session, ADA, limit=0)) == []
