"""Summarise: what a stored conversation comes to."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import StoredConversation, SummariseConversationNode
from ..services import Embedder, LanguageModel
from .services import bound


def create_summarise_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id` and `conversation_id`; the result has `summary`."""
    return bound(
        Graph("summarise", SummariseConversationNode() >> END, inputs=StoredConversation), db, llm, embedder
    )
