"""Gives every record of a list its key: by its own id, else by what it holds and how many alike stood before it.

What was seen is kept in SQLite's own temporary database, which takes to the disk what does not fit into a few
megabytes: ten million records need no more memory than a hundred.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .record import Read, digest


@dataclass(slots=True)
class Keyed:
    """A record and its key; `content` is the hash of what it holds, where its own id is the key.

    One that is not to be run says why: `poison` if it is no record, `repeated` if it was there before.
    """

    key: str
    line: int
    value: dict[str, Any] | None
    content: str | None = None
    poison: str | None = None
    repeated: str | None = None
    size: int = 0


def keyed(records: Iterable[Read]) -> Iterator[Keyed]:
    """The records with their keys. Two with the same id are one if they are equal, else the second is poison."""
    seen = sqlite3.connect("")
    try:
        seen.execute("PRAGMA cache_size = -16000")
        seen.execute("PRAGMA journal_mode = OFF")
        seen.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, count INTEGER, line INTEGER, content BLOB) WITHOUT ROWID"
        )
        for record in records:
            yield _keyed(seen, record)
    finally:
        seen.close()


def _keyed(seen: sqlite3.Connection, record: Read) -> Keyed:
    content = digest(record.value) if record.value is not None else record.raw.hex()
    own = own_id(record.value)
    made = Keyed("", record.line, record.value, None, record.reason, None, record.size)
    if own is None:
        count, _, _ = _note(seen, content, record.line, "")
        made.key = digest("content", content, count)
        return made
    made.key, made.content = digest("id", own), content
    count, line, first = _note(seen, made.key, record.line, content)
    if count > 1:
        made.key = digest("again", own, content, count)
        if first == content:
            made.repeated = f"the same record as on line {line}"
        else:
            made.poison = f"the id {own!r} is that of line {line}, which holds something else"
    return made


def own_id(value: dict[str, Any] | None) -> str | None:
    """The id that a record has, as text."""
    found = None if value is None else value.get("id")
    if isinstance(found, bool) or not isinstance(found, (str, int)) or found == "":
        return None
    return str(found)


def _note(seen: sqlite3.Connection, key: str, line: int, content: str) -> tuple[int, int, str]:
    row = seen.execute(
        "INSERT INTO seen VALUES (?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET count = count + 1 "
        "RETURNING count, line, content",
        (bytes.fromhex(key), line, bytes.fromhex(content)),
    ).fetchone()
    return row[0], row[1], row[2].hex()
