"""What is a row of the conformance table, and how do its nodes say that they ran?"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import EllipsisType
from typing import Any, Final

from turngraph.engine import Graph, RunStore

# In memory without and with a listener, on both durable stores, and read back from its own YAML.
SILENT, LISTENED, MEMORY, SQL, YAML = "silent", "listened", "memory store", "sql store", "yaml"
EVERYWHERE: Final = (SILENT, LISTENED, MEMORY, SQL, YAML)
IN_PYTHON: Final = (SILENT, LISTENED, MEMORY, SQL)  # what has no name cannot stand in YAML
IN_MEMORY: Final = (SILENT, LISTENED, YAML)
DURABLE: Final = (MEMORY, SQL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule, who says so, and a graph that proves it; what is None or empty is not compared.

    `state` holds keys of the final state, `gone` those that must not be there, `raises` and `text` the error of a
    run, `faults` a part of each fault at construction, and `...` more of them. `stops` names where the first process dies; `after` is what
    runs in the next one, which answers the pauses of `answers` and goes on with the graph `then`, if there is one.
    What is more than that is a function to `play` with graph, store and run id.
    """

    rule: str
    source: str
    graph: Callable[[], Graph]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    action: str | None = "default"
    ran: tuple[str, ...] | None = None
    raises: type[BaseException] | None = None
    text: str | tuple[str, ...] = ()
    faults: tuple[str | EllipsisType, ...] = ()
    modes: tuple[str, ...] = EVERYWHERE
    retries: tuple[tuple[int, float], ...] | None = None
    stops: str | None = None
    after: tuple[str, ...] | None = None
    answers: tuple[tuple[str | None, Any], ...] = ()
    then: Callable[[], Graph] | None = None
    migrate: Callable[[Any, str], tuple[Mapping[str, Any], str]] | None = None
    play: Callable[[Graph, RunStore, str], Awaitable[Any]] | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}"

    @property
    def dies(self) -> bool:
        """Whether a process that ran it can leave it to another one."""
        return self.stops is not None or bool(self.answers)

    @property
    def texts(self) -> tuple[str, ...]:
        """The parts that the error's text must have."""
        return (self.text,) if isinstance(self.text, str) else self.text


class Stopped(Exception):
    """Stands for the end of the process where the test goes on in the same one."""

    final = True


class Stage:
    """What the nodes of the row at hand have told, and where they are to stop."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.stops: str | None = None
        self.ledger: Path | None = None

    def begin(self, stops: str | None, ledger: Path | None = None) -> None:
        """Nothing has run; with a ledger the process is killed where it stops, and the ledger tells what ran."""
        self.ran.clear()
        self.stops, self.ledger = stops, ledger
        if ledger is not None:
            ledger.touch()

    def note(self, what: str) -> None:
        """Notes that something ran, and stops there if that is where."""
        self.ran.append(what)
        if self.ledger is not None:
            with self.ledger.open("a") as file:
                file.write(f"{what}\n")
        if what == self.stops:
            if self.ledger is not None:
                die()
            raise Stopped(what)


def die() -> None:
    """Ends this process as nothing can prevent."""
    os.kill(os.getpid(), signal.SIGKILL)


stage: Final = Stage()
note: Final = stage.note
