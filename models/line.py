"""A writer thread's connection, kept from group to group: opening one costs as much as writing ten rows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool


class Line:
    """The connection of one writer thread; thrown away when it cannot be trusted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def open(self) -> Connection:
        """The connection, made now if there is none."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def rest(self) -> None:
        """Gives the connection back where others wait for the same few, and throws a broken one away."""
        connection = self._connection
        if connection is not None and (connection.invalidated or connection.in_transaction()):
            self.drop()
        pool: Any = self._engine.pool
        if self._engine.dialect.name == "sqlite" or not isinstance(pool, QueuePool):
            return
        if pool.checkedout() * 2 > pool.size() + pool._max_overflow:
            self.close()

    def drop(self) -> None:
        """Throws the connection away."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._engine.dialect.name == "sqlite":
                # Closed while somebody still holds a cursor, it would keep its transaction, and with that the lock.
                with suppress(Exception):
                    connection.connection.rollback()
            with suppress(Exception):
                connection.invalidate()
            with suppress(Exception):
                connection.close()

    def close(self) -> None:
        """Gives the connection back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def forget(self) -> None:
        """After a fork: closes the copy of the parent's connection, unless the parent was writing with it."""
        if self._connection is not None and self._engine.dialect.name == "sqlite":
            driver: Any = self._connection.connection.dbapi_connection
            if driver is not None and not driver.in_transaction:
                driver.close()
        self._connection = None
