"""The nodes that batches run whole conversations through."""

from .extract_memories import ExtractMemoriesNode
from .ingest_conversation import IngestConversationNode, IngestInputs
from .label_conversation import LabelConversationNode
from .stored import StoredConversation
from .summarise_conversation import SummariseConversationNode

__all__ = [
    "ExtractMemoriesNode",
    "IngestConversationNode",
    "IngestInputs",
    "LabelConversationNode",
    "StoredConversation",
    "SummariseConversationNode",
]
