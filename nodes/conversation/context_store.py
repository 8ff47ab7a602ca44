"""Stores a rebuilt context as the conversation's active window."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, conversations
from ...services import Prompt
from .inputs import InConversation


class ContextStoreNode(Node):
    """Makes what was built the active context window, with its count of tokens."""

    name = "context_store"
    locks = ("conversation_id",)

    class Inputs(InConversation):
        built_context: Prompt
        context_tokens: int
        context_summary: str | None
        summarised_to: int

    def post(
        self, state: MutableMapping[str, Any], inputs: Inputs, result: None, *, session: Session
    ) -> None:
        conversation = conversations.locked(session, inputs.scope, inputs.conversation_id)
        before = context_windows.active(session, inputs.scope, inputs.conversation_id)
        # Another turn may have summarised more since; a window never slides back.
        newer = before is not None and before.summarised_to > inputs.summarised_to
        window = context_windows.slide(
            session,
            conversation,
            [turn.message_id for turn in inputs.built_context.turns if turn.message_id],
            summary=before.summary if before is not None and newer else inputs.context_summary,
            summarised_to=before.summarised_to if before is not None and newer else inputs.summarised_to,
            token_count=inputs.context_tokens,
            built_from=before.built_from if before is not None else (),
        )
        state["context_window"] = window.to_dict()
        state["context_updated"] = True
