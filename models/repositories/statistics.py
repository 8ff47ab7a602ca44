"""Counts that people ask for: a user's conversations, their memories, and one session's own figures."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from ..conversation import Conversation
from ..memory import MemoryIndex, MemorySource
from ..message import Message
from ..prepared import columns, fetch, mine
from ..scope import Scope
from . import conversations, memories, messages, preferences


def of_conversations(session: Session, scope: Scope) -> dict[str, Any]:
    """`total`, `avg_messages`, `active`, and a count for each status."""
    per_status = {
        status: count
        for status, count in session.execute(
            select(Conversation.status, func.count())
            .where(*conversations.owned(scope))
            .group_by(Conversation.status)
        )
    }
    total = sum(per_status.values())
    said = session.scalar(select(func.count()).select_from(Message).where(*messages.owned(scope))) or 0
    return {
        "total": total,
        "messages": said,
        "avg_messages": said / total if total else 0.0,
        "active": per_status.get("active", 0),
        "by_status": per_status,
    }


def of_memories(session: Session, scope: Scope) -> dict[str, Any]:
    """`total`, `categories` with their counts, and the mean importance."""
    categories = memories.counted(session, scope)
    mean = session.scalar(
        select(func.avg(MemoryIndex.importance_score)).where(
            *memories.owned(scope), MemoryIndex.valid_to.is_(None)
        )
    )
    return {"total": sum(categories.values()), "categories": categories, "avg_importance": float(mean or 0.0)}


def of_session(session: Session, scope: Scope, conversation_id: str) -> dict[str, Any]:
    """One conversation's turns, messages, seconds, tokens, memories, and the user's usable preferences."""
    here = {**scope.mine, "place": conversation_id}
    said = fetch(session, _SAID, here)
    first = min((row[3] for row in said), default=None)
    last = max((row[4] for row in said), default=None)
    return {
        "turns": next((row[1] for row in said if row[0] == "user"), 0),
        "messages": sum(row[1] for row in said),
        "duration": (last - first).total_seconds() if first is not None and last is not None else 0.0,
        "tokens": int(sum(row[2] or 0 for row in said)),
        "memories": fetch(session, _TAKEN, here)[0][0],
        "preferences": len(preferences.notes(session, scope)),
    }


_M, _S = columns(Message), columns(MemorySource)
_HERE: Final = (*mine(_M), _M.conversation_id == bindparam("place"))
_SAID: Final = (
    select(_M.role, func.count(), func.sum(_M.token_count), func.min(_M.timestamp), func.max(_M.timestamp))
    .where(*_HERE)
    .group_by(_M.role)
)
_TAKEN: Final = select(func.count(func.distinct(_S.memory_id))).where(_M.id == _S.message_id, *_HERE)
