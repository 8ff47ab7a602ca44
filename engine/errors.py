"""What can go wrong in a graph, before it runs and while it does.

EngineError
├── GraphError            the wiring is wrong; one error lists every fault (also a ValueError)
└── RunError              a run could not go on
    ├── NotBound          a phase asks for a service or a session that nobody supplied
    ├── ValidationError   a value does not fit what a graph or a node declares
    ├── UnknownAction     a node returned an action it does not declare
    ├── ResultLost        an `exec` result that nothing would keep
    ├── StepLimit         more steps than `max_steps`
    ├── NodeTimeout       one attempt of `exec` took too long (also a TimeoutError)
    ├── DeadlineExceeded  the whole run took too long (also a TimeoutError)
    ├── Collision         two branches of a Parallel wrote the same key
    ├── NotStorable       a value of a durable run's state cannot be stored
    ├── UnknownRun        no run of that id is stored
    ├── UnknownStep       the run has no such committed step
    ├── RunExists         a run of that id is stored already
    ├── RunChanged        the run does not fit the graph as it is now
    ├── RunOwned          somebody else runs it, and is alive
    ├── NotWaiting        the run waits for no such answer
    └── Fenced            this process's runs were taken over
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class EngineError(Exception):
    """Anything turngraph.engine raises of its own accord."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a graph: what it is, where it is, and what mends it."""

    message: str
    mend: str
    line: int | None = None
    column: int | None = None
    node: str | None = None

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line is not None else ""
        return f"{place}{self.message}\n     mend: {self.mend}"


class GraphError(EngineError, ValueError):
    """A graph is wired wrongly; `faults` holds every fault that was found."""

    def __init__(self, graph: str, faults: Sequence[Fault]) -> None:
        self.graph = graph
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        listed = "\n".join(f"  {n}. {fault}" for n, fault in enumerate(self.faults, 1))
        super().__init__(f"graph {graph!r} has {count}:\n{listed}")


class RunError(EngineError):
    """A run could not go on; its notes name the run, the node and the way walked."""


class NotBound(RunError):
    """A phase asks for something that the graph was not given."""


class ValidationError(RunError):
    """A value does not fit what a graph or a node declares; `fields` names the culprits."""

    def __init__(self, message: str, fields: Sequence[str] = ()) -> None:
        self.fields = tuple(fields)
        super().__init__(message)


class UnknownAction(RunError):
    """A node returned an action that it does not declare."""

    def __init__(self, node: str, action: object, choices: Iterable[str]) -> None:
        self.node, self.action, self.choices = node, action, tuple(choices)
        super().__init__(
            f"node {node!r} returned the action {action!r}; it declares {listing(self.choices)}. "
            f"Return one of these, or add the action to the return annotation of post and wire it."
        )


class ResultLost(RunError):
    """An `exec` gave a result, and the node has neither `Outputs` nor `post` to keep it."""

    def __init__(self, node: str, result: object) -> None:
        super().__init__(
            f"node {node!r}: exec returned a {type(result).__name__}, but the node has neither "
            f"`Outputs` nor `post`, so it would be lost. Declare Outputs, write a post, or return None."
        )


class StepLimit(RunError):
    """A run took more steps than its graph's `max_steps`."""

    def __init__(self, graph: str, limit: int) -> None:
        super().__init__(
            f"graph {graph!r} took more than max_steps={limit} steps. If it is not a loop that never "
            f"ends, give Graph(..., max_steps=...) a larger bound."
        )


class NodeTimeout(RunError, TimeoutError):
    """One attempt of a node's `exec` took longer than its timeout."""

    def __init__(self, node: str, seconds: float) -> None:
        super().__init__(f"node {node!r}: exec took longer than its timeout of {seconds:g} s")


class DeadlineExceeded(RunError, TimeoutError):
    """A run took longer than its graph's deadline."""

    def __init__(self, graph: str, seconds: float) -> None:
        super().__init__(f"graph {graph!r} took longer than its deadline of {seconds:g} s")


def listing(names: Iterable[str]) -> str:
    """The names quoted and joined for an error message."""
    return ", ".join(repr(name) for name in names) or "none"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name that a misspelt one most likely meant, if any is close."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The mend for an unknown name: the nearest known one, else all of them."""
    known = sorted(names)
    close = nearest(name, known)
    return f"did you mean {close!r}?" if close else f"the known names are {listing(known)}"
