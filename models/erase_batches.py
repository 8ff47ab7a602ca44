"""What batches hold of what is forgotten: results, reasons, and whose record it was.

An outcome stays as such, without them: were its row deleted, the same batch would do the record again, and what was
forgotten would be back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .batch import BatchItemRow
from .scope import Scope
from .traces import Traces

PORTION = 500


def erase_outcomes(
    session: Session, scope: Scope, traces: Traces | None, digest: Callable[[str], str]
) -> list[list[str]]:
    """Empties the user's outcomes that hold traces, all of them without traces; gives each one's key and the keyed
    hash of what it held."""
    row = BatchItemRow
    query = select(row.seq, row.key, row.reason, row.result)
    query = query.where(row.tenant_id == scope.tenant, row.user_id == scope.user).order_by(row.seq)
    gone: list[tuple[int, str, str]] = []
    for seq, key, reason, result in session.execute(query.execution_options(yield_per=PORTION)):
        if traces is None or ((reason or result) and traces.in_json(reason, result)):
            gone.append((seq, key, f"{reason or ''}{result or ''}"))
    empty: dict[str, Any] = {"reason": None, "result": None, "content": None}
    if traces is None:
        empty["user_id"] = None
    for start in range(0, len(gone), PORTION):
        some = [seq for seq, _, _ in gone[start : start + PORTION]]
        change = update(row).where(row.seq.in_(some)).values(**empty)
        session.execute(change.execution_options(synchronize_session=False))
    return [[key, digest(held)] for _, key, held in gone]
