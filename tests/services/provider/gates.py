"""What became of each attempt, as the gate is told?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from turngraph.services import Attempt, Usage

Ending = Literal["settled", "released", "uncertain"]


@dataclass
class Entry:
    """One attempt, and how it ended."""

    attempt: Attempt
    ending: Ending | None = None
    usage: Usage | None = None

    def heard(self) -> None:
        assert self.ending is None

    async def settle(self, usage: Usage) -> None:
        self._end("settled", usage)

    async def release(self) -> None:
        self._end("released", None)

    async def uncertain(self, usage: Usage | None = None) -> None:
        self._end("uncertain", usage)

    def _end(self, ending: Ending, usage: Usage | None) -> None:
        assert self.ending is None, f"the ticket was {self.ending}, and now {ending}"
        self.ending, self.usage = ending, usage


@dataclass
class RecordingGate:
    """Lets everything through and remembers it."""

    entries: list[Entry] = field(default_factory=list)

    async def enter(self, attempt: Attempt) -> Entry:
        """The leave, at once."""
        entry = Entry(attempt)
        self.entries.append(entry)
        return entry

    @property
    def endings(self) -> list[Ending | None]:
        """How the attempts ended, in the order they began."""
        return [entry.ending for entry in self.entries]
