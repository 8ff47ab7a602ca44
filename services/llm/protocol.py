"""What must a language model offer?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, Field, JsonValue

from .prompt import Prompt, Turn


class Usage(BaseModel):
    """What a call cost in tokens."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    """Those of the input that came out of the provider's cache."""
    cache_write_tokens: int = 0
    """Those of the input that were put into it."""
    estimated: bool = False
    """False when the provider told the numbers."""


class Reply(BaseModel):
    """What a language model answered."""

    text: str
    provider: str
    model: str
    usage: Usage = Field(default_factory=Usage)
    stop_reason: str = "end_turn"
    metadata: dict[str, Any] = Field(default_factory=dict)
    sources: list[str] = Field(default_factory=list)
    """Ids of the messages the answer rests on."""


class Fact(BaseModel):
    """Something the user stated that is worth remembering."""

    content: str
    content_type: str = "fact"
    category: str = "general"
    importance: float = Field(default=0.6, ge=0.0, le=1.0)
    subject: str | None = None
    """Whom it is about: "user" for them and their things, or somebody else, as in "sister:petra"."""
    slot: str | None = None
    """What it tells, where that can be told: "user/home", "user/favourite:colour"."""
    value: str | None = None
    """What it says the slot holds, or what it says is over."""
    effect: Literal["adds", "holds", "changes", "ends", "corrects"] = "adds"
    """What becomes of earlier facts: nothing; the slot has one value; it is new; `value` is over; it was a slip."""
    instead_of: str | None = None
    """With "corrects", the slip, where it was named."""


class StatedPreference(BaseModel):
    """How the user said they want things."""

    key: str
    value: JsonValue
    category: str = "general"


class Known(BaseModel):
    """A fact that held so far, as it is shown to who reads the next message."""

    id: str
    content: str


class Extraction(BaseModel):
    """What a few turns are worth remembering for."""

    facts: list[Fact] = Field(default_factory=list)
    preferences: list[StatedPreference] = Field(default_factory=list)
    over: list[str] | None = None
    """Ids of the known facts that hold no more by what the user said; None where nobody judged that."""


@runtime_checkable
class LanguageModel(Protocol):
    """Answers, extracts and summarises; offline or through a provider."""

    @property
    def name(self) -> str:
        """The model as "provider:model"."""
        ...

    async def reply(self, prompt: Prompt, *, max_tokens: int = 1024) -> Reply:
        """The answer to the prompt's message."""
        ...

    def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        """The answer as pieces of text while it is made, and the whole Reply last."""
        ...

    async def extract(self, turns: Sequence[Turn], known: Sequence[Known] = ()) -> Extraction:
        """The facts and preferences that the user stated in these turns, and which of the known facts are over."""
        ...

    async def summarise(
        self, turns: Sequence[Turn], *, previous: str | None = None, max_tokens: int = 400
    ) -> str:
        """What these turns, and what an earlier summary already held, come to."""
        ...

    async def aclose(self) -> None:
        """Gives back connections."""
        ...


@runtime_checkable
class CountingModel(Protocol):
    """A language model that may know the tokens of a prompt before it is asked."""

    @property
    def counts(self) -> bool:
        """Whether `count_tokens` is the provider's own count, and no estimate."""
        ...

    async def count_tokens(self, prompt: Prompt) -> int:
        """How many tokens the prompt is."""
        ...
