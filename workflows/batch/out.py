"""Writes what came of a batch as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...models import DatabaseManager


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
