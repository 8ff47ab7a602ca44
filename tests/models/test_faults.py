"""Is nobody told what is not so, when the disk is full, a COMMIT fails, or a connection is lost?"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from turngraph.models import (
    CommitUnknown,
    Conversation,
    DatabaseBusy,
    DatabaseFull,
    DatabaseManager,
    Message,
    Scope,
    lock,
)
from turngraph.models.repositories import conversations, messages
from turngraph.models.repositories.messages import NewMessage

ADA = Scope("default", "ada")
BIG = "x" * 20_000


def begins(name: str, content: str = "") -> Callable[[Session], str]:
    """A write of one row, large where one asks for it."""

    def work(session: Session) -> str:
        session.add(Conversation(user_id="ada", id=name, meta={"content": content}))
        return name

    return work


def says(name: str) -> Callable[[Session], str]:
    """A write of a conversation and a large message, whose full-text triggers write too."""

    def work(session: Session) -> str:
        talk = conversations.begin(session, ADA, conversation_id=name)
        messages.add(session, talk, NewMessage(BIG))
        return name

    return work


def stored(db: DatabaseManager) -> list[str]:
    with db.get_session() as session:
        return list(session.scalars(select(Conversation.id).order_by(Conversation.id)))


# --- a full disk


class Disk:
    """Bounds the file of a database for its writer, as a full disk would."""

    def __init__(self, db: DatabaseManager) -> None:
        self.pages = 1_073_741_823
        self._db = db
        self._connections: list[sqlite3.Connection] = []
        event.listen(db._ready().engines.writer, "connect", self._bound)

    def _bound(self, connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages}")
        self._connections.append(connection)

    def leave(self, more: int | None) -> None:
        """Leaves room for so many pages more, or for all."""
        with self._db.get_session() as session:
            there = session.scalar(text("PRAGMA page_count"))
        self.pages = 1_073_741_823 if more is None else there + more
        for connection in self._connections:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed
                connection.execute(f"PRAGMA max_page_count = {self.pages}")


@pytest.fixture
def disk(sqlite: DatabaseManager) -> Disk:
    return Disk(sqlite)


@pytest.mark.parametrize("work", ["rows", "rows with triggers"])
async def test_a_full_disk_midway_in_a_group_lies_to_nobody(
    sqlite: DatabaseManager, disk: Disk, as_one_group: Any, work: str
):
    names = [f"c{number:02}" for number in range(30)]
    works = [begins(name, BIG) if work == "rows" else says(name) for name in names]
    disk.leave(60)
    outcome = await as_one_group(sqlite, works)
    told = [answer for answer in outcome if isinstance(answer, str)]
    assert 0 < len(told) < 30 and stored(sqlite) == told
    errors = [answer for answer in outcome if not isinstance(answer, str)]
    assert {type(error) for error in errors} == {DatabaseFull}
    assert "free some space" in str(errors[0])
    disk.leave(None)
    missing = sorted(set(names) - set(told))
    assert await asyncio.gather(*(sqlite.write(begins(name)) for name in missing)) == missing
    assert stored(sqlite) == names
    with sqlite.get_session() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        said = session.scalar(select(func.count()).select_from(Message))
        assert said == (0 if work == "rows" else len(told))


async def test_a_write_that_hides_the_full_disk_is_not_stored_by_halves(
    sqlite: DatabaseManager, disk: Disk, as_one_group: Any
):
    def hides(session: Session) -> None:
        with contextlib.suppress(Exception):
            session.execute(
                text(
                    "INSERT INTO owners (id, tenant_id, fence, lease_until, started_at, host) VALUES ('a', 't', 1, '', '', :x)"
                ),
                {"x": "x" * 900_000},
            )
        session.execute(
            text(
                "INSERT INTO owners (id, tenant_id, fence, lease_until, started_at) VALUES ('b', 't', 1, '', '')"
            )
        )

    disk.leave(20)
    before, hidden, behind = await as_one_group(sqlite, [begins("before"), hides, begins("behind")])
    assert (before, behind, stored(sqlite)) == ("before", "behind", ["before", "behind"])
    assert isinstance(hidden, Exception) and "nothing of this write was stored" in str(hidden)
    with sqlite.get_session() as session:
        assert session.execute(text("SELECT id FROM owners")).all() == []


async def test_a_full_disk_in_a_session_is_rolled_back_and_lets_others_write(sqlite: DatabaseManager):
    engine = sqlite.engine
    with pytest.raises(Exception, match="full"), sqlite.get_session() as session:
        there = session.scalar(text("PRAGMA page_count")) or 0
        session.execute(text(f"PRAGMA max_page_count = {there + 5}"))
        session.add(Conversation(user_id="ada", id="lost", meta={"x": "x" * 500_000}))
    engine.dispose()
    assert await sqlite.write(begins("c")) == "c"
    assert stored(sqlite) == ["c"]


# --- a COMMIT that fails


@pytest.fixture
def failing_commits(db: DatabaseManager, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """The errors of the next COMMITs of the writer."""
    errors: list[Exception] = []
    dialect = db._ready().engines.writer.dialect
    commit = dialect.do_commit

    def do_commit(connection: Any) -> None:
        if errors and threading.current_thread().name.startswith("turngraph-writer"):
            raise errors.pop(0)
        commit(connection)

    monkeypatch.setattr(dialect, "do_commit", do_commit)
    yield errors


def driver_error(db: DatabaseManager, text: str) -> Exception:
    if db.dialect == "sqlite":
        return sqlite3.OperationalError(text)
    import psycopg

    return psycopg.OperationalError(text)


async def test_after_a_failed_commit_each_runs_again_alone_and_is_stored_once(
    db: DatabaseManager, failing_commits: list[Exception], as_one_group: Any
):
    calls: list[str] = []

    def work_of(name: str) -> Callable[[Session], str]:
        def work(session: Session) -> str:
            calls.append(name)
            if len(calls) == 1:
                failing_commits.append(driver_error(db, "disk I/O error"))
            return begins(name)(session)

        return work

    names = [f"c{number}" for number in range(10)]
    assert await as_one_group(db, [work_of(name) for name in names]) == names == stored(db)
    assert calls == [*names, *names] and not failing_commits


async def test_a_commit_that_always_fails_is_told(db: DatabaseManager, failing_commits: list[Exception]):
    failing_commits += [driver_error(db, "disk I/O error")] * 2
    with pytest.raises(Exception, match="disk I/O error"):
        await db.write(begins("lost"))
    failing_commits.clear()
    assert await db.write(begins("c")) == "c"
    assert stored(db) == ["c"]


# --- others who write


async def test_a_writer_of_another_process_is_waited_for(sqlite: DatabaseManager):
    sqlite.create_conversation("ada", conversation_id="a")
    other = sqlite3.connect(sqlite._url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(sqlite.write(begins("b")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    other.execute("COMMIT")
    other.close()
    assert await task == "b"


async def test_a_session_never_closed_is_named_in_the_end(
    sqlite: DatabaseManager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with sqlite.get_session() as session:
            session.add(Conversation(user_id="ada", id="a"))
            session.flush()
            holds.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(30)
    with pytest.raises(DatabaseBusy, match="close its session"):
        await sqlite.write(begins("b"))
    done.set()
    thread.join()
    assert await sqlite.write(begins("b")) == "b"


# --- PostgreSQL


async def test_a_deadlock_is_run_again_and_nobody_hears_of_it(postgres: DatabaseManager):
    for name in ("a", "b"):
        postgres.create_conversation("ada", name, conversation_id=name)
    met = threading.Barrier(2, timeout=30)
    calls: list[str] = []

    def touches(first: str, second: str) -> Callable[[Session], None]:
        def work(session: Session) -> None:
            session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            add = text("UPDATE conversations SET title = title || :who WHERE id = :id")
            session.execute(add, {"who": first, "id": first})
            calls.append(first)
            if len(calls) <= 2:
                met.wait()
            session.execute(add, {"who": first, "id": second})

        return work

    one = asyncio.create_task(postgres.write(touches("a", "b")))
    while not calls:  # the other one must be another group
        await asyncio.sleep(0.001)
    await asyncio.gather(one, postgres.write(touches("b", "a")))
    assert len(calls) >= 3
    titles = {name: sorted(postgres.get_conversation(name).title or "") for name in ("a", "b")}
    assert titles == {"a": ["a", "a", "b"], "b": ["a", "b", "b"]}


async def test_a_serialization_failure_is_run_again(postgres: DatabaseManager, as_one_group: Any):
    calls: list[str] = []

    def fails_once(session: Session) -> str:
        begins("c")(session)
        session.flush()
        calls.append("c")
        if len(calls) < 3:
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))
        return "c"

    assert await as_one_group(postgres, [begins("a"), fails_once, begins("b")]) == ["a", "c", "b"]
    assert (stored(postgres), len(calls)) == (["a", "b", "c"], 3)


def kills(session: Session, url: str) -> None:
    """Ends the session's connection from outside."""
    import psycopg

    pid = session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


@pytest.mark.parametrize("when", ["before its rows", "behind its rows"])
async def test_a_connection_killed_before_the_commit_is_made_anew(
    postgres: DatabaseManager, used_postgres: str, as_one_group: Any, when: str
):
    calls: list[str] = []

    def killed_once(session: Session) -> str:
        calls.append("k")
        if when == "behind its rows":
            begins("k")(session)
            session.flush()
        if len(calls) == 1:
            kills(session, used_postgres)
        if when == "before its rows":
            begins("k")(session)
        return "k"

    assert await as_one_group(postgres, [begins("a"), killed_once, begins("b")]) == ["a", "k", "b"]
    assert stored(postgres) == ["a", "b", "k"]


async def test_a_connection_killed_at_the_commit_is_stored_or_said_to_be_unknown(
    postgres: DatabaseManager, used_postgres: str, as_one_group: Any
):
    engine, armed = postgres._ready().engines.writer, [True]

    def kill(connection: Any) -> None:
        if armed and threading.current_thread().name.startswith("turngraph-writer"):
            armed.clear()
            kills(connection, used_postgres)

    event.listen(engine, "commit", kill)
    with pytest.raises(CommitUnknown, match="read to learn"):
        await postgres.write(begins("c"))
    assert stored(postgres) == []
    assert await postgres.write(begins("c")) == "c"


async def test_an_idle_connection_that_was_killed_is_noticed(postgres: DatabaseManager, used_postgres: str):
    import psycopg

    assert await postgres.write(begins("a")) == "a"
    with psycopg.connect(used_postgres, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    assert await postgres.write(begins("b")) == "b"
    assert await postgres.read(lambda session: session.scalar(text("SELECT 1"))) == 1
    assert stored(postgres) == ["a", "b"]


async def test_writes_with_a_common_key_run_one_after_the_other(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    running: list[str] = []

    def work(session: Session) -> int:
        running.append("x")
        assert len(running) == 1 or db.dialect == "sqlite"
        position = messages.last_position(session, ADA, "c") + 1  # without a lock on the row
        session.add(
            Message(tenant_id="default", user_id="ada", conversation_id="c", content="m", position=position)
        )
        session.flush()
        running.clear()
        return position

    write = partial(db.write_now, work, keys=["conversation_id:c"])  # from many threads, so in many groups
    positions = await asyncio.gather(*(asyncio.to_thread(write) for _ in range(50)))
    assert sorted(positions) == list(range(1, 51))


async def test_fifty_writers_on_one_conversation_leave_no_gap(db: DatabaseManager):
    db.create_conversation("ada", conversation_id="c")
    await asyncio.gather(*(asyncio.to_thread(db.add_message, "c", f"m{number}") for number in range(50)))
    found = db.get_conversation_messages("c", limit=100)
    assert [m.position for m in found] == list(range(1, 51))
    assert {m.content for m in found} == {f"m{number}" for number in range(50)}


async def test_keys_in_any_order_never_wait_for_each_other(postgres: DatabaseManager):
    def adds(number: int) -> Callable[[Session], str]:
        return begins(f"c{number:02}")

    keys = [["a", "b", "c"], ["c", "b", "a"], ["b", "a"], []]
    works = (postgres.write(adds(n), keys=keys[n % 4]) for n in range(80))
    assert sorted(await asyncio.gather(*works)) == stored(postgres)


async def test_one_preference_put_by_many_at_once_is_one_row(db: DatabaseManager):
    puts = (asyncio.to_thread(db.update_user_preference, "ada", "k", number) for number in range(20))
    await asyncio.gather(*puts)
    assert list(db.get_user_preferences("ada")) == ["k"]
