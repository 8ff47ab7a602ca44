"""The ledger: every attempt at a language model, what it may cost at most and what it did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    whole = sa.BigInteger
    op.create_table(
        "model_calls",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant_id", sa.String(200), nullable=False),
        sa.Column("user_id", sa.String(200)),
        sa.Column("conversation_id", sa.String(200)),
        sa.Column("run_id", sa.String(200)),
        sa.Column("node", sa.String(200)),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("provider", sa.String(100), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("input_bound", whole, nullable=False),
        sa.Column("output_bound", whole, nullable=False),
        sa.Column("cost_bound", whole),
        sa.Column("input_tokens", whole),
        sa.Column("output_tokens", whole),
        sa.Column("cache_read_tokens", whole),
        sa.Column("cache_write_tokens", whole),
        sa.Column("booked_tokens", whole, nullable=False),
        sa.Column("booked_cost", whole),
        sa.Column("started_at", whole, nullable=False),
        sa.Column("due_at", whole, nullable=False),
        sa.Column("ended_at", whole),
        sa.CheckConstraint(
            "status IN ('open', 'settled', 'released', 'uncertain')", name="ck_model_calls_status"
        ),
        sqlite_with_rowid=False,
    )
    spent = ["started_at", "booked_tokens", "booked_cost"]
    op.create_index("ix_model_calls_user", "model_calls", ["tenant_id", "user_id", *spent])
    op.create_index("ix_model_calls_tenant", "model_calls", ["tenant_id", *spent])
    op.create_index("ix_model_calls_conversation", "model_calls", ["tenant_id", "user_id", "conversation_id"])
    op.create_index("ix_model_calls_run", "model_calls", ["run_id"])
    op.create_index(
        "ix_model_calls_open", "model_calls", ["due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
