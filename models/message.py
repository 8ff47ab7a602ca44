"""The message: what was said, by whom, when, and where it stands in its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from ..services.tokens import estimate_tokens
from .base import Base, Json, UtcTime, Vector, content_hash, dimension, new_id, now, values
from .conversation import Conversation

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExecutionContext

ROLES = ("user", "assistant", "system", "tool")


def _owner(context: ExecutionContext, column: str) -> str:
    """Whose a message is follows from its conversation where the row does not say."""
    given = values(context)
    table = Conversation.__table__.c
    query = select(table.tenant_id, table.user_id).where(table.id == given["conversation_id"])
    for name in ("tenant_id", "user_id"):
        if given.get(name) is not None:
            query = query.where(table[name] == given[name])
    known: dict[Any, Any] = context.__dict__.setdefault("_turngraph_owners", {})
    key = (given["conversation_id"], given.get("tenant_id"), given.get("user_id"))
    if key not in known:
        known[key] = context.connection.execute(query.limit(2)).all()
    rows = known[key]
    if len(rows) != 1:
        found = "none" if not rows else "more than one"
        raise ValueError(
            f"a Message without user_id belongs to the owner of its conversation, and there is {found} with the id "
            f"{given['conversation_id']!r}; add the conversation first, or give tenant_id and user_id"
        )
    return str(getattr(rows[0], column))


def _tenant(context: ExecutionContext) -> str:
    return _owner(context, "tenant_id")


def _user(context: ExecutionContext) -> str:
    return _owner(context, "user_id")


def _next_position(context: ExecutionContext) -> int:
    """The place after the last: one query per statement, so that a bulk insert counts on by itself."""
    given = values(context)
    key = (given["tenant_id"], given["user_id"], given["conversation_id"])
    last: dict[Any, int] = context.__dict__.setdefault("_turngraph_positions", {})
    if key not in last:
        table = Message.__table__.c
        query = (
            select(table.position)
            .where(table.tenant_id == key[0], table.user_id == key[1], table.conversation_id == key[2])
            .order_by(table.position.desc())
            .limit(1)
        )
        last[key] = context.connection.execute(query).scalar() or 0
    last[key] += 1
    return last[key]


def _hash(context: ExecutionContext) -> str:
    return content_hash(values(context)["content"])


def _tokens(context: ExecutionContext) -> int:
    return estimate_tokens(values(context)["content"])


class Message(Base):
    """One message. `position` counts from 1 without gaps in its conversation, and order is by it alone.

    `id` is ours, `client_id` the sender's own: sent twice with the same one it is stored once. An answer names
    the message it replies to; a message that awaits its reply is one whose turn was begun and not finished.
    """

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_messages_conversation",
        ),
        UniqueConstraint("tenant_id", "user_id", "conversation_id", "position", name="uq_messages_position"),
        UniqueConstraint(
            "tenant_id", "user_id", "conversation_id", "client_id", name="uq_messages_client_id"
        ),
        CheckConstraint("role IN ('user', 'assistant', 'system', 'tool')", name="ck_messages_role"),
        Index("ix_messages_user_timestamp", "tenant_id", "user_id", "timestamp"),
        Index("ix_messages_client_id", "tenant_id", "user_id", "client_id"),
        Index("ix_messages_reply_to", "reply_to"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True, default=new_id)
    # The order of these matters: each default below may read the columns above it.
    conversation_id: Mapped[str] = mapped_column(String(200))
    tenant_id: Mapped[str] = mapped_column(String(200), default=_tenant)
    user_id: Mapped[str] = mapped_column(String(200), default=_user)
    position: Mapped[int] = mapped_column(Integer, default=_next_position)
    role: Mapped[str] = mapped_column(String(16), default="user")
    name: Mapped[str | None] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64), default=_hash, index=True)
    reply_to: Mapped[str | None] = mapped_column(String(64))
    awaits_reply: Mapped[bool] = mapped_column(Boolean, default=False)
    client_id: Mapped[str | None] = mapped_column(String(200))
    timestamp: Mapped[datetime] = mapped_column(UtcTime, default=now)
    token_count: Mapped[int] = mapped_column(Integer, default=_tokens)
    embedding: Mapped[Sequence[float] | None] = mapped_column(Vector)
    embedding_model: Mapped[str | None] = mapped_column(String(200))
    embedding_dim: Mapped[int | None] = mapped_column(Integer, default=dimension)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict)

    message_id = synonym("id")
    conversation: Mapped[Conversation] = relationship(back_populates="messages", passive_deletes=True)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values, its embedding aside."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "conversation_id": self.conversation_id,
            "position": self.position,
            "role": self.role,
            "name": self.name,
            "content": self.content,
            "timestamp": self.timestamp.isoformat(),
            "token_count": self.token_count,
            "metadata": self.meta,
        }
