"""What does the provider's server do with a request?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Then = Literal["end", "cut", "reset", "hang", "error", "stop"]


@dataclass(frozen=True, slots=True)
class Does:
    """One behaviour; the default is a good answer of two pieces."""

    status: int = 200
    kind: str = "api_error"
    """The type of an error."""
    said: str = "no"
    """The message of an error."""
    headers: Mapping[str, Any] = field(default_factory=dict)
    """A function is called for its value when it is sent."""
    pieces: tuple[str, ...] = ("Bis", "cuit.")
    stop_reason: str = "end_turn"
    """In the words of Messages; the other dialect has its own."""
    refusal: str | None = None
    """What the other dialect says beside the text when it refuses."""
    tool: tuple[str, str] | None = None
    """A tool call: the tool's name, and its arguments as they are written."""
    tokens: tuple[int, int] | None = (11, 7)
    """Input and output that are billed; None counts what was sent."""
    tells: bool = True
    """Whether usage is told."""
    cached: tuple[int, int] = (0, 0)
    """Tokens read from the cache and written to it, among those of the input."""
    then: Then = "end"
    """What comes after `after` pieces."""
    after: int | None = None
    instead: Literal["answer", "hang", "reset", "close"] = "answer"
    """What comes instead of a status line."""
    worked: bool | None = None
    """Whether it bills although it fails; None: where the status was 200."""
    body: bytes | None = None
    """Sent as it is, with `content_type`."""
    content_type: str | None = None
    bytewise: bool = False
    """Each byte travels in a chunk of its own."""
    delay: float = 0.0
    """Seconds before the status line."""
    between: float = 0.0
    """Seconds between two pieces."""


def fails(status: int, kind: str = "api_error", **more: object) -> Does:
    """An error answer."""
    return Does(status=status, kind=kind, **more)  # type: ignore[arg-type]
