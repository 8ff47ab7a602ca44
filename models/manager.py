"""The database under async nodes: one writer, many readers, and ordinary sessions for everything else."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.orm import Session

from ..services.settings import setting
from .archive import archive_when_due
from .base import Base
from .batches import SqlBatchStore
from .engines import Engines, open_engines
from .errors import DatabaseError, DatabaseReadOnly, DatabaseUrlError, SessionMisuse, translated
from .job import Batch
from .ledger import SqlLedger
from .lock import Held, WriteLock, held
from .migrate import create_users_tables, upgrade
from .replica import Replica
from .runs import SqlRunStore
from .sessions import OwnSession, ReadSession, lent
from .trusted import TrustedFace
from .urls import PrivateFile, is_memory, parse, shown
from .writer import Writer

T = TypeVar("T")
READERS = 4


class _Open:
    """What a manager has open in one process."""

    def __init__(self, url: URL, pool_size: int, max_overflow: int, replica: URL | None) -> None:
        self.pid = os.getpid()
        self.engines: Engines = open_engines(url, pool_size, max_overflow)
        self.replica = (
            None if replica is None else Replica(open_engines(replica, pool_size, max_overflow).readers)
        )
        lock = WriteLock() if url.drivername == "sqlite" else None
        if lock is not None:
            lock.guard(self.engines.sessions)
        self.writer = Writer(self.engines.writer, lock, shown(url))
        if self.replica is not None:
            self.writer.wrote = self.replica.wrote
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="turngraph-reader")
        self.tables = 0

    def close(self) -> None:
        if self.pid == os.getpid():
            self.writer.close()
            # A manager nobody holds may be collected on any thread, one of these readers among them.
            self.readers.shutdown(wait=not threading.current_thread().name.startswith("turngraph-reader"))
        self.engines.dispose(close=self.pid == os.getpid())
        if self.replica is not None:
            self.replica.dispose(close=self.pid == os.getpid())


class _Holder:
    """What outlives a manager long enough to be closed: its open parts, and the file behind `:memory:`."""

    def __init__(self, private: PrivateFile | None) -> None:
        self.pid = os.getpid()
        self.open: _Open | None = None
        self.private = private

    def close(self) -> None:
        if self.open is not None:
            self.open.close()
            self.open = None
        if self.private is not None and self.pid == os.getpid():
            self.private.delete()


class DatabaseManager(TrustedFace):
    """Opens a database by its URL; tables appear, and an older database is brought up to date, on first use.

    `pool_size` and `max_overflow` bound the connections on PostgreSQL together. Without a URL it is
    TURNGRAPH_DB, else DATABASE_URL, else conversation_memory.db in the current folder. A manager is also
    the store of a graph: it gives `prep` and `post` their sessions and commits each step. `replica_url`, or
    TURNGRAPH_REPLICA where no URL is given, names a PostgreSQL replica: reads go there once it has all that this
    process wrote.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        replica_url: str | None = None,
        pool_size: int = 5,
        max_overflow: int = 10,
    ) -> None:
        parsed = parse(url if url is not None else setting("database") or "")
        private = PrivateFile() if is_memory(parsed) else None
        self._url = private.url if private is not None else parsed
        self.url = shown(parsed)
        replica = replica_url if replica_url is not None else setting("replica") if url is None else None
        self._replica = None if not replica else parse(replica)
        if self._replica is not None and "sqlite" in (parsed.drivername, self._replica.drivername):
            raise DatabaseUrlError("replica_url is for PostgreSQL: SQLite's readers need none")
        self._pool = (pool_size, max_overflow)
        self._holder = _Holder(private)
        self._opening = threading.Lock()
        self._current: _Open | None = None  # what is open in this very process
        self._closed = False
        self._runs: SqlRunStore | None = None
        self._ledger: SqlLedger | None = None
        self.batches = SqlBatchStore(self)
        self._finalizer = weakref.finalize(self, self._holder.close)
        _opened(self)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, in the driver's own transaction mode."""
        return self._ready().engines.sessions

    @property
    def runs(self) -> SqlRunStore:
        """The store of durable runs in this database: `graph.run(..., store=db.runs)`."""
        if self._runs is None:
            self._runs = SqlRunStore(self)
        return self._runs

    @property
    def ledger(self) -> SqlLedger:
        """The book of what was asked of which model in this database: `Accountant(db.ledger)`."""
        if self._ledger is None:
            self._ledger = SqlLedger(self)
        return self._ledger

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    def get_session(self) -> Session:
        """A session of your own: `with db.get_session() as session:` commits at the end, and rows stay usable."""
        session = OwnSession(self.engine, expire_on_commit=False)
        opened = self._current
        if opened is not None and opened.replica is not None:
            wrote = opened.replica.wrote
            event.listen(session, "after_commit", lambda _: wrote())
        return session

    async def read(self, work: Callable[[Session], T], /) -> T:
        """Runs `work(session)` read-only on a reader thread; the rows it returns stay usable."""
        variables = copy_context()
        loop = asyncio.get_running_loop()
        if (opened := self._there()) is None:
            opened = await asyncio.to_thread(self._ready)
        return await loop.run_in_executor(opened.readers, lambda: variables.run(self._read, opened, work))

    async def write(self, work: Callable[[Session], T], /, *, keys: Collection[str] = ()) -> T:
        """Runs `work(session)` on the writer and returns after its COMMIT; it shares that with others waiting.

        `work` must bear being called again after a rollback. On PostgreSQL, writes that name a common key
        do not run at the same time. A cancel is delivered once the outcome is known.
        """
        if (other := held()) is not None:
            raise _inside(other)
        if (opened := self._there()) is None:
            opened = await asyncio.to_thread(self._ready)
        return await opened.writer.write(work, keys)  # type: ignore[no-any-return]

    def write_item(self, batch: Batch, item: Any) -> Awaitable[Any]:
        """Lets `batch(connection, items)` write an item together with the others waiting for the same batch.

        It must bear being called again with the same item, whatever came of the first time.
        """
        opened = self._current
        return opened.writer.item(batch, item) if opened is not None else self._write_item(batch, item)

    async def _write_item(self, batch: Batch, item: Any) -> Any:
        return await (await asyncio.to_thread(self._ready)).writer.item(batch, item)

    async def write_step(self, batch: Batch, work: Callable[[Session], Any], keys: Collection[str]) -> Any:
        """Like `write`, of a function that gives an item: `batch` writes that in the same transaction."""
        if (other := held()) is not None:
            raise _inside(other)
        if (opened := self._there()) is None:
            opened = await asyncio.to_thread(self._ready)
        return await opened.writer.write(work, keys, batch)

    def read_now(self, work: Callable[[Session], T], /) -> T:
        """Like `read`, for callers without an event loop."""
        return self._read(self._ready(), work)

    def write_now(self, work: Callable[[Session], T], /, *, keys: Collection[str] = ()) -> T:
        """Like `write`, for callers without an event loop."""
        if (other := held()) is not None:
            raise SessionMisuse(
                f"a write while {other.who} is writing here would wait for itself; close that first"
            )
        return self._ready().writer.submit(work, keys).result()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Writes what is queued and closes every connection; the file behind `:memory:` is deleted."""
        self._closed, self._current = True, None
        self._finalizer()
        _forget(self)

    def __enter__(self) -> DatabaseManager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DatabaseManager {self.url}{' closed' if self._closed else ''}>"

    def _read(self, opened: _Open, work: Callable[[Session], T]) -> T:
        replica = opened.replica
        there = replica.connect() if replica is not None else None
        writes = replica.writes() if replica is not None else 0
        try:
            with there or opened.engines.readers.connect() as connection:
                if self.dialect == "postgresql":
                    connection = connection.execution_options(postgresql_readonly=True)
                with connection.begin() as transaction:
                    session = lent(connection, ReadSession)
                    try:
                        found = work(session)
                    finally:
                        session.give_back()
                        if transaction.is_active:
                            transaction.rollback()
                if replica is not None and there is None:
                    replica.seen(connection, writes)
                return found
        except Exception as error:
            told = translated(error, self.url)
            if isinstance(told, DatabaseReadOnly):
                told = SessionMisuse(
                    "a read-only session was asked to write; write in post, or with db.write(...)"
                )
            raise told from error

    def _there(self) -> _Open | None:
        """What is open in this process, if nothing has to be opened or created first."""
        opened = self._current
        return opened if opened is not None and opened.tables == len(Base.metadata.tables) else None

    def _ready(self) -> _Open:
        """What is open in this process: opened now, and brought up to date, if nothing was."""
        with self._opening:
            if self._closed:
                raise DatabaseError(f"{self.url} is closed; open another DatabaseManager")
            opened = self._holder.open
            if opened is not None and opened.pid != os.getpid():
                # On PostgreSQL the parent's connections stay the parent's. On SQLite ours share its file handles'
                # records within this process, so that a new one would think it has locks which only the parent has.
                opened.writer.forget()
                opened.engines.dispose(close=self.dialect == "sqlite")
                if opened.replica is not None:
                    opened.replica.dispose(close=False)
                opened = None
            if opened is None:
                opened = _Open(self._url, *self._pool, self._replica)
                try:
                    upgrade(self._url, opened.engines.sessions)
                    archive_when_due(opened.engines.sessions)
                except BaseException:
                    opened.close()
                    raise
                self._holder.open = opened
            elif opened.tables != len(Base.metadata.tables):
                create_users_tables(self._url, opened.engines.sessions)
            opened.tables = len(Base.metadata.tables)
            self._current = opened
            return opened


def _inside(other: Held) -> SessionMisuse:
    return SessionMisuse(
        f"await db.write(...) while {other.who} is writing here would wait for itself for ever; "
        f"commit or close that session first, or write with the session you were given"
    )


_managers: dict[str, DatabaseManager] = {}
# Weak, so that one that nobody holds any more is closed and its `:memory:` file deleted.
_last: list[weakref.ref[DatabaseManager]] = []


def get_db_manager(url: str | None = None) -> DatabaseManager:
    """The manager of a URL, made once per process; without one the last that was opened here, else the default."""
    if url is None and (opened := _living()):
        return opened[-1]
    key = url if url is not None else setting("database") or ""
    return _managers.get(key) or _managers.setdefault(key, DatabaseManager(key))


def _living() -> list[DatabaseManager]:
    return [manager for reference in list(_last) if (manager := reference()) is not None]


def _opened(manager: DatabaseManager) -> None:
    _last.append(weakref.ref(manager, _last.remove))


def _forked() -> None:
    for manager in _living():
        manager._opening = threading.Lock()  # a thread that had it is not in the child
        manager._current = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _forget(manager: DatabaseManager) -> None:
    _last[:] = [reference for reference in _last if reference() not in (None, manager)]
    for key in [key for key, known in _managers.items() if known is manager]:
        del _managers[key]
