"""The workflows that come with turngraph, in Python and as YAML, and the manager that runs them for one user."""

from .batch import BatchReport, compare, run_batch, stored_conversations
from .batch_conversation import create_batch_conversation_workflow
from .context_refresh import create_context_refresh_workflow
from .conversation import create_conversation_workflow
from .manager import ConversationManager
from .memory_search import create_memory_search_workflow
from .registry import UnknownWorkflow, create_workflow, registry
from .session_recovery import create_session_recovery_workflow
from .tool_conversation import create_tool_conversation_workflow

__all__ = [
    "BatchReport",
    "compare",
    "ConversationManager",
    "create_batch_conversation_workflow",
    "create_context_refresh_workflow",
    "create_conversation_workflow",
    "create_memory_search_workflow",
    "create_session_recovery_workflow",
    "create_tool_conversation_workflow",
    "create_workflow",
    "registry",
    "run_batch",
    "stored_conversations",
    "UnknownWorkflow",
]
