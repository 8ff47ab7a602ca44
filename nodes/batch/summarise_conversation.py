"""Summarises a stored conversation as a whole."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, conversations
from ...services import LanguageModel, Turn, estimate_tokens
from .stored import StoredConversation, Whole, read

AT_ONCE = 6_000


class SummariseConversationNode(Node):
    """Writes the summary of a conversation beside it; a long one is summarised piece by piece.

    The summary is a window of its own with its positions, so that it goes when one of its messages is forgotten.
    """

    name = "summarise_conversation"
    locks = ("conversation_id",)
    Inputs = StoredConversation

    class Outputs(BaseModel):
        summary: str
        skipped: str | None = None

    def __init__(self, max_tokens: int = 400, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.max_tokens = max_tokens

    def prep(self, state: Any, *, inputs: StoredConversation, session: Session) -> Whole:
        return read(session, inputs)

    async def exec(self, whole: Whole, *, llm: LanguageModel) -> Outputs:
        if not whole.turns:
            return self.Outputs(summary="", skipped="the conversation has no messages")
        summary: str | None = None
        for turns in _pieces(whole.turns):
            summary = await llm.summarise(turns, previous=summary, max_tokens=self.max_tokens)
        return self.Outputs(summary=summary or "")

    def post(
        self, state: MutableMapping[str, Any], whole: Whole, outputs: Outputs, *, session: Session
    ) -> None:
        if outputs.skipped is not None or not outputs.summary:
            return
        conversation = conversations.locked(session, whole.inputs.scope, whole.inputs.conversation_id)
        places = (whole.rows[0].position, whole.rows[-1].position)
        tokens = estimate_tokens(outputs.summary)
        context_windows.keep(session, conversation, outputs.summary, places, token_count=tokens)


def _pieces(turns: list[Turn]) -> list[list[Turn]]:
    """The turns in portions that a model can be given at once."""
    pieces: list[list[Turn]] = [[]]
    tokens = 0
    for turn in turns:
        size = estimate_tokens(turn.content)
        if pieces[-1] and tokens + size > AT_ONCE:
            pieces.append([])
            tokens = 0
        pieces[-1].append(turn)
        tokens += size
    return pieces
