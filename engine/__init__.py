"""The workflow engine: nodes, graphs, and the runner that walks them."""

from .changed import way
from .codec import NotStorable
from .context import Context
from .draw import draw
from .durable import recover
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
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeWaiting,
    Retrying,
    RunFailed,
    RunFinished,
    RunStarted,
    Token,
)
from .fork import UnknownStep
from .graph import Graph
from .lazy import Lazy
from .map import ItemError, Map
from .node import Node, node
from .parallel import Collision, Parallel
from .path import END
from .pause import Pause
from .record import Fenced, NotWaiting, RunChanged, RunExists, RunOwned, UnknownRun
from .registry import Registry
from .replay import Replay
from .result import Result
from .retry import Retry
from .store import MemoryStore, RunStore, SessionStore
from .waiting import Wait
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
    "Fenced",
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
    "NodeFailed",
    "NodeFinished",
    "NodeStarted",
    "NodeTimeout",
    "NodeWaiting",
    "NotBound",
    "NotStorable",
    "NotWaiting",
    "Parallel",
    "Pause",
    "recover",
    "Registry",
    "Replay",
    "Result",
    "ResultLost",
    "Retry",
    "Retrying",
    "RunChanged",
    "RunError",
    "RunExists",
    "RunFailed",
    "RunFinished",
    "RunOwned",
    "RunStarted",
    "RunStore",
    "SessionStore",
    "StepLimit",
    "Token",
    "UnknownAction",
    "UnknownRun",
    "UnknownStep",
    "ValidationError",
    "Wait",
    "way",
]
