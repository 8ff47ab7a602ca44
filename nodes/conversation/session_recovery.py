"""Finds conversations that were interrupted, and takes up each turn that was left without its answer."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.base import now
from ...models.repositories import conversations, messages, turns
from ...services import Turn
from .inputs import RecoveryInputs, turn_of

SHOWN = 10


class RecoveredSession(BaseModel):
    """A conversation that goes on: its newest turns, the messages that waited, and the replies they were given now.

    `unanswered` is the id of the newest that waited, `response` the newest reply.
    """

    conversation_id: str
    title: str | None
    last_activity: datetime
    messages: list[Turn]
    waiting: list[Turn] = []
    unanswered: str | None = None
    response: str | None = None


class SessionRecoveryNode(Node):
    """Takes the user's active conversations touched within `recovery_window` hours, newest first, or the messages `only`.

    Each message that awaits its reply, oldest first, goes by `unanswered` through the rest of its turn, and back
    here; when none is left the recovered conversations are all in `recovered_sessions`.
    """

    name = "session_recovery"
    Inputs = RecoveryInputs

    def prep(
        self, state: Mapping[str, Any], *, inputs: RecoveryInputs, session: Session
    ) -> list[RecoveredSession]:
        if "recovered_sessions" in state:
            return []
        if inputs.only is not None:
            unanswered = conversations.unanswered(session, inputs.scope, inputs.only)
        else:
            since = now() - timedelta(hours=inputs.recovery_window)
            elsewhere = turns.answered_now(session, inputs.scope)
            unanswered = conversations.interrupted(session, inputs.scope, since=since, without=elsewhere)
        return [
            RecoveredSession(
                conversation_id=found.conversation.id,
                title=found.conversation.title,
                last_activity=found.conversation.updated_at,
                messages=[
                    turn_of(message)
                    for message in messages.newest(session, inputs.scope, found.conversation.id, limit=SHOWN)
                ],
                waiting=[turn_of(message) for message in found.waiting],
                unanswered=found.waiting[-1].id if found.waiting else None,
            )
            for found in unanswered
        ]

    def post(
        self, state: MutableMapping[str, Any], found: list[RecoveredSession]
    ) -> Literal["unanswered"] | None:
        sessions: list[RecoveredSession] = [*state.get("recovered_sessions", found)]
        waiting: list[tuple[str, Turn]] = list(
            state.get("recovery_waiting", [(s.conversation_id, turn) for s in sessions for turn in s.waiting])
        )
        done = state.get("recovering")
        if done is not None and state.get("generation_success"):
            sessions = [
                s.model_copy(update={"response": state["response"]}) if s.conversation_id == done else s
                for s in sessions
            ]
        state["recovered_sessions"] = sessions
        state["recovered"] = bool(sessions)
        if not waiting:
            state["recovering"] = None
            return None
        conversation, turn = waiting[0]
        state["recovery_waiting"] = waiting[1:]
        state.update(
            recovering=conversation,
            conversation_id=conversation,
            message_id=turn.message_id,
            current_message=turn.content,
        )
        return "unanswered"
