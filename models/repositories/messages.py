"""Messages: add them without gaps and without doubles, and read the newest in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ...engine import ValidationError
from ...services.tokens import estimate_tokens
from ..base import Base, as_utc, content_hash, new_id, now, packed
from ..conversation import Conversation
from ..message import ROLES, Message
from ..prepared import change, columns, fetch, mine, store, unstored
from ..scope import Scope, check_id, check_json, check_limit

MOST_BYTES = 262_144
LAST: Final = 2**31 - 1
"""A position that no message reaches."""


@dataclass(slots=True)
class NewMessage:
    """A message to be stored: what was said, and what the sender knows of it."""

    content: str
    role: str = "user"
    name: str | None = None
    client_id: str | None = None
    at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    token_count: int | None = None
    embedding: Sequence[float] | bytes | None = None
    embedding_model: str | None = None
    id: str | None = None
    reply_to: str | None = None
    awaits_reply: bool = False


def check_content(content: object, field_name: str = "content") -> str:
    """The content, if it can be stored: a text, not empty, at most 256 KiB, no NUL, no lone surrogate."""
    if not isinstance(content, str):
        raise ValidationError(
            f"{field_name}: expected a text, found a {type(content).__name__}", [field_name]
        )
    if not content.strip():
        raise ValidationError(f"{field_name}: expected a text that is not empty", [field_name])
    if "\x00" in content:
        raise ValidationError(
            f"{field_name}: has a NUL character in it, which is not text; take it out", [field_name]
        )
    try:
        size = len(content.encode())
    except UnicodeEncodeError as error:
        raise ValidationError(
            f"{field_name}: has half a character (a lone surrogate) at {error.start}; decode it as UTF-8 first",
            [field_name],
        ) from None
    if size > MOST_BYTES:
        raise ValidationError(
            f"{field_name}: expected at most {MOST_BYTES:,} bytes, found {size:,}; send a part", [field_name]
        )
    return content


def check_new(message: NewMessage) -> NewMessage:
    """The message, if all of it can be stored; ValidationError names the field that cannot."""
    check_content(message.content)
    if message.role not in ROLES:
        raise ValidationError(f"role: expected one of {', '.join(ROLES)}, found {message.role!r}", ["role"])
    for role, value in (("name", message.name), ("id", message.client_id)):
        if value is not None:
            check_id(role, value)
    if message.at is not None and not isinstance(message.at, datetime):
        raise ValidationError(f"at: expected a time, found {message.at!r}", ["at"])
    check_json(message.metadata)
    return message


def owned(scope: Scope, conversation_id: str | None = None) -> list[ColumnElement[bool]]:
    """The condition that a message is the scope's, and of that conversation."""
    mine: list[ColumnElement[bool]] = [Message.tenant_id == scope.tenant, Message.user_id == scope.user]
    if conversation_id is not None:
        mine.append(Message.conversation_id == conversation_id)
    return mine


def add(session: Session, conversation: Conversation, message: NewMessage) -> tuple[Message, bool]:
    """Stores a message after the last one; gives it and whether it is new.

    The conversation must be `locked`. A client id seen before in it gives the message that is there.
    """
    return add_all(session, conversation, [message])[0]


def add_all(
    session: Session, conversation: Conversation, messages: Sequence[NewMessage]
) -> list[tuple[Message, bool]]:
    """Stores messages after the last one, in their order; each comes back with whether it is new."""
    scope = Scope(conversation.tenant_id, conversation.user_id)
    if session.new or session.dirty or session.deleted:
        session.flush()
    ids = [message.client_id for message in messages if message.client_id is not None]
    known = _by_client_id(session, scope, conversation.id, ids)
    position = last_position(session, scope, conversation.id)
    outcome: list[tuple[Message, bool]] = []
    rows: list[dict[str, Any]] = []
    active = None
    for message in messages:
        there = known.get(message.client_id) if message.client_id is not None else None
        if there is not None:
            outcome.append((there, False))
            continue
        position += 1
        row = _row(conversation, check_new(message), position)
        made = unstored(Message, row)
        if made.client_id is not None:
            known[made.client_id] = made
        rows.append(row)
        active = _active(conversation, active, made.timestamp, imported=message.at is not None)
        outcome.append((made, True))
    if rows:
        store(session, _INSERT, rows, [made for made, new in outcome if new])
    if active is not None:
        change(session, _TOUCH, {**scope.mine, "place": conversation.id, "moment": active})
        set_committed_value(conversation, "updated_at", active)
    return outcome


def _row(conversation: Conversation, message: NewMessage, position: int) -> dict[str, Any]:
    vector = message.embedding
    if vector is not None and not isinstance(vector, bytes):
        vector = packed(vector)
    return {
        "id": message.id or new_id(),
        "tenant_id": conversation.tenant_id,
        "user_id": conversation.user_id,
        "conversation_id": conversation.id,
        "position": position,
        "role": message.role,
        "name": message.name,
        "content": message.content,
        "content_hash": content_hash(message.content),
        "client_id": message.client_id,
        "timestamp": as_utc(message.at) if message.at is not None else now(),
        "token_count": message.token_count
        if message.token_count is not None
        else estimate_tokens(message.content),
        "reply_to": message.reply_to,
        "awaits_reply": message.awaits_reply,
        "embedding": vector,
        "embedding_model": message.embedding_model,
        "embedding_dim": None if vector is None else len(vector) // 2,
        "meta": message.metadata,
    }


def _active(
    conversation: Conversation, before: datetime | None, moment: datetime, *, imported: bool
) -> datetime:
    """A conversation was last active when it was last written to; imported history keeps its own time."""
    last = before or conversation.updated_at
    if imported and last == conversation.created_at:
        return moment
    return max(as_utc(last), moment)


_C: Final = columns(Message)
_MINE: Final = (*mine(_C), _C.conversation_id == bindparam("place"))
_MESSAGES: Final = Base.metadata.tables["messages"]
_CONVERSATIONS: Final = Base.metadata.tables["conversations"]
_INSERT: Final = insert(_MESSAGES).returning(_MESSAGES.c.seq, sort_by_parameter_order=True)
_TOUCH: Final = (
    update(_CONVERSATIONS)
    .where(*mine(_CONVERSATIONS.c), _CONVERSATIONS.c.id == bindparam("place"))
    .values(updated_at=bindparam("moment"))
)
_LAST: Final = select(func.max(_C.position)).where(*_MINE)
_KNOWN: Final = select(_C.client_id).where(*_MINE, _C.client_id.in_(bindparam("ids", expanding=True)))
_BETWEEN: Final = (_C.position > bindparam("after"), _C.position < bindparam("before"))
_NEWEST: Final = (
    select(Message).where(*_MINE, *_BETWEEN).order_by(_C.position.desc()).limit(bindparam("limit"))
)
_SPOKEN: Final = (
    select(_C.id, _C.role, _C.content, _C.name, _C.timestamp, _C.token_count)
    .where(*_MINE, *_BETWEEN)
    .order_by(_C.position.desc())
    .limit(bindparam("limit"))
)
_SENT: Final = (
    select(_C.id, _C.conversation_id)
    .where(*mine(_C), _C.client_id == bindparam("client"))
    .order_by(_C.seq.desc())
    .limit(bindparam("limit"))
)
_SENT_HERE: Final = _SENT.where(_C.conversation_id == bindparam("place"))
_ANSWER: Final = (
    select(_C.id, _C.content).where(*mine(_C), _C.reply_to == bindparam("id")).limit(bindparam("limit"))
)
_ANSWERED: Final = (
    update(_MESSAGES)
    .where(*mine(_C), _C.id == bindparam("message"))
    .values(awaits_reply=bindparam("awaits", value=False))
)
_VECTOR: Final = select(_C.embedding).where(*mine(_C), _C.id == bindparam("id"))
_PLACE: Final = select(_C.position, _C.timestamp).where(*mine(_C), _C.id == bindparam("id"))


def _by_client_id(
    session: Session, scope: Scope, conversation_id: str, ids: Sequence[str]
) -> dict[str | None, Message]:
    if len(ids) == 1 and find_by_client_id(session, scope, ids[0], conversation_id) is None:
        return {}  # as almost always, and a list of one costs more to ask for
    found: dict[str | None, Message] = {}
    here = {**scope.mine, "place": conversation_id}
    for start in range(0, len(ids), 500):  # SQLite takes a bounded number of variables
        there = (
            session.connection().execute(_KNOWN, {**here, "ids": ids[start : start + 500]}).scalars().all()
        )
        if there:
            query = select(Message).where(*owned(scope, conversation_id), Message.client_id.in_(there))
            found.update({message.client_id: message for message in session.scalars(query)})
    return found


def last_position(session: Session, scope: Scope, conversation_id: str) -> int:
    """The position of the newest message, 0 where there is none."""
    return fetch(session, _LAST, {**scope.mine, "place": conversation_id})[0][0] or 0


def newest(
    session: Session,
    scope: Scope,
    conversation_id: str,
    *,
    limit: int = 10,
    before: int | None = None,
    after: int = 0,
) -> list[Message]:
    """The newest messages of a conversation, in order; those before and after a position where one is given."""
    return list(session.scalars(_NEWEST, _between(scope, conversation_id, limit, before, after)))[::-1]


def spoken(
    session: Session,
    scope: Scope,
    conversation_id: str,
    *,
    limit: int = 10,
    before: int | None = None,
    after: int = 0,
) -> Sequence[Any]:
    """Like `newest`, of each message only its id, role, content, name, timestamp and token_count."""
    return fetch(session, _SPOKEN, _between(scope, conversation_id, limit, before, after))[::-1]


def _between(
    scope: Scope, conversation_id: str, limit: int, before: int | None, after: int
) -> dict[str, Any]:
    before = LAST if before is None else before
    return {
        **scope.mine,
        "place": conversation_id,
        "limit": check_limit(limit),
        "before": before,
        "after": after,
    }


def find_by_client_id(
    session: Session, scope: Scope, client_id: str, conversation_id: str | None = None
) -> Row[Any] | None:
    """Id and conversation_id of the message a client sent under its own id, the newest of several conversations."""
    given = {**scope.mine, "client": client_id, "limit": 1}
    if conversation_id is None:
        return next(iter(fetch(session, _SENT, given)), None)
    return next(iter(fetch(session, _SENT_HERE, {**given, "place": conversation_id})), None)


def answer_to(session: Session, scope: Scope, message_id: str) -> Row[Any] | None:
    """Id and content of the assistant's message that answered a message, if one did."""
    return next(iter(fetch(session, _ANSWER, {**scope.mine, "id": message_id, "limit": 1})), None)


def answered(session: Session, scope: Scope, message_id: str) -> None:
    """Notes that a message has its reply."""
    change(session, _ANSWERED, {**scope.mine, "message": message_id})


def position_of(session: Session, scope: Scope, message_id: str) -> int:
    """Where a message stands in its conversation, 0 where there is none."""
    found = fetch(session, _PLACE, {**scope.mine, "id": message_id})
    return found[0].position if found else 0


def embedding_of(session: Session, scope: Scope, message_id: str) -> Sequence[float] | None:
    """The embedding a message is stored with, None where it has none."""
    found = fetch(session, _VECTOR, {**scope.mine, "id": message_id})
    return found[0].embedding if found else None


def told_at(session: Session, scope: Scope, message_id: str) -> datetime | None:
    """When a message was said, None where there is none."""
    found = fetch(session, _PLACE, {**scope.mine, "id": message_id})
    return found[0].timestamp if found else None


def by_user(session: Session, scope: Scope, *, limit: int = 20) -> list[Message]:
    """What the user themselves wrote last, over all conversations, newest first."""
    query = select(Message).where(*owned(scope), Message.role == "user")
    return list(
        session.scalars(
            query.order_by(Message.timestamp.desc(), Message.seq.desc()).limit(check_limit(limit))
        )
    )
