"""One attempt at a language model, as the ledger keeps it: on whose account, at most what, and what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base
from .durable import Micros

_OPEN = text("status = 'open'")


class ModelCall(Base):
    """One attempt. `booked_tokens` and `booked_cost` are what counts: the bounds while nobody knows better, else what
    the provider told. Money is in billionths of a dollar, and None where the price was not known.

    It holds no text. Whose it was is forgotten with the user; that it was is not.
    """

    __tablename__ = "model_calls"
    __table_args__ = (
        CheckConstraint(
            "status IN ('open', 'settled', 'released', 'uncertain')", name="ck_model_calls_status"
        ),
        Index("ix_model_calls_conversation", "tenant_id", "user_id", "conversation_id"),
        Index("ix_model_calls_run", "run_id"),
        Index("ix_model_calls_provider", "provider", "ended_at"),
        Index("ix_model_calls_open", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    conversation_id: Mapped[str | None] = mapped_column(String(200))
    run_id: Mapped[str | None] = mapped_column(String(200))
    node: Mapped[str | None] = mapped_column(String(200))
    call_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(Integer)
    provider: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16))
    input_bound: Mapped[int] = mapped_column(BigInteger)
    output_bound: Mapped[int] = mapped_column(BigInteger)
    cost_bound: Mapped[int | None] = mapped_column(BigInteger)
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_read_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int | None] = mapped_column(BigInteger)
    booked_tokens: Mapped[int] = mapped_column(BigInteger)
    booked_cost: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[datetime] = mapped_column(Micros)
    due_at: Mapped[datetime] = mapped_column(Micros)
    ended_at: Mapped[datetime | None] = mapped_column(Micros)


class ModelSpend(Base):
    """What is booked for a user on a day, over all their calls: triggers keep it, so that no budget has to sum a month.

    `day` counts from 1970 in UTC. Calls that are nobody's are kept under an empty user.
    """

    __tablename__ = "model_spend"
    __table_args__ = (
        Index("ix_model_spend_day", "tenant_id", "day"),
        {"sqlite_with_rowid": False},
    )

    tenant_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cost: Mapped[int] = mapped_column(BigInteger, default=0)
    unpriced: Mapped[int] = mapped_column(BigInteger, default=0)
