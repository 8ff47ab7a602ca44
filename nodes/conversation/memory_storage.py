"""Stores the answer, and what the message is worth remembering for."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ...engine import Context, Node
from ...models.base import now
from ...models.repositories import context_windows, conversations, messages
from ...models.truth import Claim, Telling, learn
from ...services import (
    ClaudeAPIError,
    Embedder,
    Extraction,
    Fact,
    LanguageModel,
    OfflineModel,
    StatedPreference,
    Turn,
    Usage,
    charged,
)
from ...services.llm.facts import grounded, slotted
from .inputs import InConversation, MessageText, account, embedded

logger = logging.getLogger("turngraph")
WINDOW = 20


class MemoryStorageNode(Node):
    """Stores the reply beside the message it answers, and the facts in the message, each tied to it.

    Only the user's own words are read for facts: what was recalled, and what the model said, never become new
    ones. `extraction` says who reads them: "rules", which costs no call, or "model".
    """

    name = "memory_storage"
    locks = ("conversation_id", "user_id")

    class Inputs(InConversation):
        message_id: str
        current_message: MessageText
        response: str
        model: str
        token_usage: Usage
        sources: list[str]
        recent_messages: list[Turn] = Field(default_factory=list)
        reply_metadata: dict[str, Any] = Field(default_factory=dict)

    class Outputs(BaseModel):
        extracted_memories: list[Fact]
        stated_preferences: list[StatedPreference]
        memories_extracted: int
        vectors: list[bytes]

    def __init__(self, extraction: Literal["rules", "model"] = "rules", *, name: str | None = None) -> None:
        super().__init__(name=name)
        if extraction not in ("rules", "model"):
            raise ValueError(f'extraction is "rules" or "model", not {extraction!r}')
        self.extraction = extraction

    async def exec(
        self, inputs: Inputs, *, llm: LanguageModel, embedder: Embedder, context: Context
    ) -> Outputs:
        # What the assistant asked only explains a short answer; no fact is ever read from it.
        before = [turn for turn in inputs.recent_messages[-1:] if turn.role == "assistant"]
        turns = [*before, Turn(role="user", content=inputs.current_message, message_id=inputs.message_id)]
        found = (
            await _extracted(charged(llm, account(inputs, context)), turns)
            if self.extraction == "model"
            else await OfflineModel().extract(turns)
        )
        texts = [inputs.response, *(fact.content for fact in found.facts)]
        return self.Outputs(
            extracted_memories=found.facts,
            stated_preferences=found.preferences,
            memories_extracted=len(found.facts),
            vectors=await embedded(embedder, texts) or [],
        )

    def post(
        self,
        state: MutableMapping[str, Any],
        inputs: Inputs,
        outputs: Outputs,
        *,
        session: Session,
        embedder: Embedder,
    ) -> None:
        scope = inputs.scope
        conversation = conversations.locked(session, scope, inputs.conversation_id)
        before = messages.answer_to(session, scope, inputs.message_id)
        if (
            before is not None
        ):  # the same message was sent twice at once, and the other one was answered first
            state.update(response=before.content, reply_id=before.id, memories_extracted=0)
            return
        reply = messages.NewMessage(
            inputs.response,
            role="assistant",
            token_count=inputs.token_usage.output_tokens or None,
            metadata={
                "model": inputs.model,
                "sources": inputs.sources,
                "usage": inputs.token_usage.model_dump(),
                "reply": inputs.reply_metadata,
            },
            embedding=outputs.vectors[0],
            embedding_model=embedder.model_id,
            reply_to=inputs.message_id,
        )
        state["reply_id"] = messages.add(session, conversation, reply)[0].id
        messages.answered(session, scope, inputs.message_id)
        told = messages.told_at(session, scope, inputs.message_id)
        claims = [
            Claim(fact, vector)
            for fact, vector in zip(outputs.extracted_memories, outputs.vectors[1:], strict=True)
        ]
        telling = Telling([inputs.message_id], told or now(), embedder.model_id, inputs.current_message)
        state["memories_extracted"] = learn(session, scope, claims, telling)
        after = context_windows.summarised_to(session, scope, inputs.conversation_id)
        newest = messages.spoken(session, scope, inputs.conversation_id, limit=WINDOW, after=after)
        tokens = sum(message.token_count for message in newest)
        context_windows.extend(session, conversation, [message.id for message in newest], tokens)
        state["vectors"] = []


async def _extracted(llm: LanguageModel, turns: list[Turn]) -> Extraction:
    """What a model finds, less what the user did not say; the rules tell what each fact is about."""
    try:
        found = await llm.extract(turns)
    except ClaudeAPIError as error:
        logger.warning("extracting by rule, since the model failed: %s", type(error).__name__)
        return await OfflineModel().extract(turns)
    facts = [slotted(fact) for fact in found.facts if grounded(fact, turns[-1].content)]
    return Extraction(facts=facts, preferences=found.preferences)
