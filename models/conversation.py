"""The conversation: whose it is, how it stands, and the messages in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Index, String, inspect
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from .base import Base, Json, UtcTime, new_id, now, values

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExecutionContext

    from .message import Message

STATUSES = ("active", "paused", "completed", "archived")


def _when_created(context: ExecutionContext) -> datetime:
    """The very moment it was made: it is by this that one is known to which nothing was added yet."""
    made: datetime = values(context)["created_at"]
    return made


class Conversation(Base):
    """One conversation of one user. Its id need only be unique for that user, so imported ids never clash."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint(
            "status IN ('active', 'paused', 'completed', 'archived')", name="ck_conversations_status"
        ),
        Index("ix_conversations_user_updated", "tenant_id", "user_id", "updated_at"),
        Index("ix_conversations_id", "id"),
    )

    tenant_id: Mapped[str] = mapped_column(String(200), primary_key=True, default="default")
    user_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    id: Mapped[str] = mapped_column(String(200), primary_key=True, default=new_id)
    title: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(16), default="active")
    # SQLAlchemy keeps the attribute name `metadata` for itself; the column has the name.
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=_when_created)

    conversation_id = synonym("id")
    messages: Mapped[list[Message]] = relationship(
        back_populates="conversation", order_by="Message.position", passive_deletes=True
    )

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values, with its messages where they were loaded."""
        found: dict[str, Any] = {
            "id": self.id,
            "conversation_id": self.id,
            "tenant_id": self.tenant_id,
            "user_id": self.user_id,
            "title": self.title,
            "status": self.status,
            "metadata": self.meta,
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }
        if "messages" not in inspect(self).unloaded:
            found["messages"] = [message.to_dict() for message in self.messages]
        return found
