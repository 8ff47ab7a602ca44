"""Builds what the model is shown, within a budget of tokens."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from ...engine import Node
from ...services import PreferenceNote, Prompt, Recalled, Turn
from ...services.settings import integer_setting
from .inputs import RecentConversation

KEPT_TURNS = 4


class ContextBuilderNode(Node):
    """Puts together preferences, memories, the summary and the newest turns; `over_budget` asks for compression.

    The budget is `max_context_size` of the inputs, else of the constructor, else of the setting. What gives
    way first is other conversations, then all but the best memories; then older turns are summarised.
    """

    name = "context_builder"

    class Inputs(BaseModel):
        current_message: str = ""
        recent_messages: list[Turn]
        context_summary: str | None
        retrieved_memories: list[Recalled] = Field(default_factory=list)
        preferences: list[PreferenceNote] = Field(default_factory=list)
        recent_conversations: list[RecentConversation] = Field(default_factory=list)
        max_context_size: int | None = None

    class Outputs(BaseModel):
        built_context: Prompt
        context_tokens: int
        context_limit: int

    def __init__(self, max_context_size: int | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.max_context_size = max_context_size

    def exec(self, inputs: Inputs) -> Outputs:
        limit = inputs.max_context_size or self.max_context_size or integer_setting("max_context_size")
        prompt = Prompt(
            message=inputs.current_message,
            turns=inputs.recent_messages,
            memories=inputs.retrieved_memories,
            preferences=inputs.preferences,
            summary=inputs.context_summary,
            recent=[turn for other in inputs.recent_conversations for turn in other.messages],
        )
        gives_way: tuple[dict[str, Any], ...] = ({"recent": []}, {"memories": prompt.memories[:3]})
        for smaller in gives_way:
            if prompt.tokens() > limit:
                prompt = prompt.model_copy(update=smaller)
        if len(prompt.turns) <= KEPT_TURNS:
            prompt = _cut_to(prompt, limit)
        return self.Outputs(built_context=prompt, context_tokens=prompt.tokens(), context_limit=limit)

    def post(self, state: Any, inputs: Inputs, outputs: Outputs) -> Literal["over_budget"] | None:
        return (
            "over_budget"
            if outputs.context_tokens > outputs.context_limit and _compressible(outputs)
            else None
        )


def _compressible(outputs: ContextBuilderNode.Outputs) -> bool:
    return len(outputs.built_context.turns) > KEPT_TURNS


def _cut_to(prompt: Prompt, limit: int) -> Prompt:
    """What is left when summarising cannot help: the best memory outlives old turns, and the message all else."""
    while prompt.tokens() > limit:
        if len(prompt.memories) > bool(prompt.turns):
            prompt = prompt.model_copy(update={"memories": prompt.memories[:-1]})
        elif prompt.turns:
            prompt = prompt.model_copy(update={"turns": prompt.turns[1:]})
        elif prompt.summary:
            prompt = prompt.model_copy(update={"summary": None})
        else:
            break
    return prompt
