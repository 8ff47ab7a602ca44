"""Embeds anew what another embedder embedded, or none: in small batches, beside all other work, and resumable.

What is done carries the new model's id, so that a second call goes on where the first one stopped. Search works
meanwhile: vectors of another model are never compared, and rows without a fitting one rank by their words alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from ..services import Embedder
from .base import packed
from .memory import MemoryIndex
from .message import Message
from .scope import Scope

if TYPE_CHECKING:
    from .manager import DatabaseManager

GIVEN: Final = "given"
"""The model id of vectors that a caller computed; they are the caller's, and stay, as those without one do."""
BATCH: Final = 64

Embedded: TypeAlias = type[Message] | type[MemoryIndex]
TABLES: Final[tuple[Embedded, ...]] = (Message, MemoryIndex)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: rows embedded anew by this call, and how many there were when it began."""

    done: int
    total: int
    model: str


def outdated(session: Session, model: str, scope: Scope | None = None) -> int:
    """How many messages and memories have no vector of that model; of all users where no scope is given."""
    counts = (
        session.scalar(select(func.count()).select_from(table).where(*_outdated(table, model, scope)))
        for table in TABLES
    )
    return sum(count or 0 for count in counts)


async def reembed(
    db: DatabaseManager,
    embedder: Embedder,
    *,
    scope: Scope | None = None,
    batch: int = BATCH,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Embeds all outdated rows, of one user where a scope is given; the operator's work, like vacuuming.

    Cancelled or killed it has lost at most one batch. `progress` is called on the loop after each.
    """
    model = embedder.model_id
    total = await db.read(lambda session: outdated(session, model, scope))
    done = 0
    for table in TABLES:
        after = 0
        while rows := await db.read(_reading(table, model, scope, after, batch)):
            after = rows[-1][0]
            vectors = await asyncio.to_thread(embedder.embed, [content for _, content in rows])
            fresh = [
                (seq, content, packed(vector)) for (seq, content), vector in zip(rows, vectors, strict=True)
            ]
            done += await db.write(_writing(table, model, embedder.dimension, fresh))
            total = max(total, done)  # rows of an older process may have come meanwhile
            if progress is not None:
                progress(Progress(done, total, model))
    return Progress(done, total, model)


def _reading(
    table: Embedded, model: str, scope: Scope | None, after: int, batch: int
) -> Callable[[Session], list[tuple[int, str]]]:
    query = select(table.seq, table.content).where(*_outdated(table, model, scope), table.seq > after)
    query = query.order_by(table.seq).limit(max(1, batch))
    return lambda session: [(seq, content) for seq, content in session.execute(query)]


def _writing(
    table: Embedded, model: str, dimension: int, rows: Sequence[tuple[int, str, bytes]]
) -> Callable[[Session], int]:
    def work(session: Session) -> int:
        written = 0
        for seq, content, vector in rows:
            # A row that was rewritten meanwhile has another content, and is found again by the next call.
            query = update(table).where(table.seq == seq, table.content == content)
            values: dict[str, Any] = {
                "embedding": vector,
                "embedding_model": model,
                "embedding_dim": dimension,
            }
            found = session.execute(query.values(**values).execution_options(synchronize_session=False))
            written += found.rowcount  # type: ignore[attr-defined]
        return written

    return work


def _outdated(table: Embedded, model: str, scope: Scope | None) -> list[ColumnElement[bool]]:
    other = and_(table.embedding_model != model, table.embedding_model != GIVEN)
    none = and_(table.embedding_model.is_(None), table.embedding.is_(None))
    found: list[ColumnElement[bool]] = [or_(none, other)]
    if scope is not None:
        found += [table.tenant_id == scope.tenant, table.user_id == scope.user]
    return found
