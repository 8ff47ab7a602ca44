"""Does a user come back from an export as they were, whoever they are there, and is a bad one refused whole?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from turngraph.engine import ValidationError
from turngraph.models import DatabaseManager, MemoryIndex, Scope
from turngraph.models.errors import Conflict
from turngraph.models.export import exported
from turngraph.models.repositories import context_windows, conversations, memories, messages, preferences
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.restore import restored

ADA, EVE = Scope("default", "ada"), Scope("other", "eve")

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=30)
SAID = TEXT.filter(str.strip)
LEAF = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
META = st.dictionaries(TEXT, JSON, max_size=3)
MOMENT = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
VECTOR = st.none() | st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=4)
MESSAGE = st.fixed_dictionaries(
    {"content": SAID, "role": st.sampled_from(["user", "assistant", "system", "tool"]), "name": st.none() | SAID,
     "at": st.none() | MOMENT, "metadata": META, "embedding": VECTOR, "awaits_reply": st.booleans()}
)  # fmt: skip
MEMORY = st.fixed_dictionaries(
    {"content": SAID, "importance": st.floats(0, 1), "metadata": META, "embedding": VECTOR, "ends": st.none() | MOMENT,
     "pinned": st.booleans()}
)  # fmt: skip
USER = st.fixed_dictionaries(
    {
        "talks": st.lists(st.tuples(st.none() | TEXT, META, st.lists(MESSAGE, max_size=5)), max_size=3),
        "facts": st.lists(MEMORY, max_size=4),
        "likes": st.dictionaries(SAID, JSON, max_size=3),
        "summary": st.none() | TEXT,
    }
)


def fill(session: Session, scope: Scope, user: dict[str, Any]) -> None:
    said: list[str] = []
    for title, meta, turns in user["talks"]:
        talk = conversations.begin(session, scope, title=title, metadata=meta)
        made = messages.add_all(session, talk, [NewMessage(**turn, embedding_model="m") for turn in turns])
        said += [message.id for message, _ in made]
        context_windows.slide(session, talk, said[-2:], summary=user["summary"], summarised_to=len(made))
    before: MemoryIndex | None = None
    for place, fact in enumerate(user["facts"]):
        given = {key: fact[key] for key in ("content", "importance", "metadata", "embedding")}
        memory, _ = memories.remember(session, scope, **given, sources=said[place : place + 2])
        memory.valid_to, memory.pinned = fact["ends"], fact["pinned"]
        if before is not None and before.id != memory.id:
            before.superseded_by = memory.id
        before = memory
    for key, value in user["likes"].items():
        preferences.put(session, scope, key, value, source="inferred", evidence=said[:2])
    for message_id in said:
        preferences.observe(session, scope, "length", "short", category="style", message_id=message_id)


def lines_of(db: DatabaseManager, scope: Scope, embeddings: bool = True) -> list[str]:
    return db.read_now(lambda session: list(exported(session, scope, embeddings=embeddings)))


def rows(lines: list[str]) -> list[Any]:
    """What stands below the head; the order of keys within JSON is a database's own."""
    return [json.loads(line) for line in lines[1:]]


@pytest.fixture
def source() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///:memory:") as manager:
        yield manager


@pytest.fixture
def other(url: str) -> Iterator[DatabaseManager]:
    with DatabaseManager(url) as manager:
        yield manager


number = iter(range(10**9))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=USER)
def test_what_is_restored_is_what_was_exported(
    source: DatabaseManager, other: DatabaseManager, user: Any
) -> None:
    one, two = (Scope(tenant, f"user-{next(number)}") for tenant in ("here", "there"))
    source.write_now(lambda session: fill(session, one, user))
    lines = lines_of(source, one)
    counts = other.write_now(lambda session: restored(session, two, lines))
    assert counts == json.loads(lines[-1])["counts"]
    assert rows(lines_of(other, two)) == rows(lines)


def told(db: DatabaseManager) -> list[str]:
    def work(session: Session) -> None:
        talk = conversations.begin(session, ADA, conversation_id="c", title="Garden")
        first = NewMessage(
            "I planted apple trees.", client_id="m-1", embedding=[1.0, 0.0], embedding_model="m"
        )
        one = messages.add(session, talk, first)[0]
        messages.add(session, talk, NewMessage("How many?", "assistant", reply_to=one.id))
        memories.remember(session, ADA, "has apple trees", sources=[one.id])
        preferences.put(session, ADA, "fruit", None, evidence=[one.id])
        preferences.observe(session, ADA, "length", "short", category="style", message_id=one.id)

    db.write_now(work)
    return lines_of(db, ADA, embeddings=False)


def test_it_goes_on_where_it_was(db: DatabaseManager, source: DatabaseManager) -> None:
    lines = told(source)
    db.write_now(lambda session: restored(session, EVE, lines))

    def go_on(session: Session) -> tuple[int, bool]:
        talk = conversations.locked(session, EVE, "c")
        again = messages.add(session, talk, NewMessage("I planted apple trees.", client_id="m-1"))[1]
        return messages.add(session, talk, NewMessage("Two."))[0].position, again

    assert db.write_now(go_on) == (3, False)
    assert db.read_now(lambda session: preferences.listed(session, EVE, only_usable=False))[0].value is None


def test_an_export_has_nothing_of_others(db: DatabaseManager) -> None:
    told(db)
    lines = lines_of(db, EVE)
    assert [json.loads(line).get("kind") for line in lines] == [None, "end"]


def test_embeddings_are_left_out_unless_asked_for(sqlite: DatabaseManager) -> None:
    without = told(sqlite)
    assert not any("embedding_model" in line for line in without[1:])
    assert '"embedding": "ADwAAA=="' in "".join(lines_of(sqlite, ADA))


@pytest.mark.parametrize("scope", [ADA, EVE], ids=["its own", "another"])
def test_what_is_there_already_is_refused_whole(db: DatabaseManager, scope: Scope) -> None:
    lines = told(db)
    with pytest.raises(Conflict, match=r"is taken in this database.*Nothing was stored"):
        db.write_now(lambda session: restored(session, scope, lines))
    assert rows(lines_of(db, ADA, False)) == rows(lines)
    assert len(lines_of(db, EVE)) == 2


def changed(lines: list[str], of: str, /, **values: Any) -> list[str]:
    found = [json.loads(line) for line in lines]
    next(row for row in found if row.get("kind") == of).update(values)
    return [json.dumps(row) for row in found]


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (lambda lines: [], "this is no export"),
    "something else": (lambda lines: ["{}"], "this is no export"),
    "no JSON": (lambda lines: [lines[0], "{"], "line 2 of the export: it is no JSON"),
    "a list": (lambda lines: [lines[0], "[]"], "line 2 of the export: expected an object"),
    "a newer one": (
        lambda lines: [json.dumps({**json.loads(lines[0]), "version": 2})],
        "version: expected 1, found 2",
    ),
    "cut short": (lambda lines: lines[:-1], "not whole"),
    "a line lost": (lambda lines: lines[:-2] + lines[-1:], "not whole"),
    "two joined": (lambda lines: lines + lines, "something follows"),
    "another kind": (lambda lines: changed(lines, "memory", kind="tale"), "expected one of conversation"),
    "another field": (lambda lines: changed(lines, "memory", secret=1), "these differ: secret"),
    "another's row": (lambda lines: changed(lines, "message", user_id="bob"), "these differ: user_id"),
    "another role": (lambda lines: changed(lines, "message", role="root"), "expected one of user"),
    "a gap": (lambda lines: changed(lines, "message", position=7), "position: expected 1, found 7"),
    "no place": (
        lambda lines: changed(lines, "message", conversation_id="x"),
        "no conversation 'x' comes before",
    ),
    "no text": (lambda lines: changed(lines, "message", content=" "), "a text that is not empty"),
    "no time": (lambda lines: changed(lines, "message", timestamp="noon"), "timestamp: "),
    "no number": (
        lambda lines: changed(lines, "memory", importance_score="much"),
        "importance_score: found a str",
    ),
    "null": (lambda lines: changed(lines, "memory", pinned=None), "pinned: expected a value"),
    "a bad vector": (
        lambda lines: changed(lines, "memory", embedding="AAAA", embedding_model="m", embedding_dim=2),
        "expected 2 numbers",
    ),
    "no base64": (lambda lines: changed(lines, "memory", embedding="?"), "embedding: "),
    "no sources": (lambda lines: changed(lines, "memory", sources=None), "sources: expected a list"),
    "a foreign source": (
        lambda lines: changed(lines, "memory", sources=["x"]),
        "rests on the message 'x', which",
    ),
    "a foreign observation": (
        lambda lines: changed(lines, "observation", message_id="x"),
        "observation rests on the message 'x', which",
    ),
    "too long": (lambda lines: changed(lines, "memory", category="x" * 65), "at most 64 characters"),
    "a NUL": (lambda lines: changed(lines, "conversation", title="a\x00"), "title: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_bad_export_is_refused_with_its_line(
    source: DatabaseManager, sqlite: DatabaseManager, case: str
) -> None:
    spoil, said = WRONG[case]
    lines = spoil(told(source))
    with pytest.raises(ValidationError, match=said):
        sqlite.write_now(lambda session: restored(session, EVE, lines))
    assert len(lines_of(sqlite, EVE)) == 2
