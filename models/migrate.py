"""Brings a database up to date on first use: one SELECT decides, and only then is Alembic imported.

All of an upgrade is one transaction under one lock, so ten processes that start at once do it once, and
one that is killed midway leaves the database as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from .base import Base
from .engines import migration_engine
from .errors import DatabaseError, SessionMisuse, translated
from .lock import held
from .urls import shown

HEAD: Final = "0005"
FOLDER: Final = Path(__file__).parent / "migrations"
OURS: Final = frozenset(
    {
        "conversations", "messages", "user_preferences", "preference_observations", "context_windows", "memory_index", "memory_sources",
        "model_calls", "model_spend", "tool_executions", "owners", "shapes", "runs", "steps", "receipts", "receipt_keys", "upkeep",
        "search_changes",
        "batches", "batch_items", "batch_chunks", "conversation_labels", "turns",
    }
)  # fmt: skip
_LOCK: Final = 7_452_983_104


def upgrade(url: URL, engine: Engine) -> None:
    """Brings our tables to the newest revision and creates the tables users declared on Base."""
    try:
        with engine.connect() as connection:
            ready = version(connection) == HEAD
        if not ready:
            _migrate(url)
        create_users_tables(url, engine)
    except SQLAlchemyError as error:
        raise translated(error, shown(url)) from error


def version(connection: Connection) -> str | None:
    """The revision a database is at, or None for one that was never opened by us."""
    try:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        connection.rollback()
        found = translated(error, "")
        if "no such table" in str(error).lower() or "does not exist" in str(error).lower():
            return None
        raise found from error


def create_users_tables(url: URL, engine: Engine) -> None:
    """Creates what a user declared on Base and the database does not have; our migrations never touch it."""
    theirs = [table for name, table in Base.metadata.tables.items() if name not in OURS]
    if not theirs:
        return
    with engine.connect() as connection:
        there = inspect(connection)
        missing = [table for table in theirs if not there.has_table(table.name, schema=table.schema)]
    if not missing:
        return
    if (other := held()) is not None:
        raise SessionMisuse(
            f"{other.who} already writes here, and the table {missing[0].name!r} cannot be created meanwhile; "
            f"commit or close that one first"
        )
    with _alone(url) as connection:
        Base.metadata.create_all(connection, tables=missing)


@contextmanager
def _alone(url: URL) -> Iterator[Connection]:
    """A transaction that nobody else, in this process or another, changes tables beside."""
    engine = migration_engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    finally:
        engine.dispose()


def _migrate(url: URL) -> None:
    with _alone(url) as connection:
        if version_inside(connection) != HEAD:
            _run(connection)


def version_inside(connection: Connection) -> str | None:
    """The revision, asked within a transaction that a failed SELECT would spoil."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseError(
            f"the database was written by a newer turngraph ({error}); upgrade turngraph, or open another database"
        ) from error
