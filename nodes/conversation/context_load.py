"""Loads a conversation's turns, for rebuilding its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, conversations, messages
from ...services import Turn
from .inputs import RefreshInputs, turn_of

MOST_TURNS = 400


class ContextLoadNode(Node):
    """Reads the turns that no summary covers yet, and the summary of those before."""

    name = "context_load"
    Inputs = RefreshInputs

    class Outputs(BaseModel):
        recent_messages: list[Turn]
        context_summary: str | None
        summarised_to: int

    def prep(self, state: Mapping[str, Any], *, inputs: RefreshInputs, session: Session) -> Outputs:
        conversations.get(session, inputs.scope, inputs.conversation_id)
        window = context_windows.active(session, inputs.scope, inputs.conversation_id)
        summarised_to = window.summarised_to if window is not None else 0
        turns = messages.newest(
            session, inputs.scope, inputs.conversation_id, limit=MOST_TURNS, after=summarised_to
        )
        return self.Outputs(
            recent_messages=[turn_of(message) for message in turns],
            context_summary=window.summary if window is not None else None,
            summarised_to=summarised_to,
        )
