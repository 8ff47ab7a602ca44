"""Batches: their items and chunks; and the labels that one of them writes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _id(name: str, length: int = 200, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=options.pop("nullable", False), **options)


def _batch() -> sa.Column[Any]:
    return sa.Column(
        "batch_seq", sa.Integer, sa.ForeignKey("batches.seq", ondelete="CASCADE"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        _id("id", 64, unique=True),
        _id("tenant_id"),
        _id("user_id", nullable=True),
        _id("name", 500),
        _id("workflow", 500),
        _id("hash", 64),
        _id("status", 16),
        _id("owner_id", 64, nullable=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "batch_items",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True
        ),
        _batch(),
        _id("key", 32),
        _id("tenant_id"),
        _id("user_id", nullable=True),
        sa.Column("line", sa.BigInteger, nullable=False),
        _id("content", 32, nullable=True),
        _id("outcome", 8),
        sa.Column("reason", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Float),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("finished_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("batch_seq", "key", name="uq_batch_items_key"),
    )
    op.create_index("ix_batch_items_user", "batch_items", ["tenant_id", "user_id"])
    op.create_table(
        "batch_chunks",
        _batch(),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        _id("tenant_id"),
        _id("user_id", nullable=True),
        _id("owner_id", 64),
        _id("status", 16),
        sa.Column("reason", sa.Text),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("batch_seq", "epoch", "number", name="pk_batch_chunks"),
    )
    op.create_table(
        "conversation_labels",
        _id("tenant_id"),
        _id("user_id"),
        _id("conversation_id"),
        _id("intent", 64),
        _id("sentiment", 64),
        _id("topic"),
        _id("labelled_by"),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "conversation_id", name="pk_conversation_labels"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.user_id", "conversations.id"],
            ondelete="CASCADE",
            name="fk_conversation_labels_conversation",
        ),
    )
