"""Batch: many records, each answered as one turn."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import BatchConversationNode, BatchInputs
from ..services import Embedder, LanguageModel
from .conversation import create_conversation_workflow
from .services import bound


def create_batch_conversation_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `batch_conversations`, a list of `{"user_id", "message"}`; the result has `batch_results`."""
    graph = bound(
        Graph("batch_conversation", BatchConversationNode() >> END, inputs=BatchInputs), db, llm, embedder
    )
    return graph.bind(conversation=create_conversation_workflow(db, llm=llm, embedder=embedder))
