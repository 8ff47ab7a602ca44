"""The writer: takes all waiting writes into one transaction, commits once, then answers all of them.

One commit at a time manages a few hundred a second; sixty-four callers sharing them some thousands.
A write is answered only after the COMMIT of the transaction it ran in. When that transaction cannot be
trusted (a savepoint that cannot be rolled back, a connection that has left its transaction, a COMMIT that
failed) the group is void: nobody is answered, the connection is thrown away, and each write runs again alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import nullcontext
from contextvars import copy_context
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .driver import run
from .errors import CommitUnknown, DatabaseBusy, DatabaseError, translated
from .job import Answer, Batch, Job, Outcome, deliver
from .line import Line
from .lock import WriteLock, mark_thread
from .sessions import Lender

GROUP: Final = 60
TRIES: Final = 5
THREADS: Final = {"sqlite": 1, "postgresql": 4}


class Void(Exception):
    """The group's transaction cannot be trusted; its writes run again, each alone."""


class Writer:
    """Threads that write, one on SQLite and a few on PostgreSQL, started by the first write."""

    def __init__(self, engine: Engine, lock: WriteLock | None, where: str) -> None:
        self._engine = engine
        self._lock = lock
        self._where = where
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lines: list[Line] = []
        self._starting = threading.Lock()
        self._closed = False

    def submit(self, work: Callable[[Any], Any], keys: Collection[str]) -> Future[Any]:
        """Puts a write in the queue, for a caller without an event loop; answered after its COMMIT."""
        answer: Future[Any] = Future()
        self._put(Job(answer, None, work, copy_context(), keys))
        return answer

    def write(self, work: Callable[[Any], Any], keys: Collection[str], batch: Batch | None = None) -> Answer:
        """Puts a write in the queue; with a batch, what `work` gives is an item for that, which has the answer."""
        loop = asyncio.get_running_loop()
        answer = Answer(loop=loop)
        self._put(Job(answer, loop, work, copy_context(), keys, batch))
        return answer

    def item(self, batch: Batch, item: Any) -> Answer:
        """Puts an item in the queue, to be written by `batch` together with the others of its group."""
        loop = asyncio.get_running_loop()
        answer = Answer(loop=loop)
        self._put(Job(answer, loop, None, None, (), batch, item))
        return answer

    def close(self) -> None:
        """Writes what is queued, then ends the threads."""
        with self._starting:
            self._closed = True
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def forget(self) -> None:
        """After a fork: lets go of the parent's connections."""
        for line in self._lines:
            line.forget()

    def _put(self, job: Job) -> None:
        with self._starting:
            if self._closed:
                raise DatabaseError(f"{self._where} is closed; open another DatabaseManager")
            if not self._threads:
                self._start()
            self._jobs.put(job)

    def _start(self) -> None:
        for number in range(THREADS.get(self._engine.dialect.name, 1)):
            line = Line(self._engine)
            thread = threading.Thread(
                target=self._serve, args=(line,), name=f"turngraph-writer-{number}", daemon=True
            )
            self._lines.append(line)
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: Line) -> None:
        more = True
        while more and (job := self._jobs.get()) is not None:
            group = [job]
            try:
                while len(group) < GROUP:
                    following = self._jobs.get_nowait()
                    if following is None:
                        more = False
                        break
                    group.append(following)
            except queue.Empty:
                pass
            self._write(line, group)
            del job, group  # a writer that waits holds on to nobody's state
        line.close()

    def _write(self, line: Line, group: list[Job]) -> None:
        try:
            again = self._transaction(line, group)
        except Void as void:
            if len(group) == 1 and group[0].batch is None and not _transient(void.__cause__):
                self._lost(group[0], void.__cause__)
                return
            again = group
        except BaseException as error:
            for job in group:
                deliver([(job, False, translated(error, self._where))])
            return
        for job in again:
            self._alone(line, job)

    def _alone(self, line: Line, job: Job) -> None:
        cause: BaseException | None = None
        for _ in range(TRIES):
            try:
                if not self._transaction(line, [job]):
                    return
            except Void as void:
                cause = void.__cause__
                if not _transient(cause):
                    break
            except BaseException as error:
                cause = error
                break
        self._lost(job, cause)

    def _lost(self, job: Job, cause: BaseException | None) -> None:
        cause = cause or DatabaseError(
            f"{self._where}: the transaction was lost; nothing of this write was stored"
        )
        deliver([(job, False, translated(cause, self._where))])

    def _transaction(self, line: Line, group: list[Job]) -> list[Job]:
        """Runs the group in one transaction; Void if that cannot be trusted. Gives those that must run again."""
        with self._lock or nullcontext():
            try:
                outcomes, again = self._run(line.open(), group)
            except BaseException:
                line.drop()
                raise
            line.rest()
        deliver(outcomes)
        return again

    def _run(self, connection: Connection, group: list[Job]) -> tuple[list[Outcome], list[Job]]:
        transaction = connection.begin()
        try:
            _take_keys(connection, group)
        except SQLAlchemyError as error:
            raise Void from error
        outcomes: list[Outcome] = []
        batches: dict[Batch, list[tuple[Job, Any]]] = {}
        lender = Lender(connection)
        for job in group:
            item = job.item
            if job.work is not None:
                done, item = self._job(connection, lender, job, job.work)
                if job.batch is None or not done:
                    outcomes.append((job, done, item))
                    continue
            if job.batch is not None:
                batches.setdefault(job.batch, []).append((job, item))
        lender.close()
        for batch, items in batches.items():
            self._batch(connection, batch, items, outcomes)
        try:
            transaction.commit()
        except Exception as error:
            if not (isinstance(error, DBAPIError) and error.connection_invalidated and self._lock is None):
                raise Void from error
            unknown = CommitUnknown(
                f"{self._where}: the connection was lost during COMMIT; read to learn its outcome"
            )
            outcomes = [(job, False, unknown) for job in group if job.batch is None]
            return outcomes, [job for job in group if job.batch is not None]
        return outcomes, []

    def _batch(
        self, connection: Connection, batch: Batch, items: list[tuple[Job, Any]], outcomes: list[Outcome]
    ) -> None:
        try:
            answers = batch(connection, [item for _, item in items])
            _standing(connection)
        except Void:
            raise
        except Exception as error:
            raise Void from error
        for (job, _), answer in zip(items, answers, strict=True):
            outcomes.append((job, not isinstance(answer, Exception), answer))

    def _job(
        self, connection: Connection, lender: Lender, job: Job, work: Callable[[Any], Any]
    ) -> tuple[bool, Any]:
        try:
            run(connection, "SAVEPOINT job")
        except Exception as error:
            raise Void from error
        try:
            session = lender.lend()
            try:
                context = job.context.copy() if job.context is not None else copy_context()
                value = context.run(_call, work, session)
                session.flush()
            except BaseException:
                session.give_back()
                raise
            lender.take_back(session)
            _standing(connection)
            _release(connection)
            return True, value
        except Void:
            raise
        except BaseException as error:
            if _transient(error):
                raise Void from error
            try:
                _standing(connection, error)
                run(connection, "ROLLBACK TO SAVEPOINT job")
                _release(connection)
            except Void:
                raise
            except Exception as lost:
                raise Void from lost
            return False, translated(error, self._where)


def _standing(connection: Connection, cause: BaseException | None = None) -> None:
    """Asks the driver whether the transaction is still there: a full disk rolls all of SQLite's back,
    and the next statement would silently open another."""
    driver: Any = connection.connection.dbapi_connection
    if driver is None or getattr(driver, "closed", False):
        raise Void from cause
    if not (driver.in_transaction if hasattr(driver, "in_transaction") else driver.info.transaction_status):
        raise Void from cause


def _release(connection: Connection) -> None:
    """Lets a savepoint go; on PostgreSQL the next of that name hides it, which saves the way there and back."""
    if connection.dialect.name == "sqlite":
        run(connection, "RELEASE SAVEPOINT job")


def _call(work: Callable[[Any], Any], session: Any) -> Any:
    mine = mark_thread("a step, or a function given to db.write,")
    try:
        return work(session)
    finally:
        mine.active = False


def _take_keys(connection: Connection, group: list[Job]) -> None:
    """Locks the keys of a group on PostgreSQL, sorted, so that two groups never wait for each other."""
    if connection.dialect.name != "postgresql":
        return
    keys = sorted({_number(key) for job in group for key in job.keys})
    if keys:
        connection.execute(
            text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) AS k"), {"keys": keys}
        )


def _number(key: str) -> int:
    digest = hashlib.blake2b(f"turngraph {key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _transient(error: BaseException | None) -> bool:
    """Whether the same write could succeed on another try: a deadlock, a serialization failure, a lost connection."""
    if isinstance(error, DatabaseBusy):
        return False
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return state in ("40001", "40P01") or bool(error.connection_invalidated)
