"""Stores the answer, and what the message is worth remembering for."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ...engine import Context, Node
from ...models import DatabaseManager
from ...models.base import now
from ...models.known import known_beside
from ...models.repositories import context_windows, conversations, messages
from ...models.truth import Claim, Telling, learn
from ...services import Embedder, Fact, Known, LanguageModel, StatedPreference, Turn, Usage, charged
from .inputs import InConversation, MessageText, account, embedded
from .reading import Extractor, by_model, checked, read_by_model, read_by_rule

WINDOW = 20


class MemoryStorageNode(Node):
    """Stores the reply beside the message it answers, and the facts in the message, each tied to it.

    Only the user's own words are read for facts: what was recalled, and what the model said, never become new
    ones. `extraction` (a setting of the same name) says who reads them: "model", the one that answers, which is shown
    what is known and judges what of it is over; or "rules", which cost no call. A message that only asks is read by rule.
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
        memories_over: list[str] | None
        vectors: list[bytes]

    def __init__(self, extraction: Extractor | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.extraction = checked(extraction)

    async def exec(
        self, inputs: Inputs, *, llm: LanguageModel, embedder: Embedder, db: DatabaseManager, context: Context
    ) -> Outputs:
        # What the assistant asked only explains a short answer; no fact is ever read from it.
        before = [turn for turn in inputs.recent_messages[-1:] if turn.role == "assistant"]
        turns = [*before, Turn(role="user", content=inputs.current_message, message_id=inputs.message_id)]
        if by_model(self.extraction, llm, inputs.current_message):
            known = await db.read(lambda session: _known(session, inputs))
            found = await read_by_model(charged(llm, account(inputs, context)), turns, known)
        else:
            found = await read_by_rule(turns)
        texts = [inputs.response, *(fact.content for fact in found.facts)]
        return self.Outputs(
            extracted_memories=found.facts,
            stated_preferences=found.preferences,
            memories_extracted=len(found.facts),
            memories_over=found.over,
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
        telling = Telling(
            [inputs.message_id],
            told or now(),
            embedder.model_id,
            inputs.current_message,
            outputs.memories_over,
        )
        state["memories_extracted"] = learn(session, scope, claims, telling)
        window = context_windows.summarised(session, scope, inputs.conversation_id)
        after = window.summarised_to if window is not None else 0
        newest = messages.spoken(session, scope, inputs.conversation_id, limit=WINDOW, after=after)
        tokens = sum(message.token_count for message in newest)
        context_windows.extend(session, conversation, [message.id for message in newest], tokens)
        state["vectors"] = []


def _known(session: Session, inputs: MemoryStorageNode.Inputs) -> list[Known]:
    """What is known that the message may be about, by the embedding it is stored with."""
    said = messages.embedding_of(session, inputs.scope, inputs.message_id)
    return known_beside(session, inputs.scope, said)
