"""Statements given to the driver itself, for what every step runs: there SQLAlchemy's care would cost more than
the statement. Errors are its own, as of any other statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

Row = tuple[Any, ...]


def change(connection: Connection, statement: str, rows: Sequence[Row]) -> int:
    """Runs a statement for each row; gives how many rows of the database it changed."""
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor()
    try:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        else:
            cursor.executemany(statement, rows)
        count: int = cursor.rowcount
        return count
    except connection.dialect.loaded_dbapi.Error as error:
        raise wrapped(connection, statement, error) from error
    finally:
        cursor.close()


def first(connection: Connection, statement: str, parameters: Row) -> Row | None:
    """The first row that a query gives."""
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor()
    try:
        row: Row | None = cursor.execute(statement, parameters).fetchone()
        return row
    except connection.dialect.loaded_dbapi.Error as error:
        raise wrapped(connection, statement, error) from error
    finally:
        cursor.close()


def first_at_once(connection: Connection, statement: str, parameters: Row) -> Row | None:
    """The first row that a statement gives which is a transaction of its own: one way there and back, not three."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.autocommit = True
        return first(connection, statement, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise wrapped(connection, statement, error) from error
    finally:
        if not driver.closed:
            driver.autocommit = False


def run(connection: Connection, statement: str) -> None:
    """Runs a statement that has no parameters and gives nothing."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(statement)
    except connection.dialect.loaded_dbapi.Error as error:
        raise wrapped(connection, statement, error) from error


def wrapped(connection: Connection, statement: str, error: Exception) -> DBAPIError:
    """An error of the driver's as SQLAlchemy would raise it."""
    dialect = connection.dialect
    driver: Any = connection.connection.dbapi_connection
    lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
    kind = dialect.loaded_dbapi.Error
    made = DBAPIError.instance(statement, None, error, kind, connection_invalidated=lost, dialect=dialect)
    assert isinstance(made, DBAPIError)
    return made
