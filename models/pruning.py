"""Which memories are let go: those that weigh next to nothing any more, and those that stopped holding long ago.

What is pinned stays, and so does every message: what was said is never lost by pruning memories, only a key to it.
Archived conversations go, with all that was said in them, where that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from ..engine import ValidationError
from .base import now
from .conversation import Conversation
from .erase import Target
from .forget import forget
from .memory import MemoryIndex
from .receipt import Receipt
from .repositories import conversations
from .repositories.memories import owned
from .scope import Scope

if TYPE_CHECKING:
    from .manager import DatabaseManager

PORTION: Final = 500
PASSING: Final = ("plan", "state")
PASSING_SHARE: Final = 6
"""How many times faster a plan or a passing state fades than a fact."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is worth keeping: how fast weight fades, the least weight, and how long a closed memory stays."""

    half_life: timedelta = timedelta(days=180)
    least: float = 0.05
    closed_for: timedelta = timedelta(days=730)
    corrected_for: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        if self.half_life <= timedelta(0):
            raise ValidationError(
                f"half_life: expected more than nothing, found {self.half_life}", ["half_life"]
            )
        if not 0.0 <= self.least <= 1.0:
            raise ValidationError(f"least: expected 0 to 1, found {self.least!r}", ["least"])


class Pruned(NamedTuple):
    """A memory that goes, and why."""

    id: str
    content: str
    weight: float
    reason: str


def weight(memory: MemoryIndex, at: datetime, half_life: timedelta) -> float:
    """What a memory weighs: its importance, halved with every half-life unused, more the oftener it was used."""
    used = max(moment for moment in (memory.valid_from, memory.created_at, memory.last_accessed) if moment)
    life = half_life / PASSING_SHARE if memory.content_type in PASSING else half_life
    idle = max(at - used, timedelta(0)) / life
    return float(memory.importance_score * (1.0 + math.log1p(memory.access_count)) * 0.5**idle)


def reason(memory: MemoryIndex, rule: Pruning, at: datetime) -> str | None:
    """Why a memory goes, or None where it stays."""
    if memory.pinned:
        return None
    if memory.valid_to is not None:
        seen = max(memory.valid_to, memory.last_accessed or memory.valid_to)
        never = memory.valid_to <= memory.valid_from
        kept = rule.corrected_for if never else rule.closed_for
        if at - seen <= kept:
            return None
        return "corrected" if never else "no longer holds"
    return "faded" if weight(memory, at, rule.half_life) < rule.least else None


async def prunable(
    db: DatabaseManager, scope: Scope, rule: Pruning, at: datetime | None = None
) -> list[Pruned]:
    """What `prune` would let go, changing nothing."""
    found: list[Pruned] = []
    after: int | None = 0
    while after is not None:
        portion, after = await db.read(
            partial(_looked_at, scope=scope, rule=rule, at=at or now(), after=after)
        )
        found += portion
    return found


async def prune(db: DatabaseManager, scope: Scope, rule: Pruning, at: datetime | None = None) -> list[Pruned]:
    """Deletes what the rule lets go, a portion a transaction, and says what went."""
    gone: list[Pruned] = []
    after: int | None = 0
    while after is not None:
        work = partial(_let_go, scope=scope, rule=rule, at=at or now(), after=after)
        portion, after = await db.write(work, keys=[f"user_id:{scope.user}"])
        gone += portion
    return gone


def _looked_at(
    session: Session, scope: Scope, rule: Pruning, at: datetime, after: int
) -> tuple[list[Pruned], int | None]:
    query = select(MemoryIndex).where(*owned(scope), MemoryIndex.seq > after)
    rows: Sequence[MemoryIndex] = session.scalars(query.order_by(MemoryIndex.seq).limit(PORTION)).all()
    found = [
        Pruned(row.id, row.content, round(weight(row, at, rule.half_life), 4), why)
        for row in rows
        if (why := reason(row, rule, at)) is not None
    ]
    return found, rows[-1].seq if len(rows) == PORTION else None


def _let_go(
    session: Session, scope: Scope, rule: Pruning, at: datetime, after: int
) -> tuple[list[Pruned], int | None]:
    found, further = _looked_at(session, scope, rule, at, after)
    ids = [pruned.id for pruned in found]
    if ids:
        mine = owned(scope)
        pointing = (
            update(MemoryIndex).where(*mine, MemoryIndex.superseded_by.in_(ids)).values(superseded_by=None)
        )
        session.execute(pointing.execution_options(synchronize_session=False))
        gone = delete(MemoryIndex).where(*mine, MemoryIndex.id.in_(ids))
        session.execute(gone.execution_options(synchronize_session=False))
    return found, further


async def prunable_conversations(
    db: DatabaseManager, scope: Scope, older_than: timedelta, at: datetime | None = None
) -> list[Conversation]:
    """The archived conversations not touched for that long, the oldest first; what was taken in lately is new."""
    before = _before(older_than, at)
    return await db.read(lambda session: list(session.scalars(_archived(scope, before))))


async def prune_conversations(
    db: DatabaseManager, scope: Scope, older_than: timedelta, at: datetime | None = None
) -> list[Receipt]:
    """Forgets these conversations one after the other, and gives a receipt for each."""
    receipts: list[Receipt] = []
    # Each is looked up only when its turn has come: one that was reopened meanwhile stays.
    oldest = _archived(scope, _before(older_than, at)).limit(1)
    while (found := await db.read(lambda session: session.scalar(oldest))) is not None:
        receipts.append(await forget(db, scope, Target("conversation", found.id)))
    return receipts


def _before(older_than: timedelta, at: datetime | None) -> datetime:
    if older_than < timedelta(0):
        raise ValidationError(
            f"older_than: expected no less than nothing, found {older_than}", ["older_than"]
        )
    return (at or now()) - older_than


def _archived(scope: Scope, before: datetime) -> Select[Any]:
    old = (Conversation.updated_at < before, Conversation.created_at < before)
    query = select(Conversation).where(*conversations.owned(scope), Conversation.status == "archived", *old)
    return query.order_by(Conversation.updated_at, Conversation.id)
