"""Searches what a user ever said, or the facts taken from it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node, ValidationError
from ...models import DatabaseManager
from ...models.over import over_of
from ...models.scope import check_text
from ...models.search import Hit, neutral, search, speakers
from ...services import Embedder, NoLonger
from .inputs import SearchInputs


class Wanted(BaseModel):
    """The query, and the names in it that are no part of its meaning."""

    inputs: SearchInputs
    names: dict[str, int]


class SemanticSearchNode(Node):
    """Finds by words and by meaning, best first; each hit says the message it stands for, why it was found, and what of it is `no_longer` so.

    `search_scope` is `all`, `conversation` (give `conversation_id`) or `memories` (facts only). `category`, `since`
    and `until` narrow it down, and `diversity` up to 1 puts what repeats a better hit further down.
    """

    name = "semantic_search"
    Inputs = SearchInputs

    class Outputs(BaseModel):
        memories: list[dict[str, Any]]
        search_results: dict[str, list[dict[str, Any]]]

    def prep(self, state: Mapping[str, Any], *, inputs: SearchInputs, session: Session) -> Wanted:
        if inputs.search_scope == "conversation" and inputs.conversation_id is None:
            raise ValidationError("search_scope 'conversation' needs a conversation_id", ["conversation_id"])
        check_text("search_query", inputs.search_query)
        if inputs.conversation_id is not None:
            from ...models.repositories import conversations

            conversations.get(session, inputs.scope, inputs.conversation_id)
        return Wanted(inputs=inputs, names=speakers(session, inputs.scope))

    async def exec(self, wanted: Wanted, *, db: DatabaseManager, embedder: Embedder) -> Outputs:
        inputs = wanted.inputs
        query = neutral(inputs.search_query, wanted.names)
        vector = (await asyncio.to_thread(embedder.embed, [query]))[0] if query.strip() else None

        def work(session: Session) -> tuple[list[Hit], list[NoLonger]]:
            found = search(
                session,
                inputs.scope,
                inputs.search_query,
                vector=vector,
                model=embedder.model_id,
                limit=inputs.search_limit,
                within=inputs.search_scope,
                conversation_id=inputs.conversation_id if inputs.search_scope == "conversation" else None,
                category=inputs.category,
                since=inputs.since,
                until=inputs.until,
                diversity=inputs.diversity,
            )
            return found, over_of(session, inputs.scope, [hit.message.id for hit in found if hit.message])

        best, over = await db.read(work)
        hits = [{**hit.to_dict(), "no_longer": _ended(hit, over)} for hit in best]
        found = {
            "messages": [hit for hit in hits if hit["message"]],
            "memories": [hit for hit in hits if hit["memory_ids"]],
            "conversations": _conversations(hits),
        }
        return self.Outputs(memories=hits, search_results=found)


def _ended(hit: Hit, over: list[NoLonger]) -> list[dict[str, Any]]:
    return [
        one.model_dump(mode="json", exclude={"message_id"})
        for one in over
        if hit.message is not None and one.message_id == hit.message.id
    ]


def _conversations(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    best: dict[str, float] = {}
    for hit in hits:
        if hit["message"]:
            best.setdefault(hit["message"]["conversation_id"], hit["score"])
    return [{"conversation_id": conversation, "score": score} for conversation, score in best.items()]
