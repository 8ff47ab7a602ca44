"""Context windows: the active one slides forward, the older ones stay with their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from ...services import Turn
from ...services.llm.summarise import summarise
from ...services.text import shortened
from ..context_window import ContextWindow
from ..conversation import Conversation
from ..memory import MemoryIndex, MemorySource
from ..message import Message
from ..prepared import change, columns, fetch, mine
from ..scope import Scope

MOST_TOLD = 20
MOST_PINNED = 200
SUMMED_UP: Final = 200
"""Tokens of the summary of a window that was shown whole."""
MOST_SUMMED_UP, LEAST_SUMMED_UP = 200, 200
"""Of how many messages it is made at most, and of how many characters where nothing was told in them."""


def owned(scope: Scope, conversation_id: str) -> tuple[ColumnElement[bool], ...]:
    """The condition that a window is of that conversation of the scope."""
    return (
        ContextWindow.tenant_id == scope.tenant,
        ContextWindow.user_id == scope.user,
        ContextWindow.conversation_id == conversation_id,
    )


def slide(
    session: Session,
    conversation: Conversation,
    messages: Sequence[str],
    *,
    summary: str | None = None,
    summarised_to: int = 0,
    token_count: int = 0,
    built_from: Sequence[str] = (),
) -> ContextWindow:
    """Makes a new active window over these message ids; the one before stays, inactive, with the summary of what it
    showed whole where it had none."""
    scope = Scope(conversation.tenant_id, conversation.user_id)
    bare = (ContextWindow.is_active, ContextWindow.summary.is_(None))
    for window in session.scalars(select(ContextWindow).where(*owned(scope, conversation.id), *bare)).all():
        _sum_up(session, scope, window)
    current = update(ContextWindow).where(*owned(scope, conversation.id), ContextWindow.is_active)
    session.execute(current.values(is_active=False).execution_options(synchronize_session="fetch"))
    made = ContextWindow(
        tenant_id=scope.tenant, user_id=scope.user, conversation_id=conversation.id, messages=list(messages),
        summary=summary, summarised_from=int(summarised_to > 0), summarised_to=summarised_to,
        token_count=token_count, built_from=list(built_from),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _sum_up(session: Session, scope: Scope, window: ContextWindow) -> None:
    """Gives a window the summary of the messages it shows, picked by rule: it is made while a turn is stored."""
    mine = (Message.tenant_id == scope.tenant, Message.user_id == scope.user)
    shown = select(Message).where(*mine, Message.conversation_id == window.conversation_id)
    shown = shown.where(Message.id.in_(window.messages[-MOST_SUMMED_UP:])).order_by(Message.position)
    said = session.scalars(shown).all()
    if not said:
        return
    turns = [
        Turn.model_validate({"role": one.role, "content": one.content, "name": one.name}) for one in said
    ]
    everything = " ".join(one.content for one in said)
    window.summary = summarise(turns, max_tokens=SUMMED_UP) or shortened(everything, LEAST_SUMMED_UP)
    window.summarised_from, window.summarised_to = said[0].position, said[-1].position


def keep(
    session: Session,
    conversation: Conversation,
    summary: str,
    positions: tuple[int, int],
    *,
    window_id: str | None = None,
    token_count: int = 0,
    built_from: Sequence[str] = (),
) -> ContextWindow:
    """Stores the summary of some positions, for active windows to be built from."""
    made = ContextWindow(
        tenant_id=conversation.tenant_id, user_id=conversation.user_id, conversation_id=conversation.id,
        messages=[], summary=summary, summarised_from=positions[0], summarised_to=positions[1],
        token_count=token_count, built_from=list(built_from), is_active=False,
    )  # fmt: skip
    if window_id is not None:
        made.id = window_id
    session.add(made)
    session.flush()
    return made


def extend(session: Session, conversation: Conversation, messages: Sequence[str], token_count: int) -> None:
    """Moves the active window on to these newest message ids, its summary unchanged."""
    tenant, user, place = conversation.tenant_id, conversation.user_id, conversation.id
    here = {"tenant": tenant, "user": user, "place": place}
    if not change(session, _EXTEND, {**here, "ids": list(messages), "tokens": token_count}):
        first = {"tenant_id": tenant, "user_id": user, "conversation_id": place}
        change(session, _FIRST, {**first, "messages": list(messages), "token_count": token_count})


def summarised(session: Session, scope: Scope, conversation_id: str) -> Row[Any] | None:
    """Like `active`, of the window only its summary and summarised_to."""
    return next(iter(fetch(session, _SUMMARISED, {**scope.mine, "place": conversation_id, "limit": 1})), None)


def active(session: Session, scope: Scope, conversation_id: str) -> ContextWindow | None:
    """The window that holds now, if the conversation has one."""
    return session.scalar(_ACTIVE, {**scope.mine, "place": conversation_id, "limit": 1})


def parts(session: Session, scope: Scope, window: ContextWindow) -> list[ContextWindow]:
    """The windows that a window was built from, in their order; none where one of them is gone."""
    query = select(ContextWindow).where(*owned(scope, window.conversation_id))
    found = session.scalars(query.where(ContextWindow.id.in_(window.built_from))).all()
    ordered = sorted(found, key=lambda part: part.summarised_from)
    return ordered if len(ordered) == len(window.built_from) else []


def pinned(session: Session, scope: Scope) -> list[tuple[Row[Any], list[str]]]:
    """Id, content, importance_score and valid_from of the pinned facts that hold now, the most important first,
    each with the ids of its messages."""
    facts = fetch(session, _PINNED, {**scope.mine, "limit": MOST_PINNED})
    if not facts:
        return []
    tied = select(MemorySource.memory_id, MemorySource.message_id).where(
        MemorySource.tenant_id == scope.tenant,
        MemorySource.user_id == scope.user,
        MemorySource.memory_id.in_([fact.id for fact in facts]),
    )
    sources: dict[str, list[str]] = {}
    for memory_id, message_id in session.execute(tied.order_by(MemorySource.message_id)):
        sources.setdefault(memory_id, []).append(message_id)
    return [(fact, sources.get(fact.id, [])) for fact in facts]


def told(session: Session, scope: Scope) -> list[tuple[str, int]]:
    """The newest replies whose tokens the provider itself counted, and those counts."""
    return [
        (content, count)
        for content, count, meta in fetch(session, _TOLD, {**scope.mine, "limit": MOST_TOLD})
        if isinstance(usage := meta.get("usage"), dict) and usage.get("estimated") is False
    ]


_WINDOW, _MEMORY, _MESSAGE = columns(ContextWindow), columns(MemoryIndex), columns(Message)
_HOLDS: Final = (*mine(_WINDOW), _WINDOW.conversation_id == bindparam("place"), _WINDOW.is_active)
_SUMMARISED: Final = (
    select(_WINDOW.summary, _WINDOW.summarised_to)
    .where(*_HOLDS)
    .order_by(_WINDOW.created_at.desc())
    .limit(bindparam("limit"))
)
_ACTIVE: Final = (
    select(ContextWindow).where(*_HOLDS).order_by(_WINDOW.created_at.desc()).limit(bindparam("limit"))
)
_FIRST: Final = insert(ContextWindow.__table__)  # type: ignore[arg-type, unused-ignore]
_EXTEND: Final = (
    update(ContextWindow.__table__)  # type: ignore[arg-type, unused-ignore]
    .where(*_HOLDS)
    .values(messages=bindparam("ids"), token_count=bindparam("tokens"))
)
_PINNED: Final = (
    select(_MEMORY.id, _MEMORY.content, _MEMORY.importance_score, _MEMORY.valid_from)
    .where(*mine(_MEMORY), _MEMORY.pinned, _MEMORY.valid_to.is_(None))
    .order_by(_MEMORY.importance_score.desc(), _MEMORY.seq.desc())
    .limit(bindparam("limit"))
)
_TOLD: Final = (
    select(_MESSAGE.content, _MESSAGE.token_count, _MESSAGE.metadata)
    .where(*mine(_MESSAGE), _MESSAGE.role == "assistant")
    .order_by(_MESSAGE.timestamp.desc(), _MESSAGE.seq.desc())
    .limit(bindparam("limit"))
)
