"""Is every write answered once, after its COMMIT, whatever the others of its group do?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from turngraph.models import Conflict, Conversation, DatabaseError, DatabaseManager, SessionMisuse

variable: ContextVar[str] = ContextVar("variable", default="unset")


def begins(name: str) -> Callable[[Session], str]:
    """A write of one row."""

    def work(session: Session) -> str:
        session.add(Conversation(user_id="ada", id=name))
        return name

    return work


def stored(db: DatabaseManager) -> list[str]:
    with db.get_session() as session:
        return list(session.scalars(select(Conversation.id).order_by(Conversation.id)))


def count_commits(db: DatabaseManager) -> list[Any]:
    seen: list[Any] = []
    event.listen(db._ready().engines.writer, "commit", seen.append)
    return seen


# --- groups


async def test_writes_that_wait_share_one_commit(db: DatabaseManager, as_one_group: Any):
    commits = count_commits(db)
    names = [f"c{number:02}" for number in range(50)]
    assert await as_one_group(db, [begins(name) for name in names]) == names
    assert len(commits) <= 2
    assert stored(db) == names


async def test_two_hundred_concurrent_writes_are_all_stored_in_far_fewer_commits(sqlite: DatabaseManager):
    commits = count_commits(sqlite)
    names = [f"c{number:03}" for number in range(200)]
    assert await asyncio.gather(*(sqlite.write(begins(name)) for name in names)) == names
    assert stored(sqlite) == names and len(commits) < 50


async def test_writes_that_are_answered_together_ask_together(sqlite: DatabaseManager):
    sqlite.read_now(lambda session: None)
    commits = count_commits(sqlite)

    async def four(caller: int) -> None:
        for number in range(4):
            await sqlite.write(begins(f"c{caller:02}-{number}"))

    await asyncio.gather(*(four(caller) for caller in range(20)))
    assert len(stored(sqlite)) == 80 and len(commits) <= 2 * 4


async def test_an_exception_in_one_write_is_its_own(db: DatabaseManager, as_one_group: Any):
    def fails(session: Session) -> None:
        begins("lost")(session)
        session.flush()
        raise ZeroDivisionError("mine")

    first, failed, last = await as_one_group(db, [begins("a"), fails, begins("b")])
    assert (first, last, stored(db)) == ("a", "b", ["a", "b"])
    assert isinstance(failed, ZeroDivisionError) and str(failed) == "mine"


async def test_a_conflict_in_one_of_sixty_writes_leaves_fifty_nine_stored_once(
    db: DatabaseManager, as_one_group: Any
):
    db.create_conversation("ada", conversation_id="there")
    names = [f"c{number:02}" for number in range(60)]
    outcome = await as_one_group(db, [begins("there" if name == "c30" else name) for name in names])
    assert [type(o) for o in outcome if not isinstance(o, str)] == [Conflict]
    assert isinstance(outcome[30], Conflict) and outcome[30].__cause__ is not None
    assert stored(db) == sorted({*names, "there"} - {"c30"})


async def test_a_write_that_fails_at_the_flush_after_its_return_is_told(db: DatabaseManager):
    with pytest.raises(Conflict):
        await db.write(
            lambda session: (
                begins("c")(session),
                session.flush(),
                session.expunge_all(),
                begins("c")(session),
            )
        )
    assert stored(db) == []


async def test_a_write_is_answered_only_after_the_commit(db: DatabaseManager, as_one_group: Any):
    order: list[str] = []
    event.listen(db._ready().engines.writer, "commit", lambda connection: order.append("commit"))
    write = db._ready().writer.write

    def noted(work: Any, keys: Any) -> Any:
        answer = write(work, keys)
        answer.add_done_callback(lambda _: order.append("answer"))
        return answer

    db._ready().writer.write = noted  # type: ignore[method-assign]
    await as_one_group(db, [begins("a"), begins("b")])
    assert order[-3:] == ["commit", "answer", "answer"]
    assert stored(db) == ["a", "b"]


async def test_rows_that_a_write_gives_stay_usable(db: DatabaseManager):
    row = await db.write(lambda session: session.merge(Conversation(user_id="ada", id="c", title="Lunch")))
    assert (row.title, row.status, row.created_at is None) == ("Lunch", "active", False)
    read = await db.read(lambda session: session.scalars(select(Conversation)).one())
    assert read.title == "Lunch"


async def test_a_stop_iteration_reaches_the_caller(db: DatabaseManager):
    for call in (db.write, db.read):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(call(lambda session: next(iter([]))), 30)
    with pytest.raises(RuntimeError, match="StopIteration"):
        db.write_now(lambda session: next(iter([])))


async def test_an_exception_that_is_no_error_reaches_the_caller_and_the_writer_lives(db: DatabaseManager):
    class Odd(BaseException):
        pass

    def fails(session: Session) -> None:
        raise Odd

    with pytest.raises(Odd):
        await db.write(fails)
    assert await db.write(begins("c")) == "c"


# --- the lent session


@pytest.mark.parametrize("call", ["commit", "rollback", "close"])
async def test_ending_the_transaction_of_a_step_is_refused_with_the_mend(db: DatabaseManager, call: str):
    def work(session: Session) -> None:
        begins("lost")(session)
        getattr(session, call)()

    with pytest.raises(SessionMisuse, match=r"begin_nested\(\)"):
        await db.write(work)
    with pytest.raises(SessionMisuse, match=r"begin_nested\(\)"):
        await db.read(lambda session: getattr(session, call)())
    assert stored(db) == []


async def test_a_part_of_a_write_may_be_nested(db: DatabaseManager, as_one_group: Any):
    def work(session: Session) -> str:
        with session.begin_nested():
            begins("part")(session)
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            begins("lost")(session)
            session.flush()
            _ = 1 / 0
        return begins("whole")(session)

    assert await as_one_group(db, [begins("before"), work, begins("behind")]) == ["before", "whole", "behind"]
    assert stored(db) == ["before", "behind", "part", "whole"]


async def test_a_read_may_not_write(db: DatabaseManager):
    for work in (begins("c"), lambda s: s.execute(text("DELETE FROM messages"))):
        with pytest.raises(SessionMisuse, match="post, or with db"):
            await db.read(lambda session, work=work: (work(session), session.flush()))
    assert stored(db) == []


# --- what would wait for itself


async def test_a_write_while_one_writes_oneself_says_so_at_once(sqlite: DatabaseManager):
    with sqlite.get_session() as session:
        session.add(Conversation(user_id="ada", id="mine"))
        session.flush()
        with pytest.raises(SessionMisuse, match="commit or close"):
            await sqlite.write(begins("other"))
        with pytest.raises(SessionMisuse, match="close that first"):
            sqlite.write_now(begins("other"))
        session.commit()
        assert await sqlite.write(begins("other")) == "other"
    assert stored(sqlite) == ["mine", "other"]


@pytest.mark.parametrize("statement", ["core", "bulk", "text"])
async def test_every_kind_of_statement_counts_as_writing(sqlite: DatabaseManager, statement: str):
    row = Conversation(user_id="ada", id="mine")
    with sqlite.get_session() as session:
        if statement == "core":
            session.execute(Conversation.__table__.delete())  # type: ignore[attr-defined]
        elif statement == "bulk":
            session.bulk_save_objects([row])
        else:
            session.execute(text(" delete from messages"))
        with pytest.raises(SessionMisuse):
            await sqlite.write(begins("other"))


async def test_a_session_that_only_reads_locks_nobody_out(sqlite: DatabaseManager):
    with sqlite.get_session() as session:
        assert session.scalars(select(Conversation)).all() == []
        assert await sqlite.write(begins("c")) == "c"
        assert session.scalars(select(Conversation.id)).all() == ["c"]


async def test_a_write_from_inside_a_write_says_so_at_once(db: DatabaseManager):
    for inner in (
        lambda: db.write_now(begins("other")),
        lambda: asyncio.run(db.write(begins("other"))),
    ):
        with pytest.raises(SessionMisuse):
            await db.write(lambda session, inner=inner: inner())
    assert stored(db) == []


async def test_a_session_of_ones_own_inside_a_write_says_so_at_once(sqlite: DatabaseManager):
    def work(_session: Session) -> None:
        with sqlite.get_session() as session:
            session.add(Conversation(user_id="ada"))

    with pytest.raises(SessionMisuse, match="a step"):
        await sqlite.write(work)


def test_two_sessions_of_one_thread_say_so_at_once(sqlite: DatabaseManager):
    with sqlite.get_session() as first, sqlite.get_session() as second:
        first.add(Conversation(user_id="ada", id="a"))
        first.flush()
        assert second.scalars(select(Conversation)).all() == []
        second.add(Conversation(user_id="ada", id="b"))
        with pytest.raises(SessionMisuse, match="get_session"):
            second.flush()
        second.rollback()
        first.commit()
        second.add(Conversation(user_id="ada", id="b"))
    assert stored(sqlite) == ["a", "b"]


def test_sessions_of_two_threads_take_turns(sqlite: DatabaseManager):
    def write(number: int) -> None:
        for turn in range(10):
            with sqlite.get_session() as session:
                session.add(Conversation(user_id="ada", id=f"{number}-{turn}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        sqlite.write_now(begins(f"w{number}"))
    for thread in threads:
        thread.join()
    assert len(stored(sqlite)) == 60


def test_the_driver_keeps_its_own_mode_for_sessions(sqlite: DatabaseManager):
    sqlite.create_conversation("ada")
    with sqlite.engine.connect() as connection:
        connection.execute(text("VACUUM"))


# --- loops, contexts, the end


async def test_a_cancelled_write_is_delivered_after_its_outcome(
    db: DatabaseManager, one_writer: None, gate: Any
):
    shut = gate(db)
    task = asyncio.create_task(db.write(begins("c")))
    await shut.queued(1)
    for _ in range(3):
        task.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        assert not task.done()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stored(db) == ["c"]


async def test_a_cancelled_write_that_fails_leaves_no_unheard_error(
    db: DatabaseManager, one_writer: None, gate: Any
):
    shut = gate(db)
    task = asyncio.create_task(db.write(lambda session: 1 / 0))
    await shut.queued(1)
    task.cancel()
    shut.open()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_dead_loop_never_stops_the_writer(db: DatabaseManager, one_writer: None, gate: Any):
    shut = gate(db)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    task = loop.create_task(db.write(begins("orphan")))
    loop.run_until_complete(shut.queued(1))
    loop.close()
    shut.open()
    assert db.write_now(begins("later")) == "later"
    assert stored(db) == ["later", "orphan"] and not task.done()


async def test_contextvars_follow_into_reads_and_writes(db: DatabaseManager):
    async def caller(value: str) -> list[str]:
        variable.set(value)
        return [await db.write(lambda session: variable.get()), await db.read(lambda session: variable.get())]

    values = [f"v{number}" for number in range(20)]
    assert await asyncio.gather(*map(caller, values)) == [[value, value] for value in values]


async def test_what_a_write_sets_stays_in_it(db: DatabaseManager):
    await db.write(lambda session: variable.set("changed"))
    assert variable.get() == "unset" == await db.write(lambda session: variable.get())


async def test_close_writes_what_is_queued(lasting_url: str, gate: Any):
    db = DatabaseManager(lasting_url)
    shut = gate(db)
    answers = [db._ready().writer.submit(begins(f"c{number:03}"), ()) for number in range(150)]
    closing = threading.Thread(target=db.close)
    closing.start()
    shut.open()
    closing.join()
    assert [answer.result(0) for answer in answers] == [f"c{number:03}" for number in range(150)]
    with DatabaseManager(lasting_url) as again:
        assert len(stored(again)) == 150


async def test_close_writes_what_is_not_in_the_queue_yet(lasting_url: str):
    with DatabaseManager(lasting_url) as db:
        await db.write(begins("first"))
        task = asyncio.create_task(db.write(begins("second")))
        await asyncio.sleep(0)
    await task
    with DatabaseManager(lasting_url) as db:
        assert stored(db) == ["first", "second"]


async def test_a_closed_manager_says_so(url: str):
    db = DatabaseManager(url)
    db.create_conversation("ada")
    db.close()
    db.close()
    for call in (lambda: db.create_conversation("ada"), db.get_session, lambda: db.engine):
        with pytest.raises(DatabaseError, match="closed; open another"):
            call()
    for call in (db.read, db.write):
        with pytest.raises(DatabaseError, match="closed; open another"):
            await call(lambda session: None)


def test_nothing_is_opened_before_first_use_and_threads_end_with_the_manager(lasting_url: str):
    before = set(threading.enumerate())  # those of other tests may end meanwhile
    db = DatabaseManager(lasting_url)
    assert set(threading.enumerate()) <= before and db._holder.open is None
    db.create_conversation("ada")
    assert not set(threading.enumerate()) <= before
    db.close()
    assert set(threading.enumerate()) <= before
