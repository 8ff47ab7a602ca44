"""Reads a stored conversation for what is worth remembering."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from ...engine import Node
from ...models.message import Message
from ...models.repositories import conversations, preferences
from ...models.truth import Claim, Telling, learn
from ...services import Embedder, LanguageModel, StatedPreference, Turn
from ..conversation.inputs import embedded
from ..conversation.reading import Extractor, by_model, checked, read_by_model, read_by_rule
from .stored import StoredConversation, Whole, read


@dataclass(slots=True)
class Told:
    """What one message told."""

    row: Message
    claims: list[Claim]
    preferences: list[StatedPreference] = field(default_factory=list)


class ExtractMemoriesNode(Node):
    """Extracts the facts and preferences that the user states in a stored conversation, each tied to its message.

    Only the user's own words are read; what the assistant asked only explains a short answer. `extraction` (a setting of
    the same name) says who reads them: "model", the one that answers, or "rules", which cost no call. Extracted again,
    a fact is strengthened and not doubled.
    """

    name = "extract_memories"
    locks = ("conversation_id", "user_id")
    Inputs = StoredConversation

    def __init__(self, extraction: Extractor | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.extraction = checked(extraction)

    def prep(self, state: Any, *, inputs: StoredConversation, session: Session) -> Whole:
        return read(session, inputs)

    async def exec(self, whole: Whole, *, llm: LanguageModel, embedder: Embedder) -> list[Told]:
        told: list[Told] = []
        before: Turn | None = None
        for turn, row in zip(whole.turns, whole.rows, strict=True):
            if turn.role == "user":
                turns = [*([before] if before is not None and before.role == "assistant" else []), turn]
                found = await (
                    read_by_model(llm, turns)
                    if by_model(self.extraction, llm, turn.content)
                    else read_by_rule(turns)
                )
                vectors = await embedded(embedder, [fact.content for fact in found.facts]) or []
                claims = [Claim(fact, vector) for fact, vector in zip(found.facts, vectors, strict=True)]
                if claims or found.preferences:
                    told.append(Told(row, claims, found.preferences))
            before = turn
        return told

    def post(
        self,
        state: MutableMapping[str, Any],
        whole: Whole,
        told: list[Told],
        *,
        session: Session,
        embedder: Embedder,
    ) -> None:
        scope = whole.inputs.scope
        conversations.locked(session, scope, whole.inputs.conversation_id)
        learned = 0
        for one in told:
            telling = Telling([one.row.id], one.row.timestamp, embedder.model_id, one.row.content)
            learned += learn(session, scope, one.claims, telling)
            for stated in one.preferences:
                preferences.put(
                    session, scope, stated.key, stated.value, category=stated.category, evidence=[one.row.id]
                )
        state["memories_extracted"] = learned
        state["facts"] = [claim.fact.content for one in told for claim in one.claims]
        state["skipped"] = None if whole.rows else "the conversation has no messages"
