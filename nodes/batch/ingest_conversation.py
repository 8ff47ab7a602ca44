"""Takes a whole conversation in, without answering it."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, JsonValue
from sqlalchemy.orm import Session

from ...engine import Node
from ...models.base import new_id
from ...models.repositories.messages import NewMessage
from ...services import Embedder
from ..conversation.ingest import read_in, store
from ..conversation.inputs import ConversationId, Owned


class IngestInputs(Owned):
    """A conversation with all its messages; without `conversation_id` it is a new one each time."""

    messages: list[dict[str, Any]]
    conversation_id: ConversationId | None = None
    title: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(slots=True)
class Incoming:
    """What is to be stored, and where."""

    inputs: IngestInputs
    conversation_id: str
    messages: list[NewMessage]


class IngestConversationNode(Node):
    """Stores all messages of a conversation, or none; one whose id is there already is not stored again."""

    name = "ingest_conversation"
    locks = ("conversation_id",)
    Inputs = IngestInputs

    async def exec(self, inputs: IngestInputs, *, embedder: Embedder) -> Incoming:
        new = await read_in(inputs.messages, embedder)
        return Incoming(inputs, inputs.conversation_id or new_id(), new)

    def post(
        self, state: MutableMapping[str, Any], inputs: IngestInputs, incoming: Incoming, *, session: Session
    ) -> None:
        stored = store(
            session, inputs.scope, incoming.messages, incoming.conversation_id,
            title=inputs.title, metadata=inputs.metadata,
        )  # fmt: skip
        state.update(stored)
