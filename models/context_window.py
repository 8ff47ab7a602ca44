"""The context window: which messages a model was last shown whole, and the summary of those before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, synonym

from .base import Base, Json, UtcTime, new_id, now


class ContextWindow(Base):
    """One window over a conversation; the active one shows its newest messages whole.

    Its summary speaks of the positions from `summarised_from` to `summarised_to`, and is made of those of the
    windows in `built_from`, whose positions follow each other.
    """

    __tablename__ = "context_windows"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_context_windows_conversation",
        ),
        Index("ix_context_windows_conversation", "tenant_id", "user_id", "conversation_id", "is_active"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_id)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str] = mapped_column(String(200))
    messages: Mapped[list[str]] = mapped_column(Json, default=list)
    summary: Mapped[str | None] = mapped_column(Text)
    summarised_from: Mapped[int] = mapped_column(Integer, default=0)
    summarised_to: Mapped[int] = mapped_column(Integer, default=0)
    built_from: Mapped[list[str]] = mapped_column(Json, default=list)
    token_count: Mapped[int] = mapped_column(Integer, default=0)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    window_id = synonym("id")

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values; `summarised_to` is the position up to which the summary speaks."""
        return {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "messages": self.messages,
            "summary": self.summary,
            "summarised_from": self.summarised_from,
            "summarised_to": self.summarised_to,
            "built_from": self.built_from,
            "token_count": self.token_count,
            "is_active": self.is_active,
            "created_at": self.created_at.isoformat(),
        }
