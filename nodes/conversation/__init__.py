"""The nodes of a conversation."""

from .batch_conversation import BatchConversationNode
from .context_builder import ContextBuilderNode
from .context_compression import ContextCompressionNode
from .context_load import ContextLoadNode
from .context_store import ContextStoreNode
from .conversation_init import ConversationInitNode
from .inputs import BatchInputs, ConversationInputs, RecoveryInputs, RefreshInputs, SearchInputs
from .memory_retrieval import MemoryRetrievalNode
from .memory_storage import MemoryStorageNode
from .preference_update import PreferenceUpdateNode
from .response_generation import ResponseGenerationNode
from .semantic_search import SemanticSearchNode
from .session_management import SessionManagementNode
from .session_recovery import SessionRecoveryNode
from .tool_loop import ToolLoopNode, ToolTurn
from .tool_record import RecordedToolLoopNode

__all__ = [
    "BatchConversationNode",
    "BatchInputs",
    "ContextBuilderNode",
    "ContextCompressionNode",
    "ContextLoadNode",
    "ContextStoreNode",
    "ConversationInitNode",
    "ConversationInputs",
    "MemoryRetrievalNode",
    "MemoryStorageNode",
    "PreferenceUpdateNode",
    "RecordedToolLoopNode",
    "RecoveryInputs",
    "RefreshInputs",
    "ResponseGenerationNode",
    "SearchInputs",
    "SemanticSearchNode",
    "SessionManagementNode",
    "SessionRecoveryNode",
    "ToolLoopNode",
    "ToolTurn",
]
