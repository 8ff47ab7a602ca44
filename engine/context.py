"""What a phase that asks for `context` is told, and the way it can speak to those who listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .events import Emitted, Event, Token


@dataclass(frozen=True, slots=True)
class Context:
    """Where a phase runs: the run, the step's path, the attempt of exec (1 for the first), the caller's scope."""

    run_id: str
    node: str
    path: str
    attempt: int
    scope: Any
    _tell: Callable[[Event], None] | None

    @property
    def idempotency_key(self) -> str:
        """A text to hand to the outside world: equal on every attempt and resume of this step."""
        return self.path

    def token(self, text: str) -> None:
        """Passes on a piece of the text that exec is producing."""
        if self._tell is not None:
            self._tell(Token(self.run_id, self.node, self.path, text, self.attempt))

    def emit(self, value: Any) -> None:
        """Tells those who listen anything else."""
        if self._tell is not None:
            self._tell(Emitted(self.run_id, self.node, self.path, value))
