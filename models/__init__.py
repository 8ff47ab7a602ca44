"""What is kept: the tables, the database under async nodes, and the queries."""

from .archive import Upkeep
from .base import Base
from .batch import BatchChunkRow, BatchItemRow, BatchRow
from .change import SearchChange
from .context_window import ContextWindow
from .conversation import Conversation
from .durable import Owner, RunRow, StepRow
from .erase import Target
from .errors import (
    BatchOwned,
    CommitUnknown,
    Conflict,
    ConversationClosed,
    DatabaseBusy,
    DatabaseError,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DatabaseUrlError,
    IllegalTransition,
    NotFound,
    SessionMisuse,
)
from .forget import forget
from .label import ConversationLabel
from .ledger import SqlLedger
from .manager import DatabaseManager, get_db_manager
from .memory import MemoryIndex, MemorySource
from .message import Message
from .model_call import ModelCall, ModelSpend
from .preference import UserPreference
from .receipt import Receipt
from .runs import SqlRunStore
from .scope import Scope
from .tool_execution import ToolExecution
from .turn import TurnRow

__all__ = [
    "Base",
    "BatchChunkRow",
    "BatchItemRow",
    "BatchOwned",
    "BatchRow",
    "CommitUnknown",
    "Conflict",
    "ContextWindow",
    "Conversation",
    "ConversationClosed",
    "ConversationLabel",
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseManager",
    "DatabaseReadOnly",
    "DatabaseUnreachable",
    "DatabaseUrlError",
    "forget",
    "get_db_manager",
    "IllegalTransition",
    "MemoryIndex",
    "MemorySource",
    "Message",
    "ModelCall",
    "ModelSpend",
    "NotFound",
    "Owner",
    "Receipt",
    "RunRow",
    "Scope",
    "SearchChange",
    "SessionMisuse",
    "SqlLedger",
    "SqlRunStore",
    "StepRow",
    "Target",
    "ToolExecution",
    "TurnRow",
    "Upkeep",
    "UserPreference",
]
