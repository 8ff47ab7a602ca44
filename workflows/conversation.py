"""The conversation: one message, answered from all that is remembered."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import (
    ContextBuilderNode,
    ContextCompressionNode,
    ConversationInitNode,
    ConversationInputs,
    MemoryRetrievalNode,
    MemoryStorageNode,
    PreferenceUpdateNode,
    ResponseGenerationNode,
    SessionManagementNode,
)
from ..services import Embedder, LanguageModel
from .services import bound


def create_conversation_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id`, `current_message` and, for going on with one, `conversation_id`.

    The result has `response`, `conversation_id`, `generation_success`, `sources`, `memories_extracted`,
    `preferences_updated` and `session_metrics`.
    """
    init, retrieval, build = ConversationInitNode(), MemoryRetrievalNode(), ContextBuilderNode()
    compress, generate, session = ContextCompressionNode(), ResponseGenerationNode(), SessionManagementNode()
    graph = Graph(
        "conversation",
        init
        >> retrieval
        >> build
        >> generate
        >> MemoryStorageNode()
        >> PreferenceUpdateNode()
        >> session
        >> END,
        init - "answered" >> END,
        build - "over_budget" >> compress >> build,
        generate - "truncated" >> "memory_storage",
        generate - "refused" >> "memory_storage",
        generate - "over_budget" >> session,
        generate - "failed" >> session,
        inputs=ConversationInputs,
    )
    return bound(graph, db, llm, embedder)
