"""The outcomes of a batch's records, written for a whole group in a few statements.

An outcome that is there already stays: a write that runs again, since nobody knows what came of its COMMIT, finds
its own. Only a record that failed, and is tried again because that was asked for, has its outcome replaced.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from sqlalchemy.engine import Connection

from .driver import Row, change
from .owner import Me
from .run_rows import fenced
from .run_statements import arrays, stands

COLUMNS: Final = {
    "batch_seq": "int4", "key": "text", "tenant_id": "text", "user_id": "text", "line": "int8", "content": "text",
    "outcome": "text", "reason": "text", "result": "text", "tokens": "int8", "cost": "float8", "seconds": "float8",
    "finished_at": "int8",
}  # fmt: skip
_REPLACED: Final = (
    "line",
    "content",
    "outcome",
    "reason",
    "result",
    "tokens",
    "cost",
    "seconds",
    "finished_at",
)


@dataclass(slots=True, eq=False)
class Outcome:
    """What came of one record. `again` is one that failed before and was tried once more."""

    me: Me
    batch: int
    key: str
    line: int
    outcome: Literal["done", "failed", "skipped"]
    tenant: str = "default"
    user: str | None = None
    content: str | None = None
    reason: str | None = None
    result: str | None = None
    tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    again: bool = False


class OutcomeRows:
    """Writes what a group brings, if its owners still stand."""

    def write(self, connection: Connection, parcels: list[list[Outcome]]) -> list[Any]:
        """Writes a group of parcels; gives for each None, or Fenced where its process may not write any more."""
        moment = time.time_ns() // 1000
        owners = sorted({item.me.id for parcel in parcels for item in parcel})
        standing = {owner: stands(connection, owner) for owner in owners}
        mine = [item for parcel in parcels for item in parcel if standing[item.me.id]]
        for again in (False, True):
            rows = [_values(item, moment) for item in mine if item.again is again]
            if rows:
                _insert(connection, rows, again)
        return [None if all(standing[item.me.id] for item in parcel) else fenced() for parcel in parcels]

    def write_at_once(self, connection: Connection, parcels: list[list[Outcome]]) -> list[Any] | None:
        """Nothing: whether the owners stand is asked first."""
        return None


def _insert(connection: Connection, rows: Sequence[Row], again: bool) -> None:
    statement = _statement(connection.dialect.name, again)
    change(connection, statement, rows if connection.dialect.name == "sqlite" else [arrays(rows)])


@lru_cache(4)
def _statement(dialect: str, again: bool) -> str:
    if dialect == "sqlite":
        source = f"VALUES ({', '.join('?' for _ in COLUMNS)})"
    else:
        source = f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())})"
    sets = ", ".join(f"{name} = excluded.{name}" for name in _REPLACED)
    then = f"UPDATE SET {sets} WHERE batch_items.outcome = 'failed'" if again else "NOTHING"
    target = "(batch_seq, key) " if again else ""
    return f"INSERT INTO batch_items ({', '.join(COLUMNS)}) {source} ON CONFLICT {target}DO {then}"


def _values(item: Outcome, moment: int) -> Row:
    return (
        item.batch, item.key, item.tenant, item.user, item.line, item.content, item.outcome, text(item.reason),
        item.result, item.tokens, item.cost, item.seconds, moment,
    )  # fmt: skip


def text(value: str | None) -> str | None:
    """A text that every database takes: half a character and NUL are written out."""
    if value is None or (value.isascii() and "\x00" not in value):
        return value
    return value.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
