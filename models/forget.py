"""Forgetting: at once out of reach, and where that is asked for gone from the files; a signed receipt says which.

`await forget(db, scope, Target("message", id))`. Asked again, it goes on where it was interrupted and gives the same
receipt; what never was the scope's is NotFound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy.orm import Session

from ..engine import ValidationError
from .base import now
from .erase import Target, erase
from .erase_files import PATIENCE, Cleaned, clean
from .erase_runs import sweep, walked_elsewhere
from .errors import NotFound
from .receipt import GRADES, Receipt, current_key, listed, newest, store
from .scope import Scope

if TYPE_CHECKING:
    from .manager import DatabaseManager

Grade: TypeAlias = Literal["unreachable", "files"]
EVERYWHERE: Final = (
    "Backups, snapshots and copies of the database made before this, and files that an export wrote: delete them.",
    "What was sent to language models and embedders that others run: ask them.",
)


async def forget(
    db: DatabaseManager,
    scope: Scope,
    target: Target,
    grade: Grade = "unreachable",
    *,
    patience: float = PATIENCE,
) -> Receipt:
    """Forgets it, and gives the signed receipt; for `files` it waits that many seconds for readers to end."""
    if grade not in GRADES:
        raise ValidationError(f"grade: expected one of {', '.join(GRADES)}, found {grade!r}", ["grade"])
    keys = [f"user_id:{scope.user}", *([f"conversation_id:{target.id}"] if target.id else [])]
    here = db.runs._me.id
    receipt, runs = await db.write(partial(_unreachable, scope, target, grade, db.dialect, here), keys=keys)
    if runs:
        for run_id in runs:
            db.runs._let_go(run_id)  # who still walks it here is told with its next step
        await db.write(partial(_swept, runs))
    if grade == "files" and receipt.pending:
        cleaned = await asyncio.to_thread(clean, db, patience)
        receipt = await db.write(partial(_finished, scope, receipt.id, cleaned))
    return receipt


def _unreachable(
    scope: Scope, target: Target, grade: Grade, dialect: str, here: str, session: Session
) -> tuple[Receipt, list[str]]:
    try:
        erased = erase(session, scope, target, current_key(session).digest)
    except NotFound:
        before = newest(session, scope, target.kind, target.id)
        if before is None:
            raise
        runs = [row[0] for row in before.erased.get("runs", ())] if before.walked else []
        now_is = before
        if walked := before.walked:
            left = [line for line in before.left_to_the_operator if line not in _meanwhile(walked)]
            walked = walked_elsewhere(session, walked, here)
            now_is = replace(now_is, walked=walked, left_to_the_operator=[*_meanwhile(walked), *left])
        if grade == "files" and before.grade != "files":
            now_is = replace(now_is, wanted="files", attempts=before.attempts + 1)
        return (before if now_is == before else store(session, now_is)), runs
    walked = walked_elsewhere(session, erased.walked, here)
    made = Receipt(
        tenant=scope.tenant,
        user=scope.user,
        kind=target.kind,
        target=target.id,
        grade="unreachable",
        wanted=grade,
        erased_at=now().isoformat(),
        database=dialect,
        erased=erased.rows,
        changed=erased.changed,
        answers=erased.answers,
        left_to_the_operator=[*_meanwhile(walked), _NOT_YET[grade], *EVERYWHERE],
        walked=walked,
        attempts=int(grade == "files"),
    )
    return store(session, made), erased.runs


def _swept(runs: Sequence[str], session: Session) -> None:
    sweep(session, runs)


def _finished(scope: Scope, receipt_id: str, cleaned: Cleaned, session: Session) -> Receipt:
    """Notes what was reached in the receipt, and in others of the scope that waited for the same."""
    found: list[Receipt] = []
    for receipt in listed(session, scope):
        if receipt.pending or receipt.id == receipt_id:
            left = [*_meanwhile(receipt.walked), *cleaned.left, *EVERYWHERE]
            receipt = replace(receipt, database=cleaned.database, left_to_the_operator=left)
            if cleaned.reached:
                receipt = replace(receipt, grade="files", files_at=now().isoformat())
            receipt = store(session, receipt)
        found.append(receipt)
    return next(receipt for receipt in found if receipt.id == receipt_id)


def _meanwhile(walked: Sequence[Sequence[str]]) -> list[str]:
    """What is said of runs that another process was walking when they went."""
    if not walked:
        return []
    runs = ", ".join(run for run, _ in walked)
    return [
        f"Runs that another process was walking may still write steps: {runs}. When that process has ended, ask for "
        f"the same again; it deletes those."
    ]


_NOT_YET: Final = {
    "unreachable": "The files of the database: bytes stay there until `turngraph memory forget ... --files`.",
    "files": "The files of the database: this was interrupted before they were cleaned; ask for the same again.",
}
