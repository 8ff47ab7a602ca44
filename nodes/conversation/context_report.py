"""What a built context holds: how many tokens each part has, from which messages, and what was left out and why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

PartName = Literal[
    "instructions", "message", "pinned", "preferences", "memories", "no_longer", "turns", "summary", "recent"
]


class ContextPart(BaseModel):
    """One part of a context: its tokens, and the ids of the messages it rests on."""

    name: PartName
    tokens: int
    items: int
    sources: list[str] = Field(default_factory=list)
    positions: tuple[int, int] | None = None
    """The first and the last position that the part speaks of, for a summary."""


class LeftOut(BaseModel):
    """Something that is not in a context, or not whole."""

    part: PartName
    items: int
    tokens: int
    sources: list[str] = Field(default_factory=list)
    reason: Literal["no room", "cut in the middle", "to be summarised"]


class ContextReport(BaseModel):
    """The account of a built context."""

    limit: int
    tokens: int
    counted: bool = False
    """Whether `tokens` is the provider's own count of the whole; else it is estimated, as those of the parts are."""
    correction: float = 1.0
    """By how much the model counts more than the estimate, as its own counts have shown."""
    parts: list[ContextPart]
    left_out: list[LeftOut] = Field(default_factory=list)

    def part(self, name: PartName) -> ContextPart:
        """One part; an empty one where the context has none of it."""
        return next(
            (part for part in self.parts if part.name == name), ContextPart(name=name, tokens=0, items=0)
        )
