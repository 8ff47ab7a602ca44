"""Memory search: finds what a user ever said."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import SearchInputs, SemanticSearchNode
from ..services import Embedder, LanguageModel
from .services import bound


def create_memory_search_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id` and `search_query`; the result has `memories`, best first."""
    return bound(Graph("memory_search", SemanticSearchNode() >> END, inputs=SearchInputs), db, llm, embedder)
