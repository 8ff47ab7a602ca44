"""Every face does the same work: a turn by the library and one by the command line leave equal rows."""

from __future__ import annotations

import json

from sqlalchemy import select
from typer.testing import CliRunner

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager, MemoryIndex, Message, UserPreference
from turngraph.workflows import ConversationManager, create_conversation_workflow

SAID = "My dog is called Biscuit and I prefer dark mode."


def rows(url: str) -> list[object]:
    with DatabaseManager(url) as db, db.get_session() as session:
        messages = session.scalars(select(Message).order_by(Message.position)).all()
        memories = session.scalars(select(MemoryIndex).order_by(MemoryIndex.content)).all()
        preferences = session.scalars(select(UserPreference)).all()
        return [
            [(m.role, m.content, m.token_count, m.embedding_model, m.client_id) for m in messages],
            [(m.content, m.category, m.importance_score) for m in memories],
            [(p.key, p.value, p.source) for p in preferences],
        ]


async def by_library() -> None:
    with DatabaseManager("sqlite:///library.db") as db:
        await ConversationManager("ada", db).send_message(SAID, id="m1")


async def by_workflow() -> None:
    with DatabaseManager("sqlite:///workflow.db") as db:
        await create_conversation_workflow(db).run(
            {"user_id": "ada", "current_message": SAID, "client_id": "m1"}
        )


async def test_library_and_workflow_leave_equal_rows():
    await by_library()
    await by_workflow()
    assert rows("sqlite:///library.db") == rows("sqlite:///workflow.db")


def test_chat_and_run_leave_equal_rows():
    one = CliRunner().invoke(
        app, ["chat", "--user", "ada", "-m", SAID, "--id", "m1", "--db", "sqlite:///chat.db", "--json"]
    )
    given = json.dumps({"user_id": "ada", "current_message": SAID, "client_id": "m1"})
    two = CliRunner().invoke(
        app, ["run", "conversation", "--inputs", given, "--db", "sqlite:///run.db", "--json"]
    )
    assert (one.exit_code, two.exit_code) == (0, 0)
    assert json.loads(one.stdout)["response"] == json.loads(two.stdout)["response"]
    assert rows("sqlite:///chat.db") == rows("sqlite:///run.db")
