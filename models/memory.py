"""The memory index: facts taken from messages, each a key to the messages it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, synonym

from .base import Base, Json, UtcTime, Vector, dimension, new_id, now


class MemoryIndex(Base):
    """One remembered fact. It holds from `valid_from` until `valid_to`, when another superseded it.

    `slot` says what it is about, as in "user/home", and `value` what it says of that. One whose `valid_to` is its
    `valid_from` was never true: it was corrected.
    """

    __tablename__ = "memory_index"
    __table_args__ = (
        Index("ix_memory_index_user", "tenant_id", "user_id", "category"),
        Index("ix_memory_index_slot", "tenant_id", "user_id", "slot"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True, default=new_id)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str] = mapped_column(String(200))
    content: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(String(64), default="fact")
    category: Mapped[str] = mapped_column(String(64), default="general")
    subject: Mapped[str | None] = mapped_column(String(64))
    slot: Mapped[str | None] = mapped_column(String(200))
    value: Mapped[str | None] = mapped_column(Text)
    importance_score: Mapped[float] = mapped_column(Float, default=0.5)
    access_count: Mapped[int] = mapped_column(Integer, default=0)
    last_accessed: Mapped[datetime | None] = mapped_column(UtcTime)
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    embedding: Mapped[Sequence[float] | None] = mapped_column(Vector)
    embedding_model: Mapped[str | None] = mapped_column(String(200))
    embedding_dim: Mapped[int | None] = mapped_column(Integer, default=dimension)
    valid_from: Mapped[datetime] = mapped_column(UtcTime, default=now)
    valid_to: Mapped[datetime | None] = mapped_column(UtcTime)
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", Json, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    memory_id = synonym("id")

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values, its embedding aside."""
        return {
            "id": self.id,
            "content": self.content,
            "content_type": self.content_type,
            "category": self.category,
            "subject": self.subject,
            "slot": self.slot,
            "value": self.value,
            "importance_score": self.importance_score,
            "access_count": self.access_count,
            "last_accessed": self.last_accessed.isoformat() if self.last_accessed else None,
            "pinned": self.pinned,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "superseded_by": self.superseded_by,
            "metadata": self.meta,
        }


class MemorySource(Base):
    """Ties a memory to a message it came from."""

    __tablename__ = "memory_sources"
    __table_args__ = (Index("ix_memory_sources_message", "message_id"),)

    memory_id: Mapped[str] = mapped_column(
        ForeignKey("memory_index.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str] = mapped_column(String(200))
