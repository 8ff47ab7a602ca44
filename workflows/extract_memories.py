"""Extract memories: what a stored conversation is worth remembering for."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import ExtractMemoriesNode, StoredConversation
from ..services import Embedder, LanguageModel
from .services import bound


def create_extract_memories_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id` and `conversation_id`; the result has `memories_extracted` and `facts`."""
    return bound(
        Graph("extract_memories", ExtractMemoriesNode() >> END, inputs=StoredConversation), db, llm, embedder
    )
