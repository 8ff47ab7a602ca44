"""The engines of a database: on SQLite one for sessions, one for readers, one for the writer; on PostgreSQL one."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from .driver import run
from .errors import DatabaseError

BUSY_SECONDS: Final = 60.0


@dataclass(slots=True)
class Engines:
    """Where sessions, readers and the writer get their connections."""

    sessions: Engine
    readers: Engine
    writer: Engine

    def dispose(self, close: bool = True) -> None:
        """Ends them; after a fork without closing what belongs to the parent."""
        for engine in {self.sessions, self.readers, self.writer}:
            engine.dispose(close=close)


def open_engines(url: URL, pool_size: int, max_overflow: int) -> Engines:
    """The engines for a URL; no connection is made yet."""
    if url.drivername == "sqlite":
        return Engines(
            sessions=_sqlite(url, pool_size, max_overflow),
            readers=_sqlite(url, 4, 0, query_only=True),
            writer=_sqlite(url, 1, 0, immediate=True),
        )
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10},
    )
    return Engines(engine, engine, engine)


def _sqlite(
    url: URL, pool_size: int, max_overflow: int, *, immediate: bool = False, query_only: bool = False
) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        pragmas(connection)
        if query_only:
            connection.execute("PRAGMA query_only = ON")
        if immediate:
            connection.isolation_level = None  # the driver must not begin transactions of its own kind

    if immediate:

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            run(connection, "BEGIN IMMEDIATE")

        @event.listens_for(engine, "before_cursor_execute")
        def inside(_connection: Connection, cursor: sqlite3.Cursor, *_: Any) -> None:
            # A full disk may have rolled all back: what came now would be committed at once, by itself.
            if not cursor.connection.in_transaction:
                raise DatabaseError("the transaction was rolled back; nothing of this write was stored")

    elif not query_only:

        @event.listens_for(engine, "savepoint")
        def outside(connection: Connection, _name: str) -> None:
            # The driver begins no transaction for a savepoint, and its release would then be a commit.
            driver: Any = connection.connection.dbapi_connection
            if not driver.in_transaction:
                connection.exec_driver_sql("BEGIN")

    return engine


def pragmas(connection: sqlite3.Connection) -> None:
    """WAL with full durability. Changing to WAL takes a lock that the busy timeout does not wait for."""
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            break
        except sqlite3.OperationalError as error:
            if "readonly" in str(error):
                break  # it can still be read
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def migration_engine(url: URL) -> Engine:
    """An engine whose transactions take schema changes in, for migrating."""
    if url.drivername != "sqlite":
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        pragmas(connection)
        connection.execute("PRAGMA foreign_keys = OFF")  # tables are rebuilt while others refer to them
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
