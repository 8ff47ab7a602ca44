"""Session recovery: takes up what was interrupted, and answers what was left unanswered."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import (
    ContextBuilderNode,
    ContextCompressionNode,
    MemoryRetrievalNode,
    MemoryStorageNode,
    PreferenceUpdateNode,
    RecoveryInputs,
    ResponseGenerationNode,
    SessionManagementNode,
    SessionRecoveryNode,
)
from ..services import Embedder, LanguageModel
from .services import bound


def create_session_recovery_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id` and `recovery_window` in hours; the result has `recovered_sessions`, newest first."""
    recover, build, generate = SessionRecoveryNode(), ContextBuilderNode(), ResponseGenerationNode()
    compress, session = ContextCompressionNode(), SessionManagementNode()
    graph = Graph(
        "session_recovery",
        recover >> END,
        recover - "unanswered" >> MemoryRetrievalNode() >> build >> generate >> MemoryStorageNode(),
        "memory_storage" >> PreferenceUpdateNode() >> session >> recover,
        build - "over_budget" >> compress >> build,
        generate - "truncated" >> "memory_storage",
        generate - "refused" >> "memory_storage",
        generate - "over_budget" >> session,
        generate - "failed" >> session,
        inputs=RecoveryInputs,
    )
    return bound(graph, db, llm, embedder)
