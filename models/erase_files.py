"""The second grade of forgetting: what was deleted leaves the files of the database, and its log.

SQLite keeps deleted words in the segments of its full text, in free pages and in the log; PostgreSQL in dead rows,
in its statistics and in the log. Each has its own way to part with them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from .engines import BUSY_SECONDS
from .erase_postgres import clean_postgres
from .errors import DatabaseBusy, translated

if TYPE_CHECKING:
    from .manager import DatabaseManager

PATIENCE: Final = 60.0


@dataclass(slots=True)
class Cleaned:
    """Whether all bytes are gone from the database's own files, and what is left to the operator."""

    database: str
    reached: bool
    left: list[str] = field(default_factory=list)


def clean(db: DatabaseManager, patience: float) -> Cleaned:
    """Cleans the files of a database, waiting at most that many seconds for those who still read."""
    try:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if db.dialect == "postgresql":
                version, left, reached = clean_postgres(connection, patience)
                return Cleaned(f"postgresql {version}", reached, left)
            return _sqlite(connection, patience)
    except Exception as error:
        raise translated(error, db.url) from error


def _sqlite(connection: Connection, patience: float) -> Cleaned:
    import sqlite3

    made = Cleaned(f"sqlite {sqlite3.sqlite_version}", reached=True)
    until = time.monotonic() + patience
    try:
        _patient(connection, patience)
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
        for table in _full_texts(connection):
            # Merging all segments into one is what drops the words of deleted rows.
            connection.exec_driver_sql(f'INSERT INTO "{table}"("{table}") VALUES (\'optimize\')')
        connection.exec_driver_sql("VACUUM")
        _patient(connection, max(until - time.monotonic(), 0.0))
        row: Any = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        blocked = "somebody reads an older state of it" if row[0] else None
    except Exception as error:
        found = translated(error, "")
        if not isinstance(found, DatabaseBusy):
            raise
        blocked = "somebody is writing"
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        _patient(connection, BUSY_SECONDS)
    if blocked is not None:
        made.reached = False
        made.left.append(
            f"The file and its -wal: {blocked}, for longer than {patience:g} s; end that, and ask for the same again."
        )
    made.left.append(
        "Free blocks of the file system under the file; on a medium that remembers, overwrite them."
    )
    return made


def _full_texts(connection: Connection) -> list[str]:
    """Every full-text table there is, a user's own too."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5%' ORDER BY name"
    return [str(name) for (name,) in connection.exec_driver_sql(query)]


def _patient(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}").close()
