"""The first tables: conversations and their messages, memories, preferences, windows, durable runs, and what changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def _id(name: str, length: int = 200, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=options.pop("nullable", False), **options)


def _owned() -> list[sa.Column[Any]]:
    return [_id("tenant_id"), _id("user_id")]


def _embedded() -> list[sa.Column[Any]]:
    return [
        sa.Column("embedding", sa.LargeBinary),
        sa.Column("embedding_model", sa.String(200)),
        sa.Column("embedding_dim", sa.Integer),
    ]


def _in_conversation(name: str) -> sa.ForeignKeyConstraint:
    ours = ["tenant_id", "user_id", "conversation_id"]
    theirs = ["conversations.tenant_id", "conversations.user_id", "conversations.id"]
    return sa.ForeignKeyConstraint(ours, theirs, ondelete="CASCADE", name=name)


def upgrade() -> None:
    _conversations()
    _memories()
    _settings()
    _runs()
    _receipts()
    _changes()
    if op.get_bind().dialect.name == "postgresql":
        _postgres_changes()
    else:
        _sqlite_changes()


def _conversations() -> None:
    op.create_table(
        "conversations",
        *_owned(),
        _id("id"),
        sa.Column("title", sa.String(500)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "id", name="pk_conversations"),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'completed', 'archived')", name="ck_conversations_status"
        ),
    )
    op.create_index("ix_conversations_user_updated", "conversations", ["tenant_id", "user_id", "updated_at"])
    op.create_index("ix_conversations_id", "conversations", ["id"])
    op.create_table(
        "messages",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        _id("id", 64, unique=True),
        _id("conversation_id"),
        *_owned(),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200)),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("reply_to", sa.String(64)),
        sa.Column("awaits_reply", sa.Boolean, nullable=False),
        sa.Column("client_id", sa.String(200)),
        sa.Column("timestamp", Time, nullable=False),
        sa.Column("token_count", sa.Integer, nullable=False),
        *_embedded(),
        sa.Column("metadata", Json, nullable=False),
        _in_conversation("fk_messages_conversation"),
        sa.UniqueConstraint(
            "tenant_id", "user_id", "conversation_id", "position", name="uq_messages_position"
        ),
        sa.UniqueConstraint(
            "tenant_id", "user_id", "conversation_id", "client_id", name="uq_messages_client_id"
        ),
        sa.CheckConstraint("role IN ('user', 'assistant', 'system', 'tool')", name="ck_messages_role"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_user_timestamp", "messages", ["tenant_id", "user_id", "timestamp"])
    op.create_index("ix_messages_client_id", "messages", ["tenant_id", "user_id", "client_id"])
    op.create_index("ix_messages_reply_to", "messages", ["reply_to"])
    op.create_index("ix_messages_content_hash", "messages", ["content_hash"])
    op.create_table(
        "context_windows",
        _id("id", 64, primary_key=True),
        *_owned(),
        _id("conversation_id"),
        sa.Column("messages", Json, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("summarised_from", sa.Integer, nullable=False),
        sa.Column("summarised_to", sa.Integer, nullable=False),
        sa.Column("built_from", Json, nullable=False),
        sa.Column("token_count", sa.Integer, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        _in_conversation("fk_context_windows_conversation"),
    )
    op.create_index(
        "ix_context_windows_conversation",
        "context_windows",
        ["tenant_id", "user_id", "conversation_id", "is_active"],
    )


def _memories() -> None:
    op.create_table(
        "memory_index",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        _id("id", 64, unique=True),
        *_owned(),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("content_type", sa.String(64), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64)),
        sa.Column("slot", sa.String(200)),
        sa.Column("value", sa.Text),
        sa.Column("importance_score", sa.Float, nullable=False),
        sa.Column("access_count", sa.Integer, nullable=False),
        sa.Column("last_accessed", Time),
        sa.Column("pinned", sa.Boolean, nullable=False),
        *_embedded(),
        sa.Column("valid_from", Time, nullable=False),
        sa.Column("valid_to", Time),
        sa.Column("superseded_by", sa.String(64)),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_memory_index_user", "memory_index", ["tenant_id", "user_id", "category"])
    op.create_index("ix_memory_index_slot", "memory_index", ["tenant_id", "user_id", "slot"])
    op.create_table(
        "memory_sources",
        sa.Column(
            "memory_id", sa.String(64), sa.ForeignKey("memory_index.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "message_id", sa.String(64), sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False
        ),
        *_owned(),
        sa.PrimaryKeyConstraint("memory_id", "message_id", name="pk_memory_sources"),
    )
    op.create_index("ix_memory_sources_message", "memory_sources", ["message_id"])


def _settings() -> None:
    op.create_table(
        "user_preferences",
        *_owned(),
        _id("key"),
        sa.Column("value", Json, nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("observations", sa.Integer, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "key", name="pk_user_preferences"),
        sa.CheckConstraint("source IN ('stated', 'inferred')", name="ck_user_preferences_source"),
    )
    op.create_table(
        "preference_observations",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        *_owned(),
        _id("key"),
        _id("value"),
        sa.Column(
            "message_id", sa.String(64), sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_preference_observations_key", "preference_observations", ["tenant_id", "user_id", "key"]
    )
    op.create_index("ix_preference_observations_message", "preference_observations", ["message_id"])


def _runs() -> None:
    op.create_table(
        "owners",
        _id("id", 64, primary_key=True),
        _id("tenant_id"),
        _id("user_id", nullable=True),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("lease_until", Time, nullable=False),
        sa.Column("host", sa.String(200)),
        sa.Column("pid", sa.Integer),
        sa.Column("started_at", Time, nullable=False),
    )
    op.create_table(
        "shapes",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("shape", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        _id("id", 64, primary_key=True),
        _id("tenant_id"),
        _id("user_id", nullable=True),
        _id("graph"),
        sa.Column("shape_id", sa.BigInteger, sa.ForeignKey("shapes.id"), nullable=False),
        _id("status", 16),
        _id("owner_id", 64, nullable=True),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("action", sa.String(200)),
        sa.Column("error", sa.Text),
        sa.Column("start", sa.String(200)),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("parent", sa.String(64)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    running = sa.text("status = 'running'")
    op.create_index("ix_runs_running", "runs", ["owner_id"], sqlite_where=running, postgresql_where=running)
    op.create_index("ix_runs_created", "runs", ["created_at"])
    op.create_index("ix_runs_shape", "runs", ["shape_id"])
    op.create_table(
        "steps",
        _id("run_id", 64),
        sa.Column("path", sa.String(500), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("action", sa.String(200)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("waits", sa.String(200)),
        sa.Column("answer", sa.Text),
        sa.Column("finished_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "path", name="pk_steps"),
        sqlite_with_rowid=False,
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        _id("id", 64, primary_key=True),
        *_owned(),
        _id("kind", 16),
        _id("target", nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", Time, nullable=False),
    )
    op.create_index("ix_receipts_target", "receipts", ["tenant_id", "user_id", "kind", "target"])
    op.create_table(
        "receipt_keys",
        _id("id", 64, primary_key=True),
        _id("secret", 64),
        sa.Column("created_at", Time, nullable=False),
    )
    op.create_table("upkeep", _id("name", 64, primary_key=True), sa.Column("done_at", Time, nullable=False))


def _changes() -> None:
    op.create_table(
        "search_changes",
        *_owned(),
        _id("kind", 16),
        sa.Column("txn", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("edited", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "kind", "txn", name="pk_search_changes"),
        sqlite_with_rowid=False,
    )


# The tables that search holds in memory, and the columns of each that it reads.
_WATCHED = {
    "messages": ("message", "content, name, role, position, timestamp, embedding, embedding_model, conversation_id"),
    "memory_index": (
        "memory",
        "content, category, embedding, embedding_model, valid_from, valid_to, superseded_by",
    ),
    "memory_sources": ("tie", "memory_id, message_id"),
}  # fmt: skip


def _sqlite_changes() -> None:
    for table, (kind, columns) in _WATCHED.items():
        events = {
            "insert": ("INSERT", "new", "added"),
            "update": (f"UPDATE OF tenant_id, user_id, {columns}", "new", "edited"),
            "moved": ("UPDATE OF tenant_id, user_id", "old", "edited"),
            "delete": ("DELETE", "old", "edited"),
        }
        for name, (event, row, count) in events.items():
            op.execute(
                f"CREATE TRIGGER {table}_changes_{name} AFTER {event} ON {table} BEGIN "
                f"INSERT INTO search_changes (tenant_id, user_id, kind, txn, added, edited) "
                f"VALUES ({row}.tenant_id, {row}.user_id, '{kind}', 0, {int(count == 'added')}, "
                f"CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) "
                f"ON CONFLICT (tenant_id, user_id, kind, txn) DO UPDATE SET {count} = {count} + 1; END"
            )


def _postgres_changes() -> None:
    # Nobody else touches rows of finished transactions, and one at a time adds them up.
    op.execute(
        """
        CREATE FUNCTION turngraph_add_up_changes() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_try_advisory_xact_lock(7452983105) THEN
                WITH gone AS (
                    DELETE FROM search_changes
                    WHERE txn > 0 AND txn < pg_snapshot_xmin(pg_current_snapshot())::text::bigint RETURNING *
                )
                INSERT INTO search_changes AS c (tenant_id, user_id, kind, txn, added, edited)
                SELECT tenant_id, user_id, kind, 0, sum(added), sum(edited) FROM gone GROUP BY 1, 2, 3
                ON CONFLICT (tenant_id, user_id, kind, txn)
                DO UPDATE SET added = c.added + excluded.added, edited = c.edited + excluded.edited;
            END IF;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION turngraph_count_change(tenant text, owner text, what text, fresh bigint, other bigint)
        RETURNS void LANGUAGE plpgsql AS $$
        DECLARE start bigint := 0;
        BEGIN
            IF NOT EXISTS (SELECT FROM search_changes c WHERE c.tenant_id = tenant AND c.user_id = owner AND c.kind = what) THEN
                start := extract(epoch FROM clock_timestamp()) * 1000;
            END IF;
            INSERT INTO search_changes AS c (tenant_id, user_id, kind, txn, added, edited)
            VALUES (tenant, owner, what, pg_current_xact_id()::text::bigint, fresh, start + other)
            ON CONFLICT (tenant_id, user_id, kind, txn)
            DO UPDATE SET added = c.added + fresh, edited = c.edited + other;
            IF random() < 0.02 THEN
                PERFORM turngraph_add_up_changes();
            END IF;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION turngraph_rows_added() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM turngraph_count_change(r.tenant_id, r.user_id, TG_ARGV[0], count(*), 0)
            FROM (SELECT tenant_id, user_id FROM fresh) r GROUP BY r.tenant_id, r.user_id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION turngraph_rows_gone() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM turngraph_count_change(r.tenant_id, r.user_id, TG_ARGV[0], 0, count(*))
            FROM (SELECT tenant_id, user_id FROM gone) r GROUP BY r.tenant_id, r.user_id;
            RETURN NULL;
        END $$
        """
    )
    for table, (kind, columns) in _WATCHED.items():
        changed = ", ".join(f"{{row}}.{name.strip()}" for name in f"tenant_id, user_id, {columns}".split(","))
        op.execute(
            f"""
            CREATE FUNCTION turngraph_{table}_edited() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM turngraph_count_change(r.tenant_id, r.user_id, TG_ARGV[0], 0, count(*)) FROM (
                    (SELECT {changed.format(row="g")} FROM gone g EXCEPT ALL SELECT {changed.format(row="f")} FROM fresh f)
                    UNION ALL
                    (SELECT {changed.format(row="f")} FROM fresh f EXCEPT ALL SELECT {changed.format(row="g")} FROM gone g)
                ) r GROUP BY r.tenant_id, r.user_id;
                RETURN NULL;
            END $$
            """
        )
        for event, tables, function in (
            ("INSERT", "NEW TABLE AS fresh", "turngraph_rows_added"),
            ("DELETE", "OLD TABLE AS gone", "turngraph_rows_gone"),
            ("UPDATE", "OLD TABLE AS gone NEW TABLE AS fresh", f"turngraph_{table}_edited"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_changes_{event.lower()} AFTER {event} ON {table} "
                f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}('{kind}')"
            )
