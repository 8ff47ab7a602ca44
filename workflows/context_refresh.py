"""Context refresh: rebuilds a conversation's context within a budget."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import (
    ContextBuilderNode,
    ContextCompressionNode,
    ContextLoadNode,
    ContextStoreNode,
    RefreshInputs,
)
from ..services import Embedder, LanguageModel
from .services import bound


def create_context_refresh_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id`, `conversation_id` and `max_context_size`; the result has `context_window`."""
    build, compress = ContextBuilderNode(), ContextCompressionNode()
    graph = Graph(
        "context_refresh",
        ContextLoadNode() >> build >> ContextStoreNode() >> END,
        build - "over_budget" >> compress >> build,
        inputs=RefreshInputs,
    )
    return bound(graph, db, llm, embedder)
