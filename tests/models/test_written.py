"""Does a statement that is given to the driver itself give what SQLAlchemy gives for it?"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Select, Update, event, insert, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from turngraph import models
from turngraph.models import DatabaseManager, Message, Scope
from turngraph.models.prepared import columns, fetch, store
from turngraph.models.repositories import context_windows, conversations, memories, messages, preferences
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.written import Written

ADA = Scope("default", "ada")
MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(models.__path__, f"{models.__name__}.")
    if ".migrations" not in found.name
]
SELECTS = {
    f"{module.__name__.removeprefix('turngraph.models.')}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Select)
    and not any("entity" in found and found["entity"] for found in value.column_descriptions)
}


def world(session: Session) -> dict[str, Any]:
    """Something of each kind, and a value for every parameter of a statement."""
    talk = conversations.begin(session, ADA, conversation_id="c", title="Tea", metadata={"of": ["tea", 1]})
    conversations.begin(session, ADA, conversation_id="d")
    said, _ = messages.add(
        session, talk, NewMessage("I like tea.", client_id="m-1", embedding=[0.5, 0.25], metadata={"n": 1.5})
    )
    answer = NewMessage(
        "So you do.", role="assistant", reply_to=said.id, metadata={"usage": {"estimated": False}}
    )
    messages.add(session, talk, answer)
    first, _ = memories.remember(session, ADA, "likes coffee", sources=[said.id], embedding=[1.0, 0.5])
    memory, _ = memories.remember(
        session, ADA, "likes tea", sources=[said.id], slot="user/drink", value="tea"
    )
    first.valid_to, first.superseded_by, memory.pinned = memory.valid_from, memory.id, True
    preferences.put(session, ADA, "tone", {"is": ["formal", None]}, evidence=[said.id])
    preferences.observe(session, ADA, "style", "formal", category="style", message_id=said.id)
    context_windows.slide(session, talk, [said.id], summary="tea", summarised_to=1)
    session.flush()
    return {
        **ADA.mine, "place": "c", "limit": 9, "after": 0, "before": 99, "client": "m-1", "id": said.id,
        "content": "likes tea", "about": "style", "memory": memory.id,
    }  # fmt: skip


def named(rows: Sequence[Any]) -> list[list[str]]:
    """The names of the columns, those of sums and counts aside, which have none of their own."""
    return [
        [name for name in row._fields if not name.startswith(("sum", "count", "max", "min"))] for row in rows
    ]


def test_what_is_read_is_the_same(db: DatabaseManager):
    def work(session: Session) -> list[str]:
        given, connection, empty = world(session), session.connection(), []
        for name, statement in SELECTS.items():
            written = Written.of(statement, connection.dialect)
            if written is None:
                continue
            wanted = connection.execute(statement, given).all()
            for _ in range(2):
                found = written.rows(connection, given)
                assert found == wanted and named(found) == named(wanted), name
                assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in wanted], (
                    name
                )
            if not wanted:
                empty.append(name)
        return empty

    assert len(SELECTS) > 20
    assert db.write_now(work) == []


def test_what_is_written_is_the_same(db: DatabaseManager):
    def work(session: Session) -> None:
        talk, table = conversations.begin(session, ADA, conversation_id="c"), Message.__table__
        row = messages._row(talk, NewMessage("one", metadata={"a": None}, embedding=[1.0, 2.0]), 1)
        by_hand = {key: value for key, value in row.items() if key != "meta"}
        by_hand |= {"metadata": row["meta"], "id": "x", "position": 2}
        store(session, messages._INSERT, [row], [Message(**row)])
        session.connection().execute(insert(table), by_hand)
        assert messages.last_position(session, ADA, "c") == 2
        one, two = session.connection().execute(select(table).order_by(table.c.position)).mappings()
        differ = {"seq", "id", "position"}
        assert {k: v for k, v in one.items() if k not in differ} == {
            k: v for k, v in two.items() if k not in differ
        }

    db.write_now(work)


def test_an_error_is_sqlalchemys_own_and_only_that_write_is_undone(db: DatabaseManager):
    def work(session: Session) -> None:
        talk = conversations.begin(session, ADA, conversation_id="c")
        row = messages._row(talk, NewMessage("one"), 1)
        store(session, messages._INSERT, [row], [Message(**row)])
        with pytest.raises(IntegrityError), session.begin_nested():
            store(session, messages._INSERT, [row], [Message(**row)])
        assert messages.last_position(session, ADA, "c") == 1

    db.write_now(work)


def test_who_listens_to_statements_is_told(db: DatabaseManager):
    db.write_now(lambda session: conversations.begin(session, ADA, conversation_id="c"))
    told: list[str] = []
    of = columns(Message)

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    for moment in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(Engine, moment, listen)
        try:
            db.read_now(lambda session: fetch(session, select(of.id), {}))
        finally:
            event.remove(Engine, moment, listen)
        assert any("messages" in statement for statement in told), moment
        told.clear()


def test_what_depends_on_what_is_given_is_left_to_sqlalchemy(db: DatabaseManager):
    dialect = db.engine.dialect
    assert Written.of(memories._TOUCH, dialect) is None and Written.of(conversations._BEGIN, dialect) is None
    assert isinstance(messages._TOUCH, Update) and Written.of(messages._TOUCH, dialect) is not None


def test_a_row_of_more_columns_than_the_first_is_stored_whole(db: DatabaseManager):
    def work(session: Session) -> list[str | None]:
        talk, of = conversations.begin(session, ADA, conversation_id="c"), columns(Message)
        statement = insert(Message.__table__).returning(of.seq)
        for position, more in ((1, {}), (2, {"name": "Ada"})):
            row = {**messages._row(talk, NewMessage(f"said {position}"), position), **more}
            store(
                session, statement, [{k: v for k, v in row.items() if k != "name" or more}], [Message(**row)]
            )
        return list(session.connection().execute(select(of.name).order_by(of.position)).scalars())

    assert db.write_now(work) == [None, "Ada"]
