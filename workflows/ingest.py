"""Ingest: takes a whole conversation in, without answering it."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import IngestConversationNode, IngestInputs
from ..services import Embedder, LanguageModel
from .services import bound


def create_ingest_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id`, `messages` and `conversation_id`; the result has `messages_stored` and `messages_skipped`."""
    return bound(Graph("ingest", IngestConversationNode() >> END, inputs=IngestInputs), db, llm, embedder)
