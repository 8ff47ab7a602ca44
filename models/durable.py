"""The tables of durable runs: who runs, what runs, and every step that was committed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, UtcTime, now


class Owner(Base):
    """One process that runs graphs; it lives while it renews its lease, and its fence outdates it once taken over."""

    __tablename__ = "owners"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    fence: Mapped[int] = mapped_column(BigInteger, default=1)
    lease_until: Mapped[datetime] = mapped_column(UtcTime)
    host: Mapped[str | None] = mapped_column(String(200))
    pid: Mapped[int | None] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class RunRow(Base):
    """One durable run: its graph and that graph's shape, its owner, and how it stands."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_owner", "owner_id", "status"),
        Index("ix_runs_user", "tenant_id", "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    graph: Mapped[str] = mapped_column(String(200))
    shape: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("owners.id"))
    fence: Mapped[int] = mapped_column(BigInteger, default=1)
    inputs: Mapped[str] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


class StepRow(Base):
    """One committed step of a run: where it stands, the action it took, and what it changed in the state."""

    __tablename__ = "steps"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    number: Mapped[int] = mapped_column(Integer)
    action: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    changes: Mapped[str] = mapped_column(Text)
    finished_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
