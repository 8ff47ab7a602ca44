"""The statements that every durable step runs, one set for each kind of database.

On SQLite a row costs least when the driver is handed it as it is. On PostgreSQL the way there and back costs
most, so a whole group is one statement, and each column of its rows one array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Float, Integer
from sqlalchemy.engine import Connection

from .base import Base
from .driver import Row, change, first, first_at_once
from .durable import Micros, RunRow, StepRow

_TYPES: Final = ((BigInteger, "int8"), (Micros, "int8"), (Integer, "int4"), (Float, "float8"))
_ENDS: Final = {
    "status": "text", "action": "text", "error": "text", "moment": "int8", "id": "text", "mine": "text",
}  # fmt: skip


@dataclass(slots=True)
class Rows:
    """What a group writes: its owners, whole rows of runs and steps, and for each run that ends how and when."""

    owners: set[str]
    runs: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    ends: list[Row] = field(default_factory=list)


def write(connection: Connection, rows: Rows) -> tuple[bool, int, int]:
    """Whether all owners stand, and how many runs and steps were not there before."""
    return (_sqlite if connection.dialect.name == "sqlite" else _postgresql)(connection, rows)


def write_at_once(connection: Connection, rows: Rows) -> tuple[bool, int, int]:
    """The same on PostgreSQL in a transaction of its own, which writes nothing unless all owners stand."""
    return _counted(rows, first_at_once(connection, _everything(), _parameters(rows)))


def insert(connection: Connection, model: type[Base], rows: Sequence[Row]) -> int:
    """Inserts the rows that are not there; gives how many that were."""
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        return change(connection, _insert_row(model), rows)
    return change(connection, _insert_arrays(model), [arrays(rows)])


def stands(connection: Connection, owner: str) -> bool:
    """Whether nobody has taken the owner's runs over, nor will before this transaction ends."""
    if connection.dialect.name == "sqlite":
        return first(connection, "SELECT fence FROM owners WHERE id = ?", (owner,)) == (1,)
    return first(connection, "SELECT fence FROM owners WHERE id = %s FOR SHARE", (owner,)) == (1,)


def _sqlite(connection: Connection, rows: Rows) -> tuple[bool, int, int]:
    if not all(stands(connection, owner) for owner in rows.owners):
        return False, 0, 0
    runs = insert(connection, RunRow, rows.runs)
    steps = insert(connection, StepRow, rows.steps)
    if rows.ends:
        change(connection, _END, rows.ends)
    return True, runs, steps


def _postgresql(connection: Connection, rows: Rows) -> tuple[bool, int, int]:
    return _counted(rows, first(connection, _everything(), _parameters(rows)))


def _parameters(rows: Rows) -> Row:
    return (
        list(rows.owners),
        len(rows.owners),
        *arrays(rows.runs, 15),
        *arrays(rows.steps, 10),
        *arrays(rows.ends, 6),
    )


def _counted(rows: Rows, found: Row | None) -> tuple[bool, int, int]:
    lost, runs, steps = found if found is not None else (1, 0, 0)
    return not lost, runs, steps


_UNLESS_LOST: Final = "WHERE (SELECT count FROM lost) = 0"
_END: Final = "UPDATE runs SET status = ?, action = ?, error = ?, updated_at = ?, owner_id = NULL WHERE id = ? AND owner_id = ?"


@lru_cache(1)
def _everything() -> str:
    """Who does not stand is asked first, behind a lock on each owner; while there is one, nothing is written."""
    return f"""
        WITH standing AS (SELECT 1 FROM owners WHERE id = ANY(%s::text[]) AND fence = 1 FOR SHARE),
        lost AS (SELECT %s::int8 - (SELECT count(*) FROM standing) AS count),
        begun AS ({_insert_arrays(RunRow, _UNLESS_LOST)} RETURNING 1),
        taken AS ({_insert_arrays(StepRow, _UNLESS_LOST)} RETURNING 1),
        ended AS (
            UPDATE runs SET status = e.status, action = e.action, error = e.error, updated_at = e.moment, owner_id = NULL
            FROM {_unnest(_ENDS.values())} AS e({", ".join(_ENDS)})
            WHERE runs.id = e.id AND runs.owner_id = e.mine AND (SELECT count FROM lost) = 0
        )
        SELECT (SELECT count FROM lost), (SELECT count(*) FROM begun), (SELECT count(*) FROM taken)
    """


@lru_cache(8)
def _insert_row(model: type[Base]) -> str:
    columns = model.__table__.columns
    marks = ", ".join("?" for _ in columns)
    return f"INSERT INTO {model.__tablename__} ({', '.join(columns.keys())}) VALUES ({marks}) ON CONFLICT DO NOTHING"


@lru_cache(8)
def _insert_arrays(model: type[Base], condition: str = "") -> str:
    columns = model.__table__.columns
    types = (next((name for of, name in _TYPES if isinstance(c.type, of)), "text") for c in columns)
    names = ", ".join(columns.keys())
    rows = f"SELECT * FROM {_unnest(types)} {condition}"
    return f"INSERT INTO {model.__tablename__} ({names}) {rows} ON CONFLICT DO NOTHING"


def _unnest(types: Iterable[str]) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in types)})"


def arrays(rows: Sequence[Row], columns: int = 0) -> tuple[str, ...]:
    """The columns of some rows, each as the text of an array: the driver's own way takes ten times as long."""
    if not rows:
        return ("{}",) * columns
    return tuple(f"{{{','.join(map(_element, column))}}}" for column in zip(*rows, strict=True))


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
