"""Context windows: the active one slides forward, the older ones stay with their summaries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from ..context_window import ContextWindow
from ..conversation import Conversation
from ..scope import Scope


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
) -> ContextWindow:
    """Makes a new active window over these message ids; the one before stays, inactive."""
    scope = Scope(conversation.tenant_id, conversation.user_id)
    current = update(ContextWindow).where(*owned(scope, conversation.id), ContextWindow.is_active)
    session.execute(current.values(is_active=False).execution_options(synchronize_session="fetch"))
    made = ContextWindow(
        tenant_id=scope.tenant, user_id=scope.user, conversation_id=conversation.id, messages=list(messages),
        summary=summary, summarised_to=summarised_to, token_count=token_count,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def extend(
    session: Session, conversation: Conversation, messages: Sequence[str], token_count: int
) -> ContextWindow:
    """Moves the active window on to these newest message ids, its summary unchanged."""
    scope = Scope(conversation.tenant_id, conversation.user_id)
    window = active(session, scope, conversation.id)
    if window is None:
        return slide(session, conversation, messages, token_count=token_count)
    window.messages, window.token_count = list(messages), token_count
    session.flush()
    return window


def active(session: Session, scope: Scope, conversation_id: str) -> ContextWindow | None:
    """The window that holds now, if the conversation has one."""
    query = select(ContextWindow).where(*owned(scope, conversation_id), ContextWindow.is_active)
    return session.scalar(query.order_by(ContextWindow.created_at.desc()).limit(1))
