"""The tables of durable runs: who runs, what runs, and every step that was committed.

They are written once for every step of every run, so a row holds nothing that another one says already: times
are whole microseconds, a graph's shape is kept once, and a step's path begins behind its run's id.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from .base import Base, UtcTime, as_utc, now

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Micros(TypeDecorator[datetime]):
    """An aware moment in UTC, kept as microseconds since 1970: a third of what a moment takes as text."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


def micros(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    return (as_utc(moment) - _EPOCH) // _MICROSECOND


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


class ShapeRow(Base):
    """The shape of a graph that runs began with, kept once for all of them; its id is its hash."""

    __tablename__ = "shapes"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    shape: Mapped[str] = mapped_column(Text)


class RunRow(Base):
    """One durable run: its graph and that graph's shape, how it stands, and its owner while it is being run."""

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "ix_runs_running",
            "owner_id",
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
        Index("ix_runs_created", "created_at"),
        Index("ix_runs_shape", "shape_id"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str | None] = mapped_column(String(200))
    graph: Mapped[str] = mapped_column(String(200))
    shape_id: Mapped[int] = mapped_column(ForeignKey("shapes.id"))
    status: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[str | None] = mapped_column(String(64))
    inputs: Mapped[str] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(Text)
    start: Mapped[str | None] = mapped_column(String(200))
    era: Mapped[int] = mapped_column(Integer, default=0)
    parent: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Micros, default=now)
    updated_at: Mapped[datetime] = mapped_column(Micros, default=now)


class StepRow(Base):
    """One committed step of a run: where it stands, the action it took, and what it changed in the state.

    An action that is None is "default". A step that `waits` has its `answer` once it was given.
    """

    __tablename__ = "steps"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    action: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    changes: Mapped[str] = mapped_column(Text)
    waits: Mapped[str | None] = mapped_column(String(200))
    answer: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime] = mapped_column(Micros, default=now)
