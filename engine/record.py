"""What a durable run writes down: one row for the run, one for each step, holding only what the step changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .errors import RunError

RunStatus: TypeAlias = Literal["running", "waiting", "done", "failed", "cancelled"]


class UnknownRun(RunError):
    """No run of that id is stored here."""


class RunExists(RunError):
    """A run of that id is stored already; resume it, or choose another id."""


class RunChanged(RunError):
    """The graph is not the one that the run began with."""


class RunOwned(RunError):
    """The run is being run by another process, which is alive."""


class NotWaiting(RunError):
    """The run waits for no such answer, or for none any more."""


class Fenced(RunError):
    """Another process has taken this one's runs over, since its lease ran out; it must not write any more."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One durable run: its graph and that graph's shape, the state it began with, and how it stands.

    A run that was moved to another graph begins its next `era` at the node `start` with other `inputs`; a forked
    one names its `parent`.
    """

    run_id: str
    graph: str
    shape: str
    inputs: str
    status: RunStatus = "running"
    action: str | None = None
    error: str | None = None
    scope: Any = None
    start: str | None = None
    era: int = 0
    parent: str | None = None


# Not frozen: one is made for each step, and that would take ten times as long.
@dataclass(slots=True)
class StepRecord:
    """One committed step: its path, the action it took, and what it changed, as text.

    A step that `waits` holds the name of its pause there, and the person's value in `answer` once it was given.
    With `last` it ends its run, as done, in the same transaction.
    """

    run_id: str
    path: str
    number: int
    action: str
    seconds: float
    changes: str
    attempts: int = 1
    waits: str | None = None
    answer: str | None = None
    last: bool = False
