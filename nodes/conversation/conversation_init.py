"""Begins or resumes a conversation, and receives the user's message."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ...engine import Node
from ...models import Conversation
from ...models.base import new_id
from ...models.lifecycle import accept_message
from ...models.repositories import conversations, messages, turns
from ...services import Embedder
from .inputs import ConversationInputs, embedded


class Opening(BaseModel):
    """What was found before anything is written."""

    inputs: ConversationInputs
    conversation_id: str | None = None
    message_id: str | None = None
    reply: str | None = None
    reply_id: str | None = None


class ConversationInitNode(Node):
    """Stores the user's message in a new conversation or the one named, so that nothing said is ever lost.

    A paused conversation is reopened; a completed or archived one refuses; an unknown id, and another
    user's, is NotFound. A message sent again under its client id is not stored again: if it was answered,
    the action is `answered` and the reply is the one given before; if not, its turn is taken up again.
    """

    name = "conversation_init"
    locks = ("conversation_id", "client_id")
    Inputs = ConversationInputs

    class Outputs(BaseModel):
        conversation_id: str
        conversation_status: Literal["created", "resumed"]
        message_id: str
        message_embedding: bytes | None

    def prep(self, state: Any, *, inputs: ConversationInputs, session: Session) -> Opening:
        scope, found = inputs.scope, Opening(inputs=inputs, conversation_id=inputs.conversation_id)
        if inputs.conversation_id is not None:
            _open(conversations.get(session, scope, inputs.conversation_id))
        return _known(session, found)

    async def exec(self, opening: Opening, *, embedder: Embedder) -> Outputs:
        vectors = (
            await embedded(embedder, [opening.inputs.current_message]) if opening.message_id is None else None
        )
        return self.Outputs(
            conversation_id=opening.conversation_id or new_id(),
            conversation_status="created" if opening.conversation_id is None else "resumed",
            message_id=opening.message_id or new_id(),
            message_embedding=vectors[0] if vectors else None,
        )

    def post(
        self,
        state: MutableMapping[str, Any],
        opening: Opening,
        outputs: Outputs,
        *,
        session: Session,
        embedder: Embedder,
    ) -> Literal["answered"] | None:
        inputs, scope = opening.inputs, opening.inputs.scope
        # What was not there in prep may be there by now: the same message sent twice at once.
        opening = _known(session, opening)
        if opening.reply is not None:
            answered = {"response": opening.reply, "reply_id": opening.reply_id, "generation_success": True}
            state.update(answered, memories_extracted=0, preferences_updated={}, sources=[])
        if opening.message_id is not None:
            state.update(conversation_id=opening.conversation_id, message_id=opening.message_id)
        if opening.reply is not None:
            return "answered"
        conversation_id = opening.conversation_id or outputs.conversation_id
        if opening.conversation_id is not None:
            conversation = conversations.locked(session, scope, conversation_id)
        else:
            title = inputs.title or " ".join(inputs.current_message.split())[:80]
            conversation = conversations.begin(
                session,
                scope,
                conversation_id=outputs.conversation_id,
                title=title,
                metadata=dict(inputs.metadata),
            )
        accept_message(conversation)
        new = messages.NewMessage(
            inputs.current_message,
            name=inputs.name,
            client_id=inputs.client_id,
            at=inputs.at,
            metadata=dict(inputs.metadata),
            embedding=outputs.message_embedding,
            embedding_model=embedder.model_id,
            id=outputs.message_id,
            awaits_reply=True,
        )
        stored = messages.add(session, conversation, new)[0] if opening.message_id is None else None
        if stored is not None:
            state["message_id"] = stored.id
        if inputs.turn is not None:
            turns.note(session, scope, state["message_id"], inputs.turn)
        state["conversation"] = conversation.to_dict()
        return None


def _known(session: Session, opening: Opening) -> Opening:
    """The opening with the message that is there under the client's id, and its reply, if it has one."""
    inputs = opening.inputs
    if inputs.client_id is None or opening.reply is not None:
        return opening
    known = messages.find_by_client_id(session, inputs.scope, inputs.client_id, inputs.conversation_id)
    if known is None:
        return opening
    reply = messages.answer_to(session, inputs.scope, known.id)
    found = {"conversation_id": known.conversation_id, "message_id": known.id}
    if reply is not None:
        found |= {"reply": reply.content, "reply_id": reply.id}
    return opening.model_copy(update=found)


def _open(conversation: Conversation) -> None:
    """Refuses a closed conversation before anything is computed for it; a paused one is reopened in post."""
    if conversation.status not in ("active", "paused"):
        accept_message(conversation)
