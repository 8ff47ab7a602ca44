"""What came of the tools that models asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tool_executions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant_id", sa.String(200), nullable=False),
        sa.Column("user_id", sa.String(200), nullable=False),
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tool", sa.String(200), nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("call_id", sa.String(200)),
        sa.Column("key", sa.String(500)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("origins", Json, nullable=False),
        sa.Column("refs", Json, nullable=False),
        sa.Column("tainted", sa.Boolean, nullable=False),
        sa.Column("result", Json),
        sa.Column("error", sa.Text),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("receipt_key", sa.String(64), nullable=False),
        sa.Column("receipt", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_tool_executions_conversation",
        ),
        sa.CheckConstraint(
            "status IN ('done', 'failed', 'timeout', 'cancelled', 'refused')",
            name="ck_tool_executions_status",
        ),
    )
    for name, column in (
        ("message", "message_id"),
        ("conversation", "conversation_id"),
        ("started", "started_at"),
    ):
        op.create_index(f"ix_tool_executions_{name}", "tool_executions", ["tenant_id", "user_id", column])
