"""Label: what a stored conversation was about, what was wanted, and in which mood."""

from __future__ import annotations

from ..engine import END, Graph
from ..models import DatabaseManager
from ..nodes import LabelConversationNode, StoredConversation
from ..services import Embedder, LanguageModel
from .services import bound


def create_label_workflow(
    db: DatabaseManager | None = None, *, llm: LanguageModel | None = None, embedder: Embedder | None = None
) -> Graph:
    """Runs from `user_id` and `conversation_id`; the result has `intent`, `sentiment` and `topic`."""
    return bound(Graph("label", LabelConversationNode() >> END, inputs=StoredConversation), db, llm, embedder)
