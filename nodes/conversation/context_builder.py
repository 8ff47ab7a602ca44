"""Builds what the model is shown, within a budget of tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.repositories import context_windows, messages
from ...services import LanguageModel, NoLonger, PreferenceNote, Prompt, Recalled, Turn
from ...services.settings import integer_setting
from ...services.tokens import correction
from .context_budget import Fitted, Wanted, fitted
from .context_count import counted
from .context_report import ContextReport, LeftOut
from .inputs import ConversationId, Owned, RecentConversation

KEPT_TURNS: Final = 4
LEFT_FILLED: Final = 0.6


class ContextBuilderNode(Node):
    """Puts together pinned facts, preferences, memories, the summary and the newest turns, within a budget.

    The budget is `max_context_size` of the inputs, else of the constructor, else of the setting; near it the
    model's own count decides, where it counts. Where older turns have no room, or no summary covers them yet, the
    action is `over_budget`. `context_report` says what is in the context, from which messages, and what was left out.
    """

    name = "context_builder"

    class Inputs(Owned):
        conversation_id: ConversationId | None = None
        current_message: str = ""
        recent_messages: list[Turn]
        context_summary: str | None
        summarised_to: int = 0
        pinned_facts: list[Recalled] = Field(default_factory=list)
        retrieved_memories: list[Recalled] = Field(default_factory=list)
        no_longer: list[NoLonger] = Field(default_factory=list)
        preferences: list[PreferenceNote] = Field(default_factory=list)
        recent_conversations: list[RecentConversation] = Field(default_factory=list)
        max_context_size: int | None = None
        token_correction: float = 1.0
        turns_unread: bool = False

    class Outputs(BaseModel):
        built_context: Prompt
        context_tokens: int
        context_limit: int
        context_report: ContextReport
        turns_to_fold: int

    def __init__(self, max_context_size: int | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.max_context_size = max_context_size

    def prep(self, state: Mapping[str, Any], *, inputs: Inputs, session: Session) -> Inputs:
        scope = inputs.scope
        found: dict[str, Any] = {
            "pinned_facts": [
                *inputs.pinned_facts,
                *(
                    Recalled(
                        content=fact.content,
                        score=1.0,
                        importance_score=fact.importance_score,
                        message_id=sources[0] if sources else None,
                        at=fact.valid_from,
                    )
                    for fact, sources in context_windows.pinned(session, scope)
                ),
            ],
            "token_correction": correction(context_windows.told(session, scope)),
        }
        if inputs.conversation_id is not None and inputs.recent_messages:
            first = inputs.recent_messages[0].message_id
            position = messages.position_of(session, scope, first) if first else 0
            found["turns_unread"] = position > inputs.summarised_to + 1
        return inputs.model_copy(update=found)

    async def exec(self, inputs: Inputs, *, llm: LanguageModel | None = None) -> Outputs:
        limit = inputs.max_context_size or self.max_context_size or integer_setting("max_context_size")
        wanted = Wanted(
            message=inputs.current_message,
            pinned=inputs.pinned_facts,
            preferences=sorted(inputs.preferences, key=lambda note: note.source != "stated"),
            memories=inputs.retrieved_memories,
            no_longer=inputs.no_longer,
            turns=inputs.recent_messages,
            summary=inputs.context_summary,
            recent=[other.messages for other in inputs.recent_conversations],
            covers=(1, inputs.summarised_to) if inputs.summarised_to else None,
        )
        # Estimating a long history takes longer than the loop should wait.
        found = await asyncio.to_thread(fitted, wanted, limit, inputs.token_correction)
        if not _to_fold(found) and not inputs.turns_unread:  # else it is built again, with fewer turns
            found = await counted(found, wanted, limit, inputs.token_correction, llm)
        fold = _to_fold(found)
        if fold:
            sources = [turn.message_id for turn in wanted.turns[:fold] if turn.message_id]
            found.report.left_out.append(
                LeftOut(
                    part="turns",
                    items=fold,
                    tokens=sum(found.turn_costs[:fold]),
                    sources=sources,
                    reason="to be summarised",
                )
            )
        return self.Outputs(
            built_context=found.prompt,
            context_tokens=found.report.tokens,
            context_limit=limit,
            context_report=found.report,
            turns_to_fold=fold,
        )

    def post(self, state: Any, inputs: Inputs, outputs: Outputs) -> Literal["over_budget"] | None:
        return "over_budget" if outputs.turns_to_fold or inputs.turns_unread else None


def _to_fold(found: Fitted) -> int:
    """How many of the oldest turns to summarise: some more than must be, so that the next messages have room."""
    count = len(found.turn_costs)
    if not found.turns_left or count <= KEPT_TURNS:
        return 0
    fold = found.turns_left
    while fold < count - KEPT_TURNS and sum(found.turn_costs[fold:]) > LEFT_FILLED * found.turn_room:
        fold += 1
    return min(fold, count - KEPT_TURNS)
