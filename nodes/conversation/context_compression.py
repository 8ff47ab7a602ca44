"""Summarises older turns, so that what was said in them stays known at a fraction of its length."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, conversations, messages
from ...services import ClaudeAPIError, LanguageModel, OfflineModel, Turn, estimate_tokens
from .inputs import InConversation

logger = logging.getLogger("turngraph")


class ContextCompressionNode(Node):
    """Summarises the older half of the turns in view and stores the summary in a new context window."""

    name = "context_compression"
    locks = ("conversation_id",)

    class Inputs(InConversation):
        recent_messages: list[Turn]
        context_summary: str | None
        context_limit: int

    class Outputs(BaseModel):
        recent_messages: list[Turn]
        context_summary: str
        summarised_to: int
        compressed: bool = True

    async def exec(self, inputs: Inputs, *, llm: LanguageModel) -> Outputs:
        half = max(1, len(inputs.recent_messages) // 2)
        older, kept = inputs.recent_messages[:half], inputs.recent_messages[half:]
        room = max(60, inputs.context_limit // 4)
        try:
            summary = await llm.summarise(older, previous=inputs.context_summary, max_tokens=room)
        except ClaudeAPIError as error:
            logger.warning("summarising by rule, since the model failed: %s", type(error).__name__)
            summary = await OfflineModel().summarise(older, previous=inputs.context_summary, max_tokens=room)
        return self.Outputs(recent_messages=kept, context_summary=summary, summarised_to=0)

    def post(
        self, state: MutableMapping[str, Any], inputs: Inputs, outputs: Outputs, *, session: Session
    ) -> None:
        last = inputs.recent_messages[len(inputs.recent_messages) - len(outputs.recent_messages) - 1]
        to = messages.position_of(session, inputs.scope, last.message_id) if last.message_id else 0
        state["summarised_to"] = to
        context_windows.slide(
            session,
            conversations.locked(session, inputs.scope, inputs.conversation_id),
            [turn.message_id for turn in outputs.recent_messages if turn.message_id],
            summary=outputs.context_summary,
            summarised_to=to,
            token_count=estimate_tokens(outputs.context_summary)
            + sum(estimate_tokens(turn.content) for turn in outputs.recent_messages),
        )
