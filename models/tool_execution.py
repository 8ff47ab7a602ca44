"""The tool execution: a call that a model asked for, what was decided about it and why, and what came of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Json, UtcTime, as_utc, new_id, now

STATUSES = ("done", "failed", "timeout", "cancelled", "refused")


class ToolExecution(Base):
    """One call, made or refused, of the turn that answered a message.

    `key` is what the tool was given to know the call by again, `trigger` and `origins` where it and its arguments came
    from, `refs` the messages that they were read in. `receipt` is a signature over all of this, made with the key `receipt_key`.
    """

    __tablename__ = "tool_executions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_tool_executions_conversation",
        ),
        CheckConstraint(
            "status IN ('done', 'failed', 'timeout', 'cancelled', 'refused')",
            name="ck_tool_executions_status",
        ),
        Index("ix_tool_executions_message", "tenant_id", "user_id", "message_id"),
        Index("ix_tool_executions_conversation", "tenant_id", "user_id", "conversation_id"),
        Index("ix_tool_executions_started", "tenant_id", "user_id", "started_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_id)
    tenant_id: Mapped[str] = mapped_column(String(200), default="default")
    user_id: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str] = mapped_column(String(200))
    message_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(Integer, default=1)
    tool: Mapped[str] = mapped_column(String(200))
    arguments: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    call_id: Mapped[str | None] = mapped_column(String(200))
    key: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    trigger: Mapped[str] = mapped_column(String(16))
    origins: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    refs: Mapped[list[str]] = mapped_column(Json, default=list)
    tainted: Mapped[bool] = mapped_column(Boolean, default=False)
    result: Mapped[Any] = mapped_column(Json, nullable=True)
    error: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcTime, default=now)
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    receipt_key: Mapped[str] = mapped_column(String(64))
    receipt: Mapped[str] = mapped_column(String(64))

    def unsigned(self) -> str:
        """The text that is signed: every column but the receipt, in a form that no database changes."""
        names = [name for name in self.__table__.columns.keys() if name != "receipt"]  # noqa: SIM118
        return json.dumps({name: _settled(getattr(self, name)) for name in names}, sort_keys=True)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values, its receipt apart."""
        ours = ("tenant_id", "user_id", "receipt_key", "receipt")
        names = [name for name in self.__table__.columns.keys() if name not in ours]  # noqa: SIM118
        row = {name: getattr(self, name) for name in names}
        row["started_at"] = self.started_at.isoformat()
        return {**row, "receipt": {"key": self.receipt_key, "signature": self.receipt}}


def _settled(value: Any) -> Any:
    """A value as it comes back from any database: whole floats are whole numbers, times are UTC."""
    if isinstance(value, datetime):
        return as_utc(value).isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _settled(inner) for key, inner in value.items()}
    return [_settled(inner) for inner in value] if isinstance(value, list | tuple) else value
