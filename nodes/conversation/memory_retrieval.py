"""Finds what is remembered about the message, and what else the answer should know."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, JsonValue
from sqlalchemy.orm import Session

from ...engine import Node
from ...models import DatabaseManager, Scope
from ...models.over import over_of
from ...models.repositories import context_windows, conversations, memories, messages, preferences
from ...models.search import Hit, neutral, search, speakers
from ...services import Embedder, NoLonger, PreferenceNote, Recalled, Turn
from ...services.settings import integer_setting
from .inputs import InConversation, MessageText, RecentConversation, turn_of

NEWEST_TURNS = 40
OTHER_TURNS = 5


@dataclass(slots=True)
class Known:
    """What a read of the database gives before the search."""

    scope: Scope
    message: str
    names: dict[str, int]
    preferences: list[PreferenceNote]
    recent: list[RecentConversation]
    turns: list[Turn]
    summary: str | None
    summarised_to: int
    exclude: list[str]


class MemoryRetrievalNode(Node):
    """Searches all that the user ever said, and loads preferences, the summary, and other recent conversations.

    `recent_conversations` (a setting of the same name) says how many others; 0 turns them off.
    """

    name = "memory_retrieval"

    class Inputs(InConversation):
        current_message: MessageText
        message_id: str

    class Outputs(BaseModel):
        retrieved_memories: list[Recalled]
        recalled_memory_ids: list[str]
        no_longer: list[NoLonger]
        preferences: list[PreferenceNote]
        user_preferences: dict[str, JsonValue]
        recent_conversations: list[RecentConversation]
        recent_messages: list[Turn]
        context_summary: str | None
        summarised_to: int

    def __init__(
        self, max_memories: int = 8, recent_conversations: int | None = None, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.max_memories = max_memories
        self.recent_conversations = recent_conversations

    def prep(self, state: Mapping[str, Any], *, inputs: Inputs, session: Session) -> Known:
        scope, others = inputs.scope, self.recent_conversations
        if others is None:
            others = integer_setting("recent_conversations")
        window = context_windows.summarised(session, scope, inputs.conversation_id)
        summarised_to = window.summarised_to if window is not None else 0
        before = messages.position_of(session, scope, inputs.message_id)
        turns = messages.spoken(
            session,
            scope,
            inputs.conversation_id,
            limit=NEWEST_TURNS,
            before=before or None,
            after=summarised_to,
        )
        notes = [
            PreferenceNote.model_validate(
                {"key": p.key, "value": p.value, "category": p.category, "source": p.source}
            )
            for p in preferences.notes(session, scope)
        ]
        return Known(
            scope=scope,
            message=inputs.current_message,
            names=speakers(session, scope),
            preferences=notes,
            recent=_recent(session, scope, inputs.conversation_id, others),
            turns=[turn_of(message) for message in turns],
            summary=window.summary if window is not None else None,
            summarised_to=summarised_to,
            exclude=[inputs.message_id, *(message.id for message in turns)],
        )

    async def exec(self, known: Known, *, db: DatabaseManager, embedder: Embedder) -> Outputs:
        query = neutral(known.message, known.names)
        vector = (await asyncio.to_thread(embedder.embed, [query]))[0]

        def look(session: Session) -> tuple[list[Hit], list[NoLonger]]:
            hits = search(
                session,
                known.scope,
                known.message,
                vector=vector,
                model=embedder.model_id,
                limit=self.max_memories,
                exclude=known.exclude,
            )
            turns = [*known.turns, *(turn for other in known.recent for turn in other.messages)]
            shown = [hit.message.id for hit in hits if hit.message] + [turn.message_id for turn in turns]
            return hits, over_of(session, known.scope, {id_ for id_ in shown if id_})

        hits, over = await db.read(look)
        return self.Outputs(
            retrieved_memories=[recalled(hit) for hit in hits],
            recalled_memory_ids=[memory for hit in hits for memory in hit.memory_ids],
            no_longer=over,
            preferences=known.preferences,
            user_preferences={note.key: note.value for note in known.preferences},
            recent_conversations=known.recent,
            recent_messages=known.turns,
            context_summary=known.summary,
            summarised_to=known.summarised_to,
        )

    def post(self, state: Any, known: Known, outputs: Outputs, *, session: Session) -> None:
        memories.touch(session, known.scope, outputs.recalled_memory_ids)


def recalled(hit: Hit) -> Recalled:
    """A search hit as a model is shown it."""
    ref = hit.message
    return Recalled(
        content=hit.content,
        score=hit.score,
        importance_score=hit.importance_score,
        role=hit.role,
        name=hit.name,
        message_id=ref.id if ref else None,
        client_id=ref.client_id if ref else None,
        conversation_id=ref.conversation_id if ref else None,
        position=ref.position if ref else None,
        at=hit.at,
    )


def _recent(session: Session, scope: Scope, current: str, limit: int) -> list[RecentConversation]:
    if limit <= 0:
        return []
    return [
        RecentConversation(
            conversation_id=other.id,
            title=other.title,
            updated_at=other.updated_at,
            messages=[
                turn_of(message) for message in messages.spoken(session, scope, other.id, limit=OTHER_TURNS)
            ],
        )
        for other in conversations.recent(session, scope, limit=limit, exclude=current)
    ]
