"""The first tables: conversations and their messages, memories, preferences, windows, durable runs, full text."""

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
    if op.get_bind().dialect.name == "postgresql":
        _postgres_search()
    else:
        _sqlite_search()


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
        sa.Column("summarised_to", sa.Integer, nullable=False),
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


# A message's document is the turn before it and the turn itself: what is asked about is often said in the
# one and answered in the other. A turn more than an hour earlier belongs to another sitting.
_SQLITE_BEFORE = """
    coalesce((SELECT coalesce(p.name, p.role) || ': ' || p.content || char(10) FROM messages p
              WHERE p.tenant_id = {row}.tenant_id AND p.user_id = {row}.user_id
                AND p.conversation_id = {row}.conversation_id AND p.position = {row}.position - 1
                AND abs(julianday({row}.timestamp) - julianday(p.timestamp)) < 1.0 / 24), '')
    || coalesce({row}.name, {row}.role) || ': ' || {row}.content
"""


def _sqlite_search() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE message_search USING fts5(owner, document, tokenize='porter unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE VIRTUAL TABLE memory_search USING fts5(owner, document, tokenize='porter unicode61 remove_diacritics 2')"
    )
    # One word that no stemmer shortens: with it a search reads one user's rows, however many others there are.
    owner = "'u' || hex(new.tenant_id) || 'x' || hex(new.user_id) || '0'"
    document = _SQLITE_BEFORE.format(row="new")
    op.execute(
        f"CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN "
        f"INSERT INTO message_search(rowid, owner, document) VALUES (new.seq, {owner}, {document}); END"
    )
    op.execute(
        f"CREATE TRIGGER messages_search_update AFTER UPDATE OF content, name, role ON messages BEGIN "
        f"UPDATE message_search SET document = {document} WHERE rowid = new.seq; END"
    )
    op.execute(
        "CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN "
        "DELETE FROM message_search WHERE rowid = old.seq; END"
    )
    op.execute(
        "CREATE TRIGGER memory_search_insert AFTER INSERT ON memory_index BEGIN "
        f"INSERT INTO memory_search(rowid, owner, document) VALUES (new.seq, {owner}, new.content); END"
    )
    op.execute(
        "CREATE TRIGGER memory_search_update AFTER UPDATE OF content ON memory_index BEGIN "
        "UPDATE memory_search SET document = new.content WHERE rowid = new.seq; END"
    )
    op.execute(
        "CREATE TRIGGER memory_search_delete AFTER DELETE ON memory_index BEGIN "
        "DELETE FROM memory_search WHERE rowid = old.seq; END"
    )


def _postgres_search() -> None:
    for table in ("messages", "memory_index"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN document tsvector")
        op.execute(f"CREATE INDEX ix_{table}_document ON {table} USING gin (document)")
    op.execute(
        """
        CREATE FUNCTION turngraph_message_document() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE before text;
        BEGIN
            SELECT coalesce(p.name, p.role) || ': ' || p.content || E'\\n' INTO before FROM messages p
            WHERE p.tenant_id = new.tenant_id AND p.user_id = new.user_id
              AND p.conversation_id = new.conversation_id AND p.position = new.position - 1
              AND abs(extract(epoch FROM new.timestamp - p.timestamp)) < 3600;
            new.document := to_tsvector('english', coalesce(before, '') || coalesce(new.name, new.role) || ': ' || new.content);
            RETURN new;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER messages_document BEFORE INSERT OR UPDATE OF content, name, role ON messages "
        "FOR EACH ROW EXECUTE FUNCTION turngraph_message_document()"
    )
    op.execute(
        """
        CREATE FUNCTION turngraph_memory_document() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            new.document := to_tsvector('english', new.content);
            RETURN new;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER memory_index_document BEFORE INSERT OR UPDATE OF content ON memory_index "
        "FOR EACH ROW EXECUTE FUNCTION turngraph_memory_document()"
    )
