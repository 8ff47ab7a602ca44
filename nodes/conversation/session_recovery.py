"""Finds conversations that were interrupted, and takes up each turn that was left without its answer."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.base import now
from ...models.repositories import conversations, messages
from ...services import Turn
from .inputs import RecoveryInputs, turn_of

SHOWN = 10


class RecoveredSession(BaseModel):
    """A conversation that goes on: its newest turns, and the reply that a waiting message was given now."""

    conversation_id: str
    title: str | None
    last_activity: datetime
    messages: list[Turn]
    unanswered: str | None = None
    response: str | None = None


class SessionRecoveryNode(Node):
    """Takes the user's active conversations touched within `recovery_window` hours, newest first.

    One whose last message awaits its reply goes by `unanswered` through the rest of its turn, and back here;
    when none is left the recovered conversations are all in `recovered_sessions`.
    """

    name = "session_recovery"
    Inputs = RecoveryInputs

    def prep(
        self, state: Mapping[str, Any], *, inputs: RecoveryInputs, session: Session
    ) -> list[RecoveredSession]:
        if "recovered_sessions" in state:
            return []
        since = now() - timedelta(hours=inputs.recovery_window)
        return [
            RecoveredSession(
                conversation_id=found.conversation.id,
                title=found.conversation.title,
                last_activity=found.conversation.updated_at,
                messages=[
                    turn_of(message)
                    for message in messages.newest(session, inputs.scope, found.conversation.id, limit=SHOWN)
                ],
                unanswered=found.message.id if found.message is not None else None,
            )
            for found in conversations.interrupted(session, inputs.scope, since=since)
        ]

    def post(
        self, state: MutableMapping[str, Any], found: list[RecoveredSession]
    ) -> Literal["unanswered"] | None:
        sessions: list[RecoveredSession] = [*state.get("recovered_sessions", found)]
        waiting: list[str] = list(
            state.get("recovery_waiting", [s.unanswered for s in sessions if s.unanswered])
        )
        done = state.get("recovering")
        if done is not None and state.get("generation_success"):
            sessions = [
                s.model_copy(update={"response": state["response"]}) if s.unanswered == done else s
                for s in sessions
            ]
        state["recovered_sessions"] = sessions
        state["recovered"] = bool(sessions)
        state["recovering"] = following = waiting.pop(0) if waiting else None
        state["recovery_waiting"] = waiting
        if following is None:
            return None
        session = next(s for s in sessions if s.unanswered == following)
        message = next(turn for turn in session.messages if turn.message_id == following)
        state.update(
            conversation_id=session.conversation_id, message_id=following, current_message=message.content
        )
        return "unanswered"
