"""The workflow engine: nodes, graphs, and the runner that walks them."""

from .context import Context
from .draw import draw
from .errors import (
    DeadlineExceeded,
    EngineError,
    Fault,
    GraphError,
    NodeTimeout,
    NotBound,
    ResultLost,
    RunError,
    StepLimit,
    UnknownAction,
    ValidationError,
)
from .events import (
    Emitted,
    Event,
    NodeEvent,
    NodeFinished,
    NodeStarted,
    Retrying,
    RunFailed,
    RunFinished,
    RunStarted,
    Token,
)
from .graph import Graph
from .lazy import Lazy
from .map import ItemError, Map
from .node import Node, node
from .parallel import Collision, Parallel
from .path import END
from .registry import Registry
from .result import Result
from .retry import Retry
from .store import MemoryStore, RunStore, SessionStore
from .yaml import dump, load

__all__ = [
    "Collision",
    "Context",
    "DeadlineExceeded",
    "draw",
    "dump",
    "Emitted",
    "END",
    "EngineError",
    "Event",
    "Fault",
    "Graph",
    "GraphError",
    "ItemError",
    "Lazy",
    "load",
    "Map",
    "MemoryStore",
    "Node",
    "node",
    "NodeEvent",
    "NodeFinished",
    "NodeStarted",
    "NodeTimeout",
    "NotBound",
    "Parallel",
    "Registry",
    "Result",
    "ResultLost",
    "Retry",
    "Retrying",
    "RunError",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "RunStore",
    "SessionStore",
    "StepLimit",
    "Token",
    "UnknownAction",
    "ValidationError",
]
