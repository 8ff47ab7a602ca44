"""What a run tells those who listen to `graph.stream(...)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run."""

    run_id: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run has begun."""

    graph: str


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """Something that happened at a node; `path` is the step's own, equal on every attempt."""

    node: str
    path: str


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    """A node has begun."""


@dataclass(frozen=True, slots=True)
class Token(NodeEvent):
    """A piece of text that `exec` produces; those of an attempt that was retried are void."""

    text: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Emitted(NodeEvent):
    """Whatever a node chose to tell by `context.emit(value)`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Retrying(NodeEvent):
    """An attempt of `exec` failed and another follows after `delay` seconds: discard its tokens."""

    attempt: int
    error: str
    delay: float
    kind: str


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    """A node is done: the action it took, the seconds it needed, and the keys it wrote.

    One that was committed before the run was resumed is `recalled`: it did not run now.
    """

    action: str
    seconds: float
    keys: tuple[str, ...]
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class NodeWaiting(NodeEvent):
    """A node waits for a person, or something inside it does; `waits` names the pauses."""

    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    """A node failed, or was cancelled; what it raised goes on to what surrounds it."""

    error: BaseException
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run has ended; `result` is what `run` would have returned."""

    result: Any


@dataclass(frozen=True, slots=True)
class RunFailed(Event):
    """A run has failed, or was cancelled; the stream raises `error` after this event."""

    error: BaseException
