"""The ledger: every attempt at a language model, what it may cost at most and what it did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("status = 'open'")
_DAY = 86_400_000_000


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
    op.create_index("ix_model_calls_conversation", "model_calls", ["tenant_id", "user_id", "conversation_id"])
    op.create_index("ix_model_calls_run", "model_calls", ["run_id"])
    op.create_index("ix_model_calls_provider", "model_calls", ["provider", "ended_at"])
    op.create_index(
        "ix_model_calls_open", "model_calls", ["due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "model_spend",
        sa.Column("tenant_id", sa.String(200), primary_key=True),
        sa.Column("user_id", sa.String(200), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tokens", whole, nullable=False),
        sa.Column("cost", whole, nullable=False),
        sa.Column("unpriced", whole, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_model_spend_day", "model_spend", ["tenant_id", "day"])
    if op.get_bind().dialect.name == "postgresql":
        _postgres_sums()
    else:
        _sqlite_sums()


def _added(row: str, sign: str) -> str:
    """The statement that books a row of calls on its user's day, or takes it off."""
    return (
        f"INSERT INTO model_spend (tenant_id, user_id, day, tokens, cost, unpriced) "
        f"VALUES ({row}.tenant_id, coalesce({row}.user_id, ''), {row}.started_at / {_DAY}, {sign}{row}.booked_tokens, "
        f"{sign}coalesce({row}.booked_cost, 0), {sign}(CASE WHEN {row}.booked_cost IS NULL THEN 1 ELSE 0 END)) "
        f"ON CONFLICT (tenant_id, user_id, day) DO UPDATE SET tokens = model_spend.tokens + excluded.tokens, "
        f"cost = model_spend.cost + excluded.cost, unpriced = model_spend.unpriced + excluded.unpriced;"
    )


def _sqlite_sums() -> None:
    changed = "UPDATE OF tenant_id, user_id, booked_tokens, booked_cost, started_at"
    for name, event, statements in (
        ("insert", "INSERT", _added("new", "")),
        ("delete", "DELETE", _added("old", "-")),
        ("update", changed, _added("old", "-") + _added("new", "")),
    ):
        op.execute(
            f"CREATE TRIGGER model_calls_sum_{name} AFTER {event} ON model_calls BEGIN {statements} END"
        )


def _postgres_sums() -> None:
    op.execute(
        f"""
        CREATE FUNCTION turngraph_sum_calls() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {_added("old", "-")} END IF;
            IF TG_OP <> 'DELETE' THEN {_added("new", "")} END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER model_calls_sum AFTER INSERT OR DELETE OR UPDATE OF tenant_id, user_id, booked_tokens, "
        "booked_cost, started_at ON model_calls FOR EACH ROW EXECUTE FUNCTION turngraph_sum_calls()"
    )
