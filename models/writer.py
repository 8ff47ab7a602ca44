"""The writer: takes all waiting writes into one transaction, commits once, then answers all of them.

One commit at a time manages a few hundred a second; sixty-four callers sharing them some thousands.
A write is answered only after the COMMIT of the transaction it ran in. When that transaction cannot be
trusted (a savepoint that cannot be rolled back, a connection that has left its transaction, a COMMIT that
failed) the group is void: nobody is answered, the connection is thrown away, and each write runs again alone.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .errors import CommitUnknown, DatabaseBusy, DatabaseError, translated
from .lock import WriteLock, mark_thread
from .sessions import lent

GROUP: Final = 60
TRIES: Final = 5
THREADS: Final = {"sqlite": 1, "postgresql": 4}


# Does the same for many items in a few statements; an exception among the results is for its item's caller.
Batch: TypeAlias = Callable[[Connection, list[Any]], list[Any]]


@dataclass(slots=True)
class Job:
    """One write: what to do, which keys nobody else may work on meanwhile, and where the answer goes.

    It is a function over a session, or an item of a batch that takes all of its kind in the group at once.
    """

    work: Callable[[Any], Any] | None
    keys: frozenset[str]
    batch: Batch | None = None
    item: Any = None
    answer: Future[Any] = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)


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
        self._starting = threading.Lock()
        self._closed = False

    def submit(self, work: Callable[[Any], Any], keys: Collection[str]) -> Future[Any]:
        """Puts a write in the queue; the future is answered after its COMMIT."""
        return self._put(Job(work, frozenset(keys)))

    def submit_item(self, batch: Batch, item: Any, keys: Collection[str]) -> Future[Any]:
        """Puts an item in the queue, to be written by `batch` together with the others of its group."""
        return self._put(Job(None, frozenset(keys), batch, item))

    def _put(self, job: Job) -> Future[Any]:
        with self._starting:
            if self._closed:
                raise DatabaseError(f"{self._where} is closed; open another DatabaseManager")
            if not self._threads:
                self._start()
            self._jobs.put(job)
        return job.answer

    def close(self) -> None:
        """Writes what is queued, then ends the threads."""
        with self._starting:
            self._closed = True
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _start(self) -> None:
        for number in range(THREADS.get(self._engine.dialect.name, 1)):
            thread = threading.Thread(target=self._serve, name=f"turngraph-writer-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            last = False
            while len(group) < GROUP:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            self._write(group)
            if last:
                return

    def _write(self, group: list[Job]) -> None:
        group = [job for job in group if job.answer.set_running_or_notify_cancel()]
        if not group:
            return
        try:
            self._transaction(group)
        except Void as void:
            if len(group) == 1 and not _transient(void.__cause__):
                self._lost(group[0], void.__cause__)
            else:
                for job in group:
                    self._alone(job)
        except BaseException as error:
            for job in group:
                _fail(job, translated(error, self._where))

    def _alone(self, job: Job) -> None:
        cause: BaseException | None = None
        for _ in range(TRIES):
            try:
                return self._transaction([job])
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
        _fail(job, translated(cause, self._where))

    def _transaction(self, group: list[Job]) -> None:
        """Runs the group in one transaction; Void if that cannot be trusted."""
        lock = self._lock
        if lock is not None:
            lock.__enter__()
        try:
            connection = self._engine.connect()
            try:
                self._run(connection, group)
            except BaseException:
                connection.invalidate()
                raise
            finally:
                with suppress(Exception):
                    connection.close()
        finally:
            if lock is not None:
                lock.__exit__()

    def _run(self, connection: Connection, group: list[Job]) -> None:
        transaction = connection.begin()
        try:
            _take_keys(connection, group)
        except SQLAlchemyError as error:
            raise Void from error
        answers = [self._job(connection, job, job.work) for job in group if job.work is not None]
        answers += self._batches(connection, [job for job in group if job.batch is not None])
        try:
            transaction.commit()
        except Exception as error:
            if (
                isinstance(error, DBAPIError)
                and error.connection_invalidated
                and connection.dialect.name != "sqlite"
            ):
                unknown = CommitUnknown(
                    f"{self._where}: the connection was lost during COMMIT; read to learn its outcome"
                )
                answers = [(job, False, unknown) for job in group]
            else:
                raise Void from error
        for job, done, value in answers:
            if done:
                job.answer.set_result(value)
            else:
                _fail(job, value)

    def _batches(self, connection: Connection, jobs: list[Job]) -> list[tuple[Job, bool, Any]]:
        answers: list[tuple[Job, bool, Any]] = []
        for batch in dict.fromkeys(job.batch for job in jobs):
            mine = [job for job in jobs if job.batch == batch]
            try:
                values = batch(connection, [job.item for job in mine]) if batch is not None else []
                self._standing(connection)
            except Void:
                raise
            except Exception as error:
                raise Void from error
            answers += [
                (job, not isinstance(value, Exception), value)
                for job, value in zip(mine, values, strict=True)
            ]
        return answers

    def _job(self, connection: Connection, job: Job, work: Callable[[Any], Any]) -> tuple[Job, bool, Any]:
        try:
            connection.exec_driver_sql("SAVEPOINT job")
            session = lent(connection)
            try:
                value = job.context.copy().run(_call, work, session)
                session.flush()
            finally:
                session.give_back()
            self._standing(connection)
            connection.exec_driver_sql("RELEASE SAVEPOINT job")
            return job, True, value
        except Void:
            raise
        except BaseException as error:
            if _transient(error):
                raise Void from error
            try:
                self._standing(connection, error)
                connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
                connection.exec_driver_sql("RELEASE SAVEPOINT job")
            except Void:
                raise
            except Exception as lost:
                raise Void from lost
            return job, False, translated(error, self._where)

    @staticmethod
    def _standing(connection: Connection, cause: BaseException | None = None) -> None:
        """Asks the driver whether the transaction is still there: a full disk rolls all of SQLite's back,
        and the next statement would silently open another."""
        driver: Any = connection.connection.dbapi_connection
        if driver is None or getattr(driver, "closed", False):
            raise Void from cause
        if not (
            driver.in_transaction if hasattr(driver, "in_transaction") else driver.info.transaction_status
        ):
            raise Void from cause


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


def _fail(job: Job, error: BaseException) -> None:
    if not job.answer.done():
        job.answer.set_exception(error)
