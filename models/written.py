"""A statement as the driver takes it: written out once for a kind of database, not looked up again at every call.

SQLAlchemy's way through its caches costs as much as the statement itself, and a turn of a conversation has forty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.engine import Connection, Dialect, Row, result_tuple
from sqlalchemy.exc import DBAPIError

from .driver import wrapped

Processor = Callable[[Any], Any]


class Written:
    """The text of a statement, its parameters in their order, and how their values and the columns' are turned."""

    def __init__(self, made: Any, statement: Any) -> None:
        dialect: Dialect = made.dialect
        self._text: str = made.string
        self._binds = [
            (name, made.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in made.positiontup or made.binds
        ]
        self._by_name = made.positiontup is None
        self._fixed = {name: bind.effective_value for name, bind in made.binds.items() if not bind.required}
        gives = statement.exported_columns
        self._kinds = [column.type for column in gives]
        self._row: Callable[[Any], Row[Any]] = result_tuple(gives.keys())
        self._readers: list[tuple[int, Processor]] | None = None

    @classmethod
    def of(cls, statement: Any, dialect: Dialect, row: Iterable[str] | None = None) -> Written | None:
        """The statement as a driver takes it, an insert for a row of these columns; None where its text depends on
        what is given."""
        made: Any = statement.compile(dialect=dialect, column_keys=None if row is None else list(row))
        unknown = statement.is_insert and statement.select is None and row is None
        depends = made.post_compile_params or made.literal_execute_params or made.prefetch
        return None if unknown or depends else cls(made, statement)

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Row[Any]]:
        """The rows that it finds."""
        cursor = self._run(connection, given)
        try:
            found = cursor.fetchall()
            if self._readers is None:
                self._readers = self._reading(connection.dialect, cursor.description)
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._failed(connection, error) from error
        finally:
            cursor.close()
        if self._readers:
            found = [list(values) for values in found]
            for values in found:
                for place, reader in self._readers:
                    values[place] = reader(values[place])
        return [self._row(values) for values in found]

    def count(self, connection: Connection, given: Mapping[str, Any]) -> int:
        """How many rows it writes."""
        cursor = self._run(connection, given)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def _run(self, connection: Connection, given: Mapping[str, Any]) -> Any:
        told = {**self._fixed, **given}
        values: Any = [told[name] if turn is None else turn(told[name]) for name, turn in self._binds]
        if self._by_name:
            values = {name: value for (name, _), value in zip(self._binds, values, strict=True)}
        driver: Any = connection.connection.dbapi_connection
        cursor = driver.cursor()
        try:
            for listener in connection.dispatch.before_cursor_execute:
                listener(connection, cursor, self._text, values, None, False)
            cursor.execute(self._text, values)
        except BaseException as error:
            cursor.close()
            if isinstance(error, connection.dialect.loaded_dbapi.Error):
                raise self._failed(connection, error) from error
            raise
        return cursor

    def _failed(self, connection: Connection, error: Exception) -> DBAPIError:
        made = wrapped(connection, self._text, error)
        if made.connection_invalidated:
            connection.invalidate(made)
        return made

    def _reading(self, dialect: Dialect, description: Any) -> list[tuple[int, Processor]]:
        readers = (
            (place, kind.dialect_impl(dialect).result_processor(dialect, told[1]))
            for place, (kind, told) in enumerate(zip(self._kinds, description, strict=True))
        )
        return [(place, reader) for place, reader in readers if reader is not None]
