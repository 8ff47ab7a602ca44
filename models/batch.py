"""The tables of batches: a list of records worked through, what came of each record, and whose each chunk is.

A row of `batch_items` is an outcome: it is written when its record is finished, once. What is not there is not done.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, now
from .durable import Micros

OUTCOMES = ("done", "failed", "skipped")


class BatchRow(Base):
    """One batch: its input's name, its workflow and that one's hash, how it stands, and who works on it.

    `epoch` counts how often it was begun or gone on with; what was sent to workers in an earlier one is void.
    """

    __tablename__ = "batches"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(500))
    workflow: Mapped[str] = mapped_column(String(500))
    hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="running")
    owner_id: Mapped[str | None] = mapped_column(String(64))
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(Micros, default=now)
    updated_at: Mapped[datetime] = mapped_column(Micros, default=now)


class BatchItemRow(Base):
    """The outcome of one record: done with its result, failed with its reason, or skipped with why."""

    __tablename__ = "batch_items"
    __table_args__ = (
        UniqueConstraint("batch_seq", "key", name="uq_batch_items_key"),
        Index("ix_batch_items_user", "tenant_id", "user_id"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    batch_seq: Mapped[int] = mapped_column(ForeignKey("batches.seq", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(32))
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    line: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost: Mapped[float | None] = mapped_column(Float)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    finished_at: Mapped[datetime] = mapped_column(Micros, default=now)


class BatchChunkRow(Base):
    """Some records of a batch that went to a worker: who has them, until they are done."""

    __tablename__ = "batch_chunks"

    batch_seq: Mapped[int] = mapped_column(ForeignKey("batches.seq", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    owner_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="running")
    reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Micros, default=now)
