"""Writes what came of a batch as lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...engine import ValidationError
from ...models import DatabaseManager


def check_place(role: str, place: Path, records: object = None) -> None:
    """Refuses, before a long batch begins, a place where no file could be written when it is over."""
    if place.is_dir() or not place.name:
        raise ValidationError(f"{role}: expected a file, found the folder {str(place)!r}", [role])
    if not os.access(place.parent, os.W_OK):
        what = "may not be written to" if place.parent.is_dir() else "is not there"
        raise ValidationError(f"{role}: the folder {str(place.parent)!r} {what}", [role])
    if isinstance(records, str | Path) and place.resolve() == Path(records).resolve():
        raise ValidationError(f"{role}: {str(place)!r} is the file of the records; name another", [role])


def write_out(db: DatabaseManager, seq: int, out: Path) -> None:
    """Writes all outcomes of a batch as JSONL; the file is there whole or not at all."""
    part = out.with_name(f".{out.name}.part")
    with part.open("w", encoding="utf-8") as file:
        for row in db.batches.outcomes(seq):
            file.write(line_of(row) + "\n")
    part.replace(out)


def line_of(row: Mapping[str, Any]) -> str:
    """An outcome as a line of JSON: its line, whose it is, how it stands, and its result."""
    head = {"line": row["line"], "user_id": row["user_id"], "outcome": row["outcome"]}
    if row["reason"] is not None:
        head["reason"] = row["reason"]
    text = json.dumps(head)
    return text if row["result"] is None else f'{text[:-1]}, "result": {row["result"]}}}'
