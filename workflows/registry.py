"""All workflows by name, with the services they need."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..engine import EngineError, Graph, Registry
from ..engine.errors import did_you_mean, listing
from ..models import DatabaseManager, get_db_manager
from ..nodes import registry as nodes
from ..services import Embedder, LanguageModel, default_embedder
from ..services.tools import default_toolbox
from .batch_conversation import create_batch_conversation_workflow
from .context_refresh import create_context_refresh_workflow
from .conversation import create_conversation_workflow
from .extract_memories import create_extract_memories_workflow
from .ingest import create_ingest_workflow
from .label import create_label_workflow
from .memory_search import create_memory_search_workflow
from .services import accounted
from .session_recovery import create_session_recovery_workflow
from .summarise import create_summarise_workflow
from .tool_conversation import create_tool_conversation_workflow

FOLDER: Final = Path(__file__).parent
WORKFLOWS: Final = {
    "conversation": create_conversation_workflow,
    "memory_search": create_memory_search_workflow,
    "context_refresh": create_context_refresh_workflow,
    "session_recovery": create_session_recovery_workflow,
    "batch_conversation": create_batch_conversation_workflow,
    "tool_conversation": create_tool_conversation_workflow,
    "ingest": create_ingest_workflow,
    "summarise": create_summarise_workflow,
    "extract_memories": create_extract_memories_workflow,
    "label": create_label_workflow,
}

registry = Registry(nodes)
for _name, _create in WORKFLOWS.items():
    registry.graph(_name, _create)
registry.store("db", get_db_manager)
registry.service("llm", accounted)
registry.service("embedder", default_embedder)
registry.service("toolbox", default_toolbox)
registry.service("conversation", create_conversation_workflow)


class UnknownWorkflow(EngineError, ValueError):
    """No workflow has that name."""


def create_workflow(
    name: str,
    db: DatabaseManager | None = None,
    *,
    llm: LanguageModel | None = None,
    embedder: Embedder | None = None,
) -> Graph:
    """The workflow of that name."""
    create = WORKFLOWS.get(name)
    if create is None:
        raise UnknownWorkflow(
            f"Unknown workflow: {name}. Available: {listing(sorted(WORKFLOWS))}; {did_you_mean(name, WORKFLOWS)}"
        )
    return create(db, llm=llm, embedder=embedder)
