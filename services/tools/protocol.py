"""What must a language model offer that can ask for tools?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pydantic import Field

from ..llm import LanguageModel, Prompt, Reply
from .call import Call, Outcome
from .toolbox import Tool


class Asking(Reply):
    """What a model answered: the calls it asks for, or, where there are none, the reply."""

    calls: list[Call] = Field(default_factory=list)


@runtime_checkable
class ToolModel(LanguageModel, Protocol):
    """A language model that can ask for tools."""

    async def step(
        self, prompt: Prompt, tools: Sequence[Tool], done: Sequence[Outcome], *, max_tokens: int = 1024
    ) -> Asking:
        """The reply, or the calls the model wants made; `done` are those of this turn, with what came of each."""
        ...
