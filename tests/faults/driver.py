"""A hook around every call of the database drivers, for one process: what is counted, killed at, or made to fail."""

from __future__ import annotations

import sqlite3
import sqlite3.dbapi2
from collections.abc import Callable
from typing import Any, Protocol

try:
    import psycopg
except ImportError:  # without it there is only SQLite to watch
    psycopg = None  # type: ignore[assignment]


class Around(Protocol):
    """Is given each call (`connect`, `execute` or `commit`), its statement and connection, and makes it or not."""

    def __call__(self, kind: str, statement: str, connection: Any, call: Callable[[], Any], /) -> Any: ...


def install(around: Around) -> None:
    """From now on every call of the drivers in this process goes through `around`; there is no way back."""
    _sqlite(around)
    if psycopg is not None:
        _postgresql(around)


def _kind(statement: object) -> str:
    text = str(statement).lstrip().upper()
    return "commit" if text.startswith(("COMMIT", "END")) else "execute"


def _sqlite(around: Around) -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *rest: Any) -> Any:
            call = super().execute
            return around(_kind(statement), statement, self.connection, lambda: call(statement, *rest))

        def executemany(self, statement: str, *rest: Any) -> Any:
            call = super().executemany
            return around("execute", statement, self.connection, lambda: call(statement, *rest))

    class Connection(sqlite3.Connection):
        # execute() of the connection itself comes by here too
        def cursor(self, factory: type[sqlite3.Cursor] = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            call = super().commit
            if self.in_transaction:
                around("commit", "COMMIT", self, call)

    connect = sqlite3.dbapi2.connect

    def connected(*arguments: Any, **named: Any) -> Any:
        return around("connect", "", None, lambda: connect(*arguments, **{**named, "factory": Connection}))

    sqlite3.dbapi2.connect = connected


def _postgresql(around: Around) -> None:
    def wrap(name: str) -> None:
        call = getattr(psycopg.Cursor, name)

        def wrapped(self: Any, statement: Any, *rest: Any, **named: Any) -> Any:
            alone = self.connection.autocommit and not str(statement).lstrip().startswith("SELECT")
            kind = "commit" if alone else _kind(statement)  # alone it is a transaction of its own
            return around(
                kind, str(statement), self.connection, lambda: call(self, statement, *rest, **named)
            )

        setattr(psycopg.Cursor, name, wrapped)

    wrap("execute")
    wrap("executemany")
    commit, connect = psycopg.Connection.commit, psycopg.connect

    def committed(self: Any) -> None:
        if self.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            commit(self)  # nothing to commit: no call reaches the server
        else:
            around("commit", "COMMIT", self, lambda: commit(self))

    def connected(*arguments: Any, **named: Any) -> Any:
        return around("connect", "", None, lambda: connect(*arguments, **named))

    psycopg.Connection.commit = committed  # type: ignore[method-assign]
    psycopg.connect = connected


def failure(url: str, text: str) -> Exception:
    """An error of the driver for a URL."""
    return (sqlite3 if url.startswith("sqlite") else psycopg).OperationalError(text)
