"""How PostgreSQL parts with deleted rows: rewritten tables, fresh statistics, and a log that was written over.

VACUUM FULL writes the live rows anew, but the log still has the old ones, and PostgreSQL renames old segments of it
to be used again later, with their bytes. So the log is led on, segment by segment, through all that are there, until
every file of it was written whole after the tables were. Nothing in the server's settings is changed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

TABLES: Final = (
    "conversations", "messages", "context_windows", "memory_index", "memory_sources", "user_preferences",
    "preference_observations", "tool_executions", "runs", "steps", "model_calls", "model_spend", "batch_items",
    "conversation_labels", "turns",
)  # fmt: skip
ROUNDS: Final = 4
_REFUSED: Final = "42501"
_LOCKED: Final = "55P03"


def clean_postgres(connection: Connection, patience: float) -> tuple[str, list[str], bool]:
    """Cleans the tables, the statistics and the log; gives the version, what is left, and whether all is clean."""
    version = str(connection.scalar(text("SHOW server_version"))).split()[0]
    until = time.monotonic() + patience
    bars = [*_tables(connection, until), *_statistics(connection)]
    bars += _log(connection)
    return version, [*bars, *_beyond(connection)], not bars


def _tables(connection: Connection, until: float) -> list[str]:
    """Rewrites the tables, again while somebody's older snapshot makes them keep dead rows."""
    bars: list[str] = []
    for table in TABLES:
        while True:
            left = max(until - time.monotonic(), 0.05)
            connection.execute(text(f"SET lock_timeout = {int(left * 1000)}"))
            try:
                dead = _vacuumed(connection, table)
            except DBAPIError as error:
                if _state(error) != _LOCKED:
                    raise
                dead = 1
            if dead == 0 or dead is None or time.monotonic() > until:
                break
            time.sleep(0.1)
        if dead is None:
            bars.append(
                f"Table {table}: we may not rewrite it; as its owner run VACUUM (FULL, ANALYZE) {table}."
            )
        elif dead:
            bars.append(
                f"Table {table}: a transaction, a replication slot or a prepared transaction still sees what was "
                f"deleted, or holds the table; end it, and ask for the same again."
            )
    connection.execute(text("RESET lock_timeout"))
    return bars


def _vacuumed(connection: Connection, table: str) -> int | None:
    """How many dead rows VACUUM had to keep; None where we may not run it, of which it only warns."""
    with _notices(connection) as told:
        connection.execute(text(f"VACUUM (FULL, VERBOSE) {table}"))
    # Of a table it rewrote it says how many rows it found, and in detail, first, how many dead ones it kept.
    kept = [re.search(r"\d+", detail) for detail in told if detail]
    return max((int(found[0]) for found in kept if found), default=None)


@contextmanager
def _notices(connection: Connection) -> Iterator[list[str | None]]:
    driver: Any = connection.connection.dbapi_connection
    told: list[str | None] = []

    def hear(notice: Any) -> None:
        told.append(notice.message_detail)

    driver.add_notice_handler(hear)
    try:
        yield told
    finally:
        driver.remove_notice_handler(hear)


def _statistics(connection: Connection) -> list[str]:
    """The planner keeps samples of the values; ANALYZE takes new ones, but none of a table that is empty."""
    names = ", ".join(f"'{table}'::regclass" for table in TABLES)
    with _allowed() as refused:
        connection.execute(text(f"DELETE FROM pg_statistic WHERE starelid IN ({names})"))
    for table in TABLES:
        connection.execute(text(f"ANALYZE {table}"))
    stale = [
        table
        for table in TABLES
        if refused
        and connection.scalar(text(f"SELECT count(*) FROM pg_stats WHERE tablename = '{table}'"))
        and not connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table})"))
    ]
    bars = [
        f"The planner's samples of table {table}: as a superuser run "
        f"DELETE FROM pg_statistic WHERE starelid = '{table}'::regclass; VACUUM FULL pg_statistic."
        for table in stale
    ]
    with _notices(connection) as told:
        connection.execute(text("VACUUM (FULL, VERBOSE) pg_statistic"))
    if not any(told):
        bars.append("The planner's old samples: as a superuser run VACUUM FULL pg_statistic.")
    return bars


def _log(connection: Connection) -> list[str]:
    """Leads the log on until each of its files was written whole after this moment, and says what hinders it."""
    mend = (
        "The write-ahead log: it has the deleted rows until its segments are written over; as a superuser run "
        "`turngraph memory forget ... --files` again."
    )
    with _allowed() as refused:
        _led_on(connection, 1)
        since: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        time.sleep(1.1 - since.microsecond / 1e6)  # the files' times are in whole seconds
        old = 0
        for _ in range(ROUNDS):
            # The second one leaves the first behind it, and with that the segments before.
            for _ in range(2):
                connection.execute(text("CHECKPOINT"))
                _led_on(connection, 1)
            old = _older(connection, since)
            if not old:
                _led_on(connection, 1)  # the one that is being written may still be of old bytes behind that
                return []
            _led_on(connection, old)
        keeps = connection.execute(text(_KEEPERS)).scalars().all()
        why = f" What keeps them: {', '.join(map(str, keeps))}." if keeps else ""
        return [
            f"The write-ahead log: {old} of its files are older than this.{why} "
            f"Release them, and ask for the same again."
        ]
    return [mend] if refused else []


def _led_on(connection: Connection, segments: int) -> None:
    """Goes on to the next segment that many times; what is free in one is filled with zeros."""
    for _ in range(segments):
        connection.execute(text("SELECT pg_logical_emit_message(false, 'turngraph', '')"))
        connection.execute(text("SELECT pg_switch_wal()"))


def _older(connection: Connection, since: datetime) -> int:
    """How many segments the log must still be led on by: to the last file that is older."""
    query = text(
        "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND modification <= :since"
    )
    return int(connection.execute(query, {"since": since}).scalar_one())


_KEEPERS: Final = """
    SELECT 'replication slot ' || slot_name FROM pg_replication_slots WHERE restart_lsn IS NOT NULL
    UNION ALL SELECT 'wal_keep_size = ' || setting FROM pg_settings WHERE name = 'wal_keep_size' AND setting <> '0'
    UNION ALL SELECT 'archiving that is behind' FROM pg_settings WHERE name = 'archive_mode' AND setting <> 'off'
"""


def _beyond(connection: Connection) -> list[str]:
    """What is outside of this server's files, as far as it can be seen from here."""
    said = ["The server's own log files, if they quote statements; and free blocks of its file system."]
    if connection.scalar(text("SHOW archive_mode")) != "off":
        said.append("Archived write-ahead log: delete what is older than this, and base backups with it.")
    if replicas := connection.scalar(text("SELECT count(*) FROM pg_stat_replication")):
        said.append(
            f"Replicas, of which {replicas} are connected: rows go there by themselves, their log and dead rows not."
        )
    else:
        said.append("Replicas that are not connected now.")
    return said


class _Refusal:
    """Whether a statement was refused for want of a right."""

    def __init__(self) -> None:
        self.met = False

    def __bool__(self) -> bool:
        return self.met


@contextmanager
def _allowed() -> Iterator[_Refusal]:
    refusal = _Refusal()
    try:
        yield refusal
    except DBAPIError as error:
        if _state(error) != _REFUSED:
            raise
        refusal.met = True


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
