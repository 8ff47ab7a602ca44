"""How a conversation may change its status: the one table of all sixteen transitions.

| from \\ to  | active | paused | completed | archived |
|------------|--------|--------|-----------|----------|
| active     |        | yes    | yes       | yes      |
| paused     | yes    |        | yes       | yes      |
| completed  | yes    |        |           | yes      |
| archived   | yes    |        |           |          |

A message to a paused conversation reopens it; one to a completed or archived conversation is refused
with ConversationClosed, and nothing is stored: reopen it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..engine import ValidationError
from .base import now
from .conversation import STATUSES, Conversation
from .errors import ConversationClosed, IllegalTransition

LEGAL: Final[Mapping[str, frozenset[str]]] = {
    "active": frozenset({"paused", "completed", "archived"}),
    "paused": frozenset({"active", "completed", "archived"}),
    "completed": frozenset({"active", "archived"}),
    "archived": frozenset({"active"}),
}


def change_status(conversation: Conversation, status: str) -> None:
    """Moves a conversation to another status; IllegalTransition names the ones it may go to."""
    if status not in STATUSES:
        raise ValidationError(f"status: expected one of {', '.join(STATUSES)}, found {status!r}", ["status"])
    if status not in LEGAL[conversation.status]:
        legal = ", ".join(sorted(LEGAL[conversation.status]))
        raise IllegalTransition(
            f"conversation {conversation.id!r} is {conversation.status} and cannot become {status}; it can become: {legal}"
        )
    conversation.status = status
    conversation.updated_at = now()


def accept_message(conversation: Conversation) -> None:
    """Makes sure that a conversation takes a message: a paused one is reopened, a closed one refuses."""
    if conversation.status == "paused":
        change_status(conversation, "active")
    elif conversation.status != "active":
        raise ConversationClosed(
            f"conversation {conversation.id!r} is {conversation.status} and takes no messages; "
            f"reopen it first (turngraph conversation reopen, or manager.reopen), or begin another one"
        )
