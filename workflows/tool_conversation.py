"""The conversation with tools: one message, answered from all that is remembered and with what its user asks to be done."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine import END, Graph, Lazy
from ..models import DatabaseManager
from ..nodes import (
    ContextBuilderNode,
    ContextCompressionNode,
    ConversationInitNode,
    MemoryRetrievalNode,
    MemoryStorageNode,
    PreferenceUpdateNode,
    RecordedToolLoopNode,
    SessionManagementNode,
    ToolTurn,
)
from ..services import Embedder, LanguageModel
from ..services.tools import Toolbox, default_toolbox
from .services import bound

TOOLS = ("calculator", "fetch", "weather", "web_search")


def create_tool_conversation_workflow(
    db: DatabaseManager | None = None,
    *,
    llm: LanguageModel | None = None,
    embedder: Embedder | None = None,
    toolbox: Toolbox | None = None,
    tools: Sequence[str] = TOOLS,
) -> Graph:
    """Runs as the conversation does, and from `grants` too; the result also has `tool_calls`.

    `tools` names those of the toolbox that may be called. Every call is stored, made or refused.
    """
    init, retrieval, build = ConversationInitNode(), MemoryRetrievalNode(), ContextBuilderNode()
    compress, answer, session = ContextCompressionNode(), RecordedToolLoopNode(tools), SessionManagementNode()
    graph = Graph(
        "tool_conversation",
        init
        >> retrieval
        >> build
        >> answer
        >> MemoryStorageNode()
        >> PreferenceUpdateNode()
        >> session
        >> END,
        init - "answered" >> END,
        build - "over_budget" >> compress >> build,
        answer - "truncated" >> "memory_storage",
        answer - "refused" >> "memory_storage",
        answer - "over_budget" >> session,
        answer - "failed" >> session,
        inputs=ToolTurn,
    )
    return bound(graph, db, llm, embedder).bind(
        toolbox=toolbox if toolbox is not None else Lazy(default_toolbox)
    )
