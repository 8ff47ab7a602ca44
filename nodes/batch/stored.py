"""A conversation as it is stored, read whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from ...models.message import Message
from ...models.repositories import conversations, messages
from ...services import Turn
from ..conversation.inputs import InConversation, turn_of

MOST: Final = 5_000


class StoredConversation(InConversation):
    """Which stored conversation is meant: its user and its id."""


@dataclass(slots=True)
class Whole:
    """A conversation's inputs and its turns, with the positions they stand at."""

    inputs: StoredConversation
    turns: list[Turn]
    rows: list[Message]


def read(session: Session, inputs: StoredConversation) -> Whole:
    """The newest turns of a conversation, up to a few thousand; NotFound where the user has none of that id."""
    conversations.get(session, inputs.scope, inputs.conversation_id)
    rows = messages.newest(session, inputs.scope, inputs.conversation_id, limit=MOST)
    return Whole(inputs, [turn_of(row) for row in rows], rows)
