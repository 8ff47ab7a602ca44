"""Loads a conversation's turns, for rebuilding its context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, conversations, messages, preferences
from ...services import PreferenceNote, Turn
from .inputs import RefreshInputs, turn_of

MOST_TURNS = 400


class ContextLoadNode(Node):
    """Reads the turns that no summary covers yet, the summary of those before, and the preferences."""

    name = "context_load"
    Inputs = RefreshInputs

    class Outputs(BaseModel):
        recent_messages: list[Turn]
        context_summary: str | None
        summarised_to: int
        preferences: list[PreferenceNote]

    def prep(self, state: Mapping[str, Any], *, inputs: RefreshInputs, session: Session) -> Outputs:
        conversations.get(session, inputs.scope, inputs.conversation_id)
        window = context_windows.summarised(session, inputs.scope, inputs.conversation_id)
        summarised_to = window.summarised_to if window is not None else 0
        turns = messages.newest(
            session, inputs.scope, inputs.conversation_id, limit=MOST_TURNS, after=summarised_to
        )
        notes = [
            PreferenceNote.model_validate(
                {"key": p.key, "value": p.value, "category": p.category, "source": p.source}
            )
            for p in preferences.notes(session, inputs.scope)
        ]
        return self.Outputs(
            recent_messages=[turn_of(message) for message in turns],
            context_summary=window.summary if window is not None else None,
            summarised_to=summarised_to,
            preferences=notes,
        )
