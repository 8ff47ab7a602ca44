"""The label: what a conversation was about, what was wanted, and in which mood."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, UtcTime, now


class ConversationLabel(Base):
    """What one conversation was labelled with, by whom, and when; labelled again, it is written anew."""

    __tablename__ = "conversation_labels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_conversation_labels_conversation",
        ),
    )

    tenant_id: Mapped[str] = mapped_column(String(200), primary_key=True, default="default")
    user_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    intent: Mapped[str] = mapped_column(String(64))
    sentiment: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(200))
    labelled_by: Mapped[str] = mapped_column(String(200))
    labelled_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {
            "conversation_id": self.conversation_id,
            "user_id": self.user_id,
            "intent": self.intent,
            "sentiment": self.sentiment,
            "topic": self.topic,
            "labelled_by": self.labelled_by,
            "labelled_at": self.labelled_at.isoformat(),
        }
