"""Memories: facts tied to the messages they came from; the same fact again makes the one that is there stronger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ...engine import ValidationError
from ..base import Base, length, new_id, now
from ..errors import NotFound
from ..memory import MemoryIndex, MemorySource
from ..message import Message
from ..prepared import change, columns, mine, store, unstored
from ..scope import Scope, check_id, check_json, check_limit
from .messages import check_content

STRONGER = 0.05
_M, _S, _F = columns(Message), columns(MemorySource), columns(MemoryIndex)
_MEMORY: Final = bindparam("memory", type_=_S.memory_id.type)
_SAME: Final = (
    select(MemoryIndex)
    .where(*mine(_F), _F.content == bindparam("content"), _F.valid_to.is_(None))
    .limit(bindparam("limit"))
)
_STORE: Final = insert(Base.metadata.tables["memory_index"]).returning(_F.seq, sort_by_parameter_order=True)
_TIE: Final = insert(MemorySource).from_select(
    ["memory_id", "message_id", "tenant_id", "user_id"],
    select(_MEMORY, _M.id, _M.tenant_id, _M.user_id)
    .where(*mine(_M), _M.id.in_(bindparam("ids", expanding=True)))
    .where(~exists().where(_S.memory_id == _MEMORY, _S.message_id == _M.id)),
)
_STRONGER: Final = (
    update(Base.metadata.tables["memory_index"])
    .where(*mine(_F), _F.id == bindparam("memory"))
    .values(importance_score=bindparam("importance"))
)
_TOUCH: Final = (
    update(Base.metadata.tables["memory_index"])
    .where(*mine(_F), _F.id.in_(bindparam("ids", expanding=True)))
    .values(access_count=_F.access_count + 1, last_accessed=bindparam("moment"))
)


def owned(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """The condition that a memory is the scope's."""
    return (MemoryIndex.tenant_id == scope.tenant, MemoryIndex.user_id == scope.user)


def remember(
    session: Session,
    scope: Scope,
    content: str,
    *,
    sources: Collection[str] = (),
    content_type: str = "fact",
    category: str = "general",
    importance: float = 0.5,
    embedding: Sequence[float] | bytes | None = None,
    embedding_model: str | None = None,
    metadata: dict[str, Any] | None = None,
    subject: str | None = None,
    slot: str | None = None,
    value: str | None = None,
    at: datetime | None = None,
) -> tuple[MemoryIndex, bool]:
    """Stores a fact and ties it to its messages; gives it and whether it is new."""
    check_content(content)
    if not 0.0 <= importance <= 1.0:
        raise ValidationError(
            f"importance_score: expected 0 to 1, found {importance!r}", ["importance_score"]
        )
    check_json(metadata)
    known = session.scalar(_SAME, {**scope.mine, "content": content, "limit": 1})
    if known is not None:
        strengthen(session, scope, known, importance, sources)
        return known, False
    row = {
        "id": new_id(), "tenant_id": scope.tenant, "user_id": scope.user, "content": content,
        "content_type": content_type, "category": category, "subject": subject[:64] if subject else None,
        "slot": slot, "value": value, "importance_score": importance, "access_count": 0, "last_accessed": None,
        "pinned": False, "embedding": embedding, "embedding_model": embedding_model,
        "embedding_dim": length(embedding), "valid_from": at or now(),
        "valid_to": None, "superseded_by": None, "meta": metadata or {}, "created_at": now(),
    }  # fmt: skip
    made = unstored(MemoryIndex, row)
    store(session, _STORE, [row], [made])
    _tie(session, scope, made, sources)
    return made, True


def strengthen(
    session: Session, scope: Scope, memory: MemoryIndex, importance: float, sources: Collection[str]
) -> None:
    """A fact that was told again weighs more, and is tied to where it was told."""
    stronger = min(1.0, max(memory.importance_score, importance) + STRONGER)
    change(session, _STRONGER, {**scope.mine, "memory": memory.id, "importance": stronger})
    set_committed_value(memory, "importance_score", stronger)
    _tie(session, scope, memory, sources)


def _tie(session: Session, scope: Scope, memory: MemoryIndex, sources: Collection[str]) -> None:
    if sources:
        change(session, _TIE, {**scope.mine, "memory": memory.id, "ids": list(sources)})


def listed(
    session: Session,
    scope: Scope,
    *,
    category: str | None = None,
    content_type: str | None = None,
    limit: int = 100,
) -> list[MemoryIndex]:
    """The user's memories that hold now, the most important first."""
    query = _of_kind(scope, category, content_type).where(MemoryIndex.valid_to.is_(None))
    order = (MemoryIndex.importance_score.desc(), MemoryIndex.seq.desc())
    return list(session.scalars(query.order_by(*order).limit(check_limit(limit))))


def history(session: Session, scope: Scope, slot: str) -> list[MemoryIndex]:
    """What a slot such as "user/home" held, facets included, the oldest first; what was never true is left out."""
    check_id("slot", slot)
    filled = or_(MemoryIndex.slot == slot, MemoryIndex.slot.startswith(f"{slot}:", autoescape=True))
    true = or_(MemoryIndex.valid_to.is_(None), MemoryIndex.valid_to > MemoryIndex.valid_from)
    query = select(MemoryIndex).where(*owned(scope), filled, true)
    return list(session.scalars(query.order_by(MemoryIndex.valid_from, MemoryIndex.seq)))


def earlier(
    session: Session,
    scope: Scope,
    *,
    category: str | None = None,
    content_type: str | None = None,
    limit: int = 100,
) -> list[MemoryIndex]:
    """The user's memories that held once and do so no more, the last closed first."""
    query = _of_kind(scope, category, content_type).where(MemoryIndex.valid_to > MemoryIndex.valid_from)
    order = (MemoryIndex.valid_to.desc(), MemoryIndex.seq.desc())
    return list(session.scalars(query.order_by(*order).limit(check_limit(limit))))


def _of_kind(scope: Scope, category: str | None, content_type: str | None) -> Select[MemoryIndex]:
    query = select(MemoryIndex).where(*owned(scope))
    if category is not None:
        query = query.where(MemoryIndex.category == check_id("category", category))
    if content_type is not None:
        query = query.where(MemoryIndex.content_type == check_id("content_type", content_type))
    return query


def sources_of(session: Session, scope: Scope, memory_ids: Collection[str]) -> dict[str, list[Message]]:
    """The messages each memory came from."""
    query = (
        select(MemorySource.memory_id, Message)
        .join(Message, Message.id == MemorySource.message_id)
        .where(MemorySource.memory_id.in_(list(memory_ids)))
        .where(Message.tenant_id == scope.tenant, Message.user_id == scope.user)
        .order_by(Message.seq)
    )
    found: dict[str, list[Message]] = {}
    for memory_id, message in session.execute(query):
        found.setdefault(memory_id, []).append(message)
    return found


def touch(session: Session, scope: Scope, memory_ids: Collection[str]) -> None:
    """Counts an access to these memories."""
    if memory_ids:
        change(session, _TOUCH, {**scope.mine, "ids": list(memory_ids), "moment": now()})


def forget(session: Session, scope: Scope, memory_id: str) -> None:
    """Deletes a memory; NotFound where the user has none of that id."""
    mine = (*owned(scope), MemoryIndex.id == check_id("memory_id", memory_id))
    gone = session.execute(delete(MemoryIndex).where(*mine))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound(
            f"no memory {memory_id!r} belongs to user {scope.user!r}; turngraph memory list shows them"
        )


def counted(session: Session, scope: Scope) -> dict[str, int]:
    """How many memories the user has in each category."""
    query = select(MemoryIndex.category, func.count()).where(*owned(scope), MemoryIndex.valid_to.is_(None))
    return {category: count for category, count in session.execute(query.group_by(MemoryIndex.category))}
