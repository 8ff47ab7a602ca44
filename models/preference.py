"""What a user prefers: stated outright, or inferred from how they write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Json, UtcTime, now


class UserPreference(Base):
    """One preference. An inferred one counts its observations, and is used from the third on.

    `evidence` are the ids of the messages that speak for its value.
    """

    __tablename__ = "user_preferences"
    __table_args__ = (CheckConstraint("source IN ('stated', 'inferred')", name="ck_user_preferences_source"),)

    tenant_id: Mapped[str] = mapped_column(String(200), primary_key=True, default="default")
    user_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    category: Mapped[str] = mapped_column(String(64), default="general")
    source: Mapped[str] = mapped_column(String(16), default="stated")
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    observations: Mapped[int] = mapped_column(Integer, default=1)
    evidence: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {
            "key": self.key,
            "value": self.value,
            "category": self.category,
            "source": self.source,
            "confidence": self.confidence,
            "observations": self.observations,
            "evidence": self.evidence,
            "updated_at": self.updated_at.isoformat(),
        }


class PreferenceObservation(Base):
    """What one message shows of a preference; an empty value speaks against every value. It goes with its message."""

    __tablename__ = "preference_observations"
    __table_args__ = (
        Index("ix_preference_observations_key", "tenant_id", "user_id", "key"),
        Index("ix_preference_observations_message", "message_id"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    value: Mapped[str] = mapped_column(String(200), default="")
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
