"""What all tables stand on: the declarative base, and column types that mean the same on every database."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import Dialect, ExecutionContext
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

Json = JSON().with_variant(JSONB(), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """An aware moment in UTC with microseconds; a naive one is taken as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = as_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else as_utc(value)


class Vector(TypeDecorator[Sequence[float]]):
    """An embedding, kept as float16 bytes: no loss in ranking was measured at half the size."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None or isinstance(value, bytes):
            return value
        return packed(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> list[float] | None:
        import numpy as np

        return None if value is None else np.frombuffer(value, "<f2").astype(float).tolist()


class Base(DeclarativeBase):
    """The base of all tables, and of those a user adds: such a table is created on first use."""

    def __init__(self, **values: Any) -> None:
        if "metadata" in values and hasattr(type(self), "meta"):
            values["meta"] = values.pop("metadata")  # else it would silently set SQLAlchemy's own attribute
        for key, value in values.items():
            if not hasattr(type(self), key):
                raise TypeError(f"{type(self).__name__} has no column {key!r}")
            setattr(self, key, value)


def packed(vector: Sequence[float]) -> bytes:
    """An embedding as float16 bytes."""
    return struct.pack(f"<{len(vector)}e", *(float(number) for number in vector))


def values(context: ExecutionContext) -> dict[str, Any]:
    """The values of the row that a column's default is asked for."""
    assert isinstance(context, DefaultExecutionContext)
    return context.get_current_parameters()  # type: ignore[no-any-return, no-untyped-call]


def dimension(context: ExecutionContext) -> int | None:
    """How long the row's embedding is, where it has one."""
    return length(values(context).get("embedding"))


def length(vector: Sequence[float] | bytes | None) -> int | None:
    """How many numbers an embedding has."""
    return None if vector is None else len(vector) // (2 if isinstance(vector, bytes) else 1)


def as_utc(moment: datetime) -> datetime:
    """The moment as an aware one in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new id for a row."""
    return uuid.uuid4().hex


def content_hash(content: str) -> str:
    """The hash of a content; equal contents have equal ones, and nothing is dropped because of it."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
