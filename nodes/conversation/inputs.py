"""What the conversation's workflows are given, and the pieces that travel between their nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, JsonValue
from sqlalchemy import Row

from ...engine import Context
from ...models.message import Message
from ...models.repositories.messages import check_content
from ...models.scope import Scope, check_id
from ...services import Account, Turn


def _user(value: str) -> str:
    return check_id("user_id", value)


def _tenant(value: str) -> str:
    return check_id("tenant_id", value)


def _conversation(value: str) -> str:
    return check_id("conversation_id", value)


def _client(value: str) -> str:
    return check_id("client_id", value)


def _message(value: str) -> str:
    return check_content(value, "current_message")


UserId = Annotated[str, AfterValidator(_user)]
TenantId = Annotated[str, AfterValidator(_tenant)]
ConversationId = Annotated[str, AfterValidator(_conversation)]
ClientId = Annotated[str, AfterValidator(_client)]
MessageText = Annotated[str, AfterValidator(_message)]


class Owned(BaseModel):
    """Whose rows a node works on."""

    user_id: UserId
    tenant_id: TenantId = "default"

    @property
    def scope(self) -> Scope:
        """The same as the repositories take it."""
        return Scope(self.tenant_id, self.user_id)


class InConversation(Owned):
    """A node's place: one conversation of one user."""

    conversation_id: ConversationId


class OnAccount(BaseModel):
    """On whose account a node asks the language model, as far as the state says."""

    user_id: str | None = None
    tenant_id: str = "default"
    conversation_id: str | None = None


def account(whose: OnAccount | InConversation, context: Context) -> Account:
    """The account that a node's calls are charged to."""
    return Account(whose.tenant_id, whose.user_id, whose.conversation_id, context.run_id[:200], context.node)


class ConversationInputs(Owned):
    """One message of a user, and what is known of it. Without `conversation_id` it begins a conversation."""

    current_message: MessageText
    conversation_id: ConversationId | None = None
    client_id: ClientId | None = None
    name: str | None = None
    at: datetime | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    title: str | None = None
    session_action: Literal["maintain", "pause", "complete"] = "maintain"
    max_context_size: int | None = Field(default=None, gt=0)
    explicit_preferences: dict[str, JsonValue] = Field(default_factory=dict)
    turn: str | None = None
    """Who answers it, as `models.turn.answering` says it: should that process die, another one takes the turn up."""


class SearchInputs(Owned):
    """What to look for, and where."""

    search_query: str
    search_scope: Literal["all", "conversation", "memories"] = "all"
    conversation_id: ConversationId | None = None
    search_limit: int = Field(default=10, ge=1, le=1000)
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    diversity: float = Field(default=0.0, ge=0, le=1)


class RefreshInputs(InConversation):
    """Which conversation's context to rebuild, and within how many tokens."""

    max_context_size: int | None = Field(default=None, gt=0)


class RecoveryInputs(Owned):
    """Whose interrupted conversations to recover, and from how many hours back."""

    recovery_window: float = Field(default=24.0, gt=0)
    only: list[str] | None = None
    """The ids of the messages that are to be answered; else all that await a reply and that nobody is answering."""
    turn: str | None = None


class BatchInputs(BaseModel):
    """Records of `{"user_id", "message"}`, each answered as one turn."""

    batch_conversations: list[dict[str, Any]]


class RecentConversation(BaseModel):
    """Another conversation of the user, with its newest turns."""

    conversation_id: str
    title: str | None = None
    updated_at: datetime
    messages: list[Turn]


def turn_of(message: Message | Row[Any]) -> Turn:
    """A stored message as a model is shown it."""
    return Turn.model_validate(
        {
            "role": message.role,
            "content": message.content,
            "name": message.name,
            "at": message.timestamp,
            "message_id": message.id,
        }
    )


async def embedded(embedder: Any, texts: list[str]) -> list[bytes] | None:
    """The embeddings of some texts as they are stored; off the loop's thread, since a first use loads a model."""
    if not texts:
        return []
    import asyncio

    import numpy as np

    matrix = await asyncio.to_thread(embedder.embed, texts)
    return [row.tobytes() for row in np.asarray(matrix, np.float16)]
