"""Are old conversations put away by themselves, once a day at most, and only where it is wished for?"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from turngraph.engine import ValidationError
from turngraph.models import Conversation, DatabaseManager, Scope, Upkeep, archive
from turngraph.models.archive import archive_when_due
from turngraph.models.base import now
from turngraph.models.pruning import prunable_conversations, prune_conversations
from turngraph.models.repositories import conversations, messages
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.search import search
from turngraph.services import SettingError
from turngraph.workflows import ConversationManager

ADA, OTHER = Scope("default", "ada"), Scope("other", "ada")
AGES = {"new": 1, "old": 40, "older": 400}


@pytest.fixture(autouse=True)
def thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNGRAPH_ARCHIVE_AFTER", "30")


def begin(db: DatabaseManager) -> None:
    def work(session: Session) -> None:
        for scope in (ADA, OTHER):
            for name, days in AGES.items():
                talk = conversations.begin(session, scope, conversation_id=name)
                messages.add(session, talk, NewMessage(f"A {name} word"))
                talk.created_at = talk.updated_at = now() - timedelta(days=days)

    db.write_now(work)


def statuses(db: DatabaseManager, scope: Scope = ADA) -> dict[str, str]:
    query = select(Conversation.id, Conversation.status).where(
        Conversation.tenant_id == scope.tenant, Conversation.user_id == scope.user
    )
    return {id_: status for id_, status in db.read_now(lambda session: session.execute(query).all())}


def never_done(db: DatabaseManager) -> None:
    with db.get_session() as session:
        session.execute(delete(Upkeep))


def age_last(db: DatabaseManager, by: timedelta) -> None:
    with db.get_session() as session:
        session.execute(update(Upkeep).values(done_at=now() - by))


def test_what_is_old_is_archived_for_everybody_and_its_messages_stay(db: DatabaseManager) -> None:
    begin(db)
    never_done(db)
    assert archive_when_due(db.engine) == 4
    for scope in (ADA, OTHER):
        assert statuses(db, scope) == {"new": "active", "old": "archived", "older": "archived"}
        said = db.read_now(lambda session, scope=scope: messages.newest(session, scope, "old"))  # type: ignore[misc]
        assert [message.content for message in said] == ["A old word"]


def test_it_happens_once_a_day(db: DatabaseManager) -> None:
    assert archive_when_due(db.engine) == 0
    begin(db)
    assert archive_when_due(db.engine) == 0
    age_last(db, timedelta(hours=23))
    assert archive_when_due(db.engine) == 0
    age_last(db, timedelta(hours=25))
    assert archive_when_due(db.engine) == 4
    assert archive_when_due(db.engine) == 0


def test_of_those_who_start_at_once_one_does_it(db: DatabaseManager) -> None:
    begin(db)
    never_done(db)
    done: list[int] = []
    threads = [Thread(target=lambda: done.append(archive_when_due(db.engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 4]


def test_history_that_was_taken_in_lately_is_not_old(db: DatabaseManager) -> None:
    def work(session: Session) -> None:
        talk = conversations.begin(session, ADA, conversation_id="taken in")
        messages.add(session, talk, NewMessage("Long ago", at=now() - timedelta(days=900)))

    db.write_now(work)
    never_done(db)
    assert archive_when_due(db.engine) == 0
    assert statuses(db) == {"taken in": "active"}


@pytest.mark.parametrize("days", ["0", ""])
def test_it_is_off_unless_it_is_set(
    sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("TURNGRAPH_ARCHIVE_AFTER", days)
    begin(sqlite)
    assert archive_when_due(sqlite.engine) == 0


def test_a_number_of_days_is_a_number(sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNGRAPH_ARCHIVE_AFTER", "soon")
    with pytest.raises(SettingError, match="TURNGRAPH_ARCHIVE_AFTER"):
        archive_when_due(sqlite.engine)


def test_it_waits_for_another_time_while_somebody_writes_here(sqlite: DatabaseManager) -> None:
    begin(sqlite)
    never_done(sqlite)
    with sqlite.get_session() as session:
        conversations.begin(session, ADA)
        assert archive_when_due(sqlite.engine) == 0
    assert archive_when_due(sqlite.engine) == 4


async def test_opening_a_database_does_it_and_the_list_leaves_them_out(lasting_url: str) -> None:
    with DatabaseManager(lasting_url) as db:
        begin(db)
        age_last(db, timedelta(days=2))
    with DatabaseManager(lasting_url) as db:
        ada = ConversationManager("ada", db)
        assert [found["id"] for found in await ada.conversations()] == ["new"]
        assert [found["id"] for found in await ada.conversations("archived")] == ["old", "older"]


async def test_a_process_that_stays_open_does_it_at_a_turns_end(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [now()]
    monkeypatch.setattr(archive, "now", lambda: clock[0])
    server = ConversationManager("eve", db)
    await server.send_message("Good morning.")
    begin(db)
    for hours, old in (
        (0.5, "active"),
        (22, "active"),
        (2, "archived"),
    ):  # less than an hour, a day, and more
        clock[0] += timedelta(hours=hours)
        await server.send_message("Hello.")
        for scope in (ADA, OTHER):
            assert statuses(db, scope) == {"new": "active", "old": old, "older": old}
    assert set(statuses(db, Scope("default", "eve")).values()) == {"active"}
    with db.get_session() as session:
        session.execute(update(Conversation).values(status="active"))
    clock[0] += timedelta(hours=23)
    await server.send_message("Hello again.")
    assert statuses(db)["old"] == "active"
    clock[0] += timedelta(hours=2)
    await server.send_message("And again.")
    assert statuses(db)["old"] == "archived"


async def test_what_goes_wrong_with_it_takes_no_turn_along(
    sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(session: Session, moment: datetime, days: int) -> int:
        session.execute(text("SELECT nothing FROM nowhere"))
        return 0

    sqlite.read_now(lambda session: None)
    never_done(sqlite)
    monkeypatch.setattr(archive, "_archive", broken)
    reply = await ConversationManager("ada", sqlite).send_message("Good morning.")
    assert reply["generation_success"] and reply["final_session_status"] == "active"
    assert "archiving old conversations: OperationalError" in caplog.text


async def test_pruning_forgets_what_was_archived_long_ago_of_this_user_only(db: DatabaseManager) -> None:
    begin(db)
    ninety = timedelta(days=90)
    assert await prune_conversations(db, ADA, ninety) == []  # none is archived
    never_done(db)
    assert archive_when_due(db.engine) == 4
    assert [talk.id for talk in await prunable_conversations(db, ADA, ninety)] == ["older"]
    assert [receipt.target for receipt in await prune_conversations(db, ADA, ninety)] == ["older"]
    assert statuses(db) == {"new": "active", "old": "archived"}
    assert statuses(db, OTHER).keys() == AGES.keys()
    hits = await db.read(lambda session: search(session, ADA, "word"))
    assert {hit.content for hit in hits} == {"A new word", "A old word"}
    assert len(await prune_conversations(db, ADA, timedelta(days=30))) == 1
    assert await prunable_conversations(db, ADA, timedelta(0)) == []
    with pytest.raises(ValidationError, match="older_than"):
        await prune_conversations(db, ADA, timedelta(days=-1))


async def test_pruning_spares_what_was_taken_in_lately_or_reopened(sqlite: DatabaseManager) -> None:
    begin(sqlite)
    then = now() + timedelta(days=1)
    with sqlite.get_session() as session:
        session.execute(update(Conversation).values(status="archived"))
        session.execute(update(Conversation).where(Conversation.id == "older").values(created_at=now()))
    ada = ConversationManager("ada", sqlite)
    await ada.reopen("old")
    assert await prune_conversations(sqlite, ADA, timedelta(days=30), then) == []
    assert statuses(sqlite) == {"new": "archived", "old": "active", "older": "archived"}
