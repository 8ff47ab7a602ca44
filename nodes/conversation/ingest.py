"""Takes history in: whole conversations, with their own names, times and ids, and without answering them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from ...engine import ValidationError
from ...engine.errors import did_you_mean
from ...models import DatabaseManager, Scope
from ...models.base import new_id
from ...models.lifecycle import accept_message
from ...models.repositories import conversations
from ...models.repositories.messages import NewMessage, add_all, check_new
from ...services import Embedder
from .inputs import embedded

KNOWN: Final = ("content", "role", "name", "at", "id", "metadata")


async def ingest(
    db: DatabaseManager,
    embedder: Embedder,
    scope: Scope,
    messages: Sequence[Mapping[str, Any]],
    conversation_id: str | None = None,
    *,
    title: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Stores all of the messages, or none; one whose `id` the conversation has already is not stored again."""
    new = await read_in(messages, embedder)
    target = conversation_id if conversation_id is not None else new_id()

    def work(session: Session) -> dict[str, Any]:
        return store(session, scope, new, target, title=title, metadata=metadata)

    return await db.write(work, keys=[f"conversation_id:{target}"])


async def read_in(messages: Sequence[Mapping[str, Any]], embedder: Embedder) -> list[NewMessage]:
    """The messages as they will be stored, embedded; ValidationError naming the one that cannot be."""
    new = [_message(given, number) for number, given in enumerate(messages, 1)]
    vectors = await embedded(embedder, [message.content for message in new]) or []
    for message, vector in zip(new, vectors, strict=True):
        message.embedding, message.embedding_model = vector, embedder.model_id
    return new


def store(
    session: Session,
    scope: Scope,
    new: Sequence[NewMessage],
    target: str,
    *,
    title: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Stores messages in a conversation, which is begun if it is not there; says how many were new."""
    if conversations.find(session, scope, target) is None:
        conversations.begin(
            session, scope, conversation_id=target, title=title, metadata=dict(metadata or {})
        )
    conversation = conversations.locked(session, scope, target)
    if new:
        accept_message(conversation)
    stored = [fresh for _, fresh in add_all(session, conversation, new)]
    return {
        "conversation_id": target,
        "messages_stored": sum(stored),
        "messages_skipped": len(stored) - sum(stored),
    }


def _message(given: Mapping[str, Any], number: int) -> NewMessage:
    for key in given:
        if key not in KNOWN:
            raise ValidationError(
                f"message {number}: the key {key!r} is not known; {did_you_mean(key, KNOWN)}", [key]
            )
    if "content" not in given:
        raise ValidationError(f"message {number}: has no content", ["content"])
    client_id = given.get("id")
    try:
        return check_new(
            NewMessage(
                given["content"],
                role=given.get("role", "user"),
                name=given.get("name"),
                client_id=str(client_id) if isinstance(client_id, int) else client_id,
                at=_time(given.get("at")),
                metadata=dict(given.get("metadata") or {}),
            )
        )
    except ValidationError as error:
        raise ValidationError(f"message {number}: {error}", error.fields) from None


def _time(value: object) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ValidationError(
            f"at: expected a time such as 2026-03-12T09:30:00Z, found {value!r}", ["at"]
        ) from None
