"""Conversations: begin, find, list, change their status, and say how they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session, selectinload

from ...engine import ValidationError
from ..base import new_id, now
from ..conversation import STATUSES, Conversation
from ..errors import NotFound
from ..lifecycle import change_status
from ..memory import MemoryIndex, MemorySource
from ..message import Message
from ..prepared import change, columns, current, fetch, mine
from ..scope import Scope, check_id, check_json, check_limit, check_text

LONGEST_TITLE = 500


def owned(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """The condition that a conversation is the scope's."""
    return (Conversation.tenant_id == scope.tenant, Conversation.user_id == scope.user)


def begin(
    session: Session,
    scope: Scope,
    *,
    conversation_id: str | None = None,
    title: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Conversation:
    """A new conversation."""
    check_json(metadata)
    if title is not None and len(check_text("title", title)) > LONGEST_TITLE:
        raise ValidationError(
            f"title: expected at most {LONGEST_TITLE} characters, found {len(title)}", ["title"]
        )
    place = new_id() if conversation_id is None else check_id("conversation_id", conversation_id)
    row = {"tenant_id": scope.tenant, "user_id": scope.user, "id": place, "title": title}
    change(session, _BEGIN, {**row, "metadata": metadata or {}})
    return get(session, scope, place)


def find(session: Session, scope: Scope, conversation_id: str) -> Conversation | None:
    """The conversation, or None where the user has none of that id."""
    found = fetch(session, _ROW, _given(scope, conversation_id))
    return current(session, Conversation, found[0]) if found else None


def get(session: Session, scope: Scope, conversation_id: str, *, with_messages: bool = False) -> Conversation:
    """The conversation; NotFound where the user has none of that id, whoever else may."""
    if with_messages:
        found = session.scalar(_WITH_MESSAGES, _given(scope, conversation_id))
    else:
        found = find(session, scope, conversation_id)
    if found is None:
        raise NotFound(
            f"no conversation {conversation_id!r} belongs to user {scope.user!r}; list them to see which do"
        )
    return found


def locked(session: Session, scope: Scope, conversation_id: str) -> Conversation:
    """The conversation, held until the transaction ends, so that positions are given out one after the other."""
    found = fetch(session, _LOCKED, _given(scope, conversation_id))
    return current(session, Conversation, found[0]) if found else get(session, scope, conversation_id)


def recent(session: Session, scope: Scope, *, limit: int, exclude: str) -> Sequence[Any]:
    """Id, title and updated_at of the user's other conversations, the most recently active first."""
    return fetch(session, _RECENT, {**_given(scope, exclude), "limit": check_limit(limit)})


_C: Final = columns(Conversation)
_BEGIN: Final = insert(Conversation.__table__)  # type: ignore[arg-type, unused-ignore]
_THIS: Final = (*mine(_C), _C.id == bindparam("place"))
_ROW: Final = select(*_C).where(*_THIS)
_LOCKED: Final = _ROW.with_for_update()
_WITH_MESSAGES: Final = select(Conversation).where(*_THIS).options(selectinload(Conversation.messages))
_RECENT: Final = (
    select(_C.id, _C.title, _C.updated_at)
    .where(*mine(_C), _C.id != bindparam("place"))
    .order_by(_C.updated_at.desc(), _C.id)
    .limit(bindparam("limit"))
)


def _given(scope: Scope, conversation_id: str) -> dict[str, str]:
    return {**scope.mine, "place": check_id("conversation_id", conversation_id)}


def listed(
    session: Session,
    scope: Scope,
    *,
    status: str | None = None,
    without: str | None = None,
    limit: int = 50,
) -> Sequence[Conversation]:
    """The user's conversations, the most recently active first; those of a status, or without one."""
    query = select(Conversation).where(*owned(scope))
    if status is not None:
        if status not in STATUSES:
            raise ValidationError(
                f"status: expected one of {', '.join(STATUSES)}, found {status!r}", ["status"]
            )
        query = query.where(Conversation.status == status)
    if without is not None:
        query = query.where(Conversation.status != without)
    return session.scalars(
        query.order_by(Conversation.updated_at.desc(), Conversation.id).limit(check_limit(limit))
    ).all()


def set_status(session: Session, scope: Scope, conversation_id: str, status: str) -> Conversation:
    """Moves a conversation to another status, where the lifecycle allows it."""
    conversation = locked(session, scope, conversation_id)
    change_status(conversation, status)
    session.flush()
    return conversation


def forget(session: Session, scope: Scope, conversation_id: str) -> int:
    """Deletes a conversation, its messages, and the memories that came from nowhere else; how many messages."""
    conversation = locked(session, scope, conversation_id)
    mine = (
        Message.tenant_id == scope.tenant,
        Message.user_id == scope.user,
        Message.conversation_id == conversation.id,
    )
    count = session.scalar(select(func.count()).select_from(Message).where(*mine)) or 0
    inside = select(Message.id).where(*mine)
    from_here = select(MemorySource.memory_id).where(MemorySource.message_id.in_(inside))
    elsewhere = select(MemorySource.memory_id).where(MemorySource.message_id.not_in(inside))
    session.execute(
        delete(MemoryIndex).where(
            MemoryIndex.tenant_id == scope.tenant,
            MemoryIndex.user_id == scope.user,
            MemoryIndex.id.in_(from_here),
            MemoryIndex.id.not_in(elsewhere),
        )
    )
    session.execute(delete(Message).where(*mine))
    session.execute(delete(Conversation).where(*owned(scope), Conversation.id == conversation.id))
    return int(count)


def archive_older_than(session: Session, scope: Scope | str, days: float) -> int:
    """Archives what has not been touched for that many days and says how many; the messages stay.

    With the name of a tenant instead of a scope it is the operator's clean-up over all its users.
    """
    if days < 0:
        raise ValidationError(f"days: expected 0 or more, found {days!r}", ["days"])
    query = update(Conversation).where(
        Conversation.updated_at < now() - timedelta(days=days), Conversation.status != "archived"
    )
    if isinstance(scope, Scope):
        query = query.where(*owned(scope))
    else:
        query = query.where(Conversation.tenant_id == scope)
    done = session.execute(query.values(status="archived").execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An active conversation, and the user's messages in it that still await their reply, oldest first."""

    conversation: Conversation
    waiting: list[Message]


def interrupted(
    session: Session, scope: Scope, *, since: datetime, limit: int = 20, without: Collection[str] = ()
) -> list[Unanswered]:
    """The active conversations touched since a moment, newest first, each with its unanswered messages, less those
    `without`."""
    touched = (
        select(Conversation)
        .where(*owned(scope), Conversation.status == "active", Conversation.updated_at >= since)
        .order_by(Conversation.updated_at.desc(), Conversation.id)
        .limit(check_limit(limit))
    )
    found = session.scalars(touched).all()
    waiting = {talk.id: _waiting(session, scope, Message.conversation_id == talk.id) for talk in found}
    return [Unanswered(talk, [one for one in waiting[talk.id] if one.id not in without]) for talk in found]


def unanswered(session: Session, scope: Scope, ids: Collection[str]) -> list[Unanswered]:
    """Those of the messages that are unanswered, by their conversations, the most recently active first."""
    waiting = _waiting(session, scope, Message.id.in_(ids))
    places = {message.conversation_id for message in waiting}
    query = select(Conversation).where(*owned(scope), Conversation.id.in_(places))
    query = query.order_by(Conversation.updated_at.desc(), Conversation.id)
    return [
        Unanswered(talk, [message for message in waiting if message.conversation_id == talk.id])
        for talk in session.scalars(query)
    ]


def _waiting(session: Session, scope: Scope, which: ColumnElement[bool]) -> list[Message]:
    mine = (Message.tenant_id == scope.tenant, Message.user_id == scope.user, Message.awaits_reply)
    return list(session.scalars(select(Message).where(*mine, which).order_by(Message.position)))
