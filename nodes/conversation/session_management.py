"""Ends a turn: the conversation's status as asked for, and the session's figures."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from ...engine import Node
from ...models.archive import archive_at_a_sessions_end
from ...models.repositories import conversations, statistics, turns
from .inputs import InConversation

STATUS: Final = {"pause": "paused", "complete": "completed"}


class SessionManagementNode(Node):
    """Pauses or completes the conversation where `session_action` says so, and counts what it has come to."""

    name = "session_management"
    locks = ("conversation_id",)

    class Inputs(InConversation):
        session_action: Literal["maintain", "pause", "complete"] = "maintain"

    def post(
        self, state: MutableMapping[str, Any], inputs: Inputs, result: None, *, session: Session
    ) -> None:
        if inputs.session_action != "maintain":
            conversations.set_status(
                session, inputs.scope, inputs.conversation_id, STATUS[inputs.session_action]
            )
        if state.get("turn") is not None and state.get("message_id") is not None:
            turns.done(session, inputs.scope, state["message_id"])
        archive_at_a_sessions_end(session)
        conversation = conversations.get(session, inputs.scope, inputs.conversation_id)
        state["final_session_status"] = conversation.status
        state["conversation"] = conversation.to_dict()
        state["session_metrics"] = statistics.of_session(session, inputs.scope, inputs.conversation_id)
        state.setdefault("memories_extracted", 0)
        state.setdefault("preferences_updated", {})
