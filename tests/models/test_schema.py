"""Do the tables appear by themselves, and are they what the models say?"""

from __future__ import annotations

from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import UniqueConstraint, inspect, select, text

from turngraph.models import Base, Conversation, DatabaseManager, Message
from turngraph.models.migrate import FOLDER, HEAD, OURS

SEEDS = {"conversations", "messages", "user_preferences", "context_windows", "memory_index"}
BESIDE = {
    "model_calls",
    "model_spend",
    "memory_sources",
    "owners",
    "shapes",
    "runs",
    "steps",
    "receipts",
    "receipt_keys",
    "upkeep",
    "search_changes",
    "tool_executions",
    "preference_observations",
    "batches",
    "batch_items",
    "batch_chunks",
    "conversation_labels",
    "turns",
}
ONLY_MIGRATED = {("messages", "document"), ("memory_index", "document")}


def test_the_tables_appear_on_first_use(url: str):
    with DatabaseManager(url) as db:
        with db.get_session() as session:
            assert session.scalars(select(Conversation)).all() == []
        assert set(inspect(db.engine).get_table_names()) >= SEEDS | BESIDE
    assert OURS == SEEDS | BESIDE


def test_a_new_database_is_at_the_head_of_the_migrations(db: DatabaseManager):
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("table", sorted(SEEDS | BESIDE))
def test_models_and_migrations_agree(sqlite: DatabaseManager, table: str):
    assert migrated(sqlite, table) == modelled(sqlite, table)


def test_models_and_migrations_agree_on_postgresql(postgres: DatabaseManager):
    for table in OURS:
        assert migrated(postgres, table) == modelled(postgres, table), table


def migrated(db: DatabaseManager, table: str) -> dict[str, Any]:
    there = inspect(db.engine)
    columns = [c for c in there.get_columns(table) if (table, c["name"]) not in ONLY_MIGRATED]
    return {
        "columns": {c["name"]: (c["type"].compile(db.engine.dialect).replace("DOUBLE PRECISION", "FLOAT"), c["nullable"]) for c in columns},
        "key": there.get_pk_constraint(table)["constrained_columns"],
        "indexes": {
            i["name"]: i["column_names"]
            for i in there.get_indexes(table)
            if not i["unique"] and i["name"] != f"ix_{table}_document"
        },
        "unique": sorted(sorted(str(n) for n in u["column_names"]) for u in there.get_unique_constraints(table)),
        "foreign": sorted(
            (f["constrained_columns"], f["referred_table"], f["referred_columns"], f.get("options", {}).get("ondelete"))
            for f in there.get_foreign_keys(table)
        ),
    }  # fmt: skip


def modelled(db: DatabaseManager, table: str) -> dict[str, Any]:
    model = Base.metadata.tables[table]
    foreign = [
        (
            [c.name for c in f.columns],
            f.referred_table.name,
            [e.column.name for e in f.elements],
            f.ondelete,
        )
        for f in model.foreign_key_constraints
    ]
    unique = [sorted(c.name for c in u.columns) for u in model.constraints if isinstance(u, UniqueConstraint)]
    return {
        "columns": {c.name: (c.type.compile(db.engine.dialect), c.nullable) for c in model.columns},
        "key": [c.name for c in model.primary_key.columns],
        "indexes": {i.name: [c.name for c in i.columns] for i in model.indexes},
        "unique": sorted(unique),
        "foreign": sorted(foreign),
    }


def test_the_messages_of_a_conversation_are_dropped_with_it(db: DatabaseManager):
    conversation = db.create_conversation("ada")
    db.add_message(conversation.id, "hello")
    with db.get_session() as session:
        session.delete(session.merge(conversation))
    with db.get_session() as session:
        assert session.scalars(select(Message)).all() == []
