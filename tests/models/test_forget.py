"""Is what was forgotten out of reach at once, everywhere, for its owner alone, and does a receipt say so?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select, text, update
from sqlalchemy.orm import Session

from turngraph.engine import END, Graph, Node, Pause, ValidationError
from turngraph.engine.record import Fenced, UnknownRun
from turngraph.models import (
    Base,
    DatabaseManager,
    MemoryIndex,
    NotFound,
    Owner,
    RunRow,
    Scope,
    StepRow,
    Target,
    forget,
    receipt,
    search,
)
from turngraph.models.base import now
from turngraph.models.erase_postgres import TABLES
from turngraph.models.migrate import OURS
from turngraph.models.repositories import context_windows, conversations, memories, messages, preferences
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.traces import Traces, names_user
from turngraph.services import SettingError

ADA, EVE, OTHER = Scope("default", "ada"), Scope("default", "eve"), Scope("other", "ada")
SECRET = "My locker opens with heliotrope forty-two"
WORD = "heliotrope"


def dump(db: DatabaseManager) -> str:
    """All that a query can find in any table, full text among it."""
    found: list[str] = []
    with db.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        for name in names:
            # What full text keeps of a deleted row is out of reach, and gone with the second grade.
            if not name.endswith(("_data", "_idx", "_docsize", "_config")):
                found += [str(tuple(row)) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(found).lower()


class Talk:
    """A conversation in which the second message of five is the one to forget."""

    def __init__(self, session: Session, scope: Scope) -> None:
        talk = conversations.begin(session, scope, title=SECRET[:20], metadata={"k": 1, "first": SECRET})
        said = ["Good morning", SECRET, "Noted", "And tea?", "Yes"]
        rows = [
            messages.add(session, talk, NewMessage(content, "assistant" if place % 2 == 0 else "user"))[0]
            for place, content in enumerate(said)
        ]
        rows[2].reply_to = rows[1].id
        self.id, self.ids = talk.id, [row.id for row in rows]
        self.secret = self.ids[1]
        only, _ = memories.remember(session, scope, f"opens with {WORD}", sources=[self.secret])
        both, _ = memories.remember(session, scope, "has a locker", sources=self.ids[1:4:2])
        self.only, self.both = only.id, both.id
        preferences.put(session, scope, f"code-{WORD}", WORD, evidence=[self.secret])
        for message_id in self.ids[1:3]:
            preferences.observe(session, scope, "taste", WORD if message_id == self.secret else "tea",
                                category="topics", message_id=message_id)  # fmt: skip
        preferences.put(session, scope, "tea", "yes", evidence=[self.secret, self.ids[3]])
        before = context_windows.slide(session, talk, self.ids[:1], summary="A greeting", summarised_to=1)
        built = context_windows.slide(session, talk, self.ids[3:], summary=f"A {WORD}", summarised_to=3)
        shown = context_windows.slide(session, talk, self.ids[1:], summary="A greeting", summarised_to=1)
        self.before, self.built, self.shown = before.id, built.id, shown.id


def say(db: DatabaseManager, scope: Scope = ADA) -> Talk:
    return db.write_now(lambda session: Talk(session, scope))


async def test_a_message_goes_with_all_that_rests_on_it_alone(db: DatabaseManager) -> None:
    talk = say(db)
    done = await forget(db, ADA, Target("message", talk.secret))
    assert WORD not in dump(db) and "locker opens" not in dump(db)
    assert done.counts == {
        "messages": 1, "memory_index": 1, "memory_sources": 2, "user_preferences": 1, "context_windows": 1,
        "preference_observations": 1,
    }  # fmt: skip
    assert done.changed == {
        "messages": 3, "memory_index": 1, "user_preferences": 1, "context_windows": 1, "conversations": 1,
    }  # fmt: skip
    assert (done.grade, done.wanted, done.pending) == ("unreachable", "unreachable", False)
    assert done.answers == [talk.ids[2]]
    with db.get_session() as session:
        left = messages.newest(session, ADA, talk.id)
        assert [(m.position, m.content) for m in left] == [
            (1, "Good morning"), (2, "Noted"), (3, "And tea?"), (4, "Yes"),
        ]  # fmt: skip
        assert all(message.reply_to is None for message in left)
        assert [m.id for m in memories.listed(session, ADA)] == [talk.both]
        assert [m.id for m in memories.sources_of(session, ADA, [talk.both])[talk.both]] == [talk.ids[3]]
        window = context_windows.active(session, ADA, talk.id)
        assert window is not None and (window.id, window.messages) == (talk.shown, talk.ids[2:])
        row = conversations.get(session, ADA, talk.id)
        assert (row.title, row.meta) == (None, {"k": 1})
        assert messages.add(session, row, NewMessage("More"))[0].position == 5


async def test_search_ranks_as_if_it_had_never_been_said(db: DatabaseManager) -> None:
    def never(session: Session) -> None:
        talk = conversations.begin(session, EVE)
        for place, content in enumerate(["Good morning", "Noted", "And tea?", "Yes"]):
            role = "user" if place == 2 else "assistant"
            messages.add(session, talk, NewMessage(content, role))
        memories.remember(session, EVE, "has a locker")

    def found(scope: Scope) -> list[Any]:
        hits = db.read_now(lambda session: search.search(session, scope, f"{WORD} locker tea"))
        return [(hit.content, hit.parts.get("words")) for hit in hits if hit.message is not None]

    talk = say(db)
    db.write_now(never)
    assert any(WORD in content for content, _ in found(ADA))
    await forget(db, ADA, Target("message", talk.secret))
    assert sorted(found(ADA)) == sorted(found(EVE))


@pytest.mark.parametrize("kind", ["message", "memory", "conversation", "user"])
async def test_only_its_owner_forgets_it_and_nothing_of_others_changes(
    db: DatabaseManager, kind: Any
) -> None:
    theirs = [say(db, scope) for scope in (EVE, OTHER)]
    rows = [row for talk in theirs for row in rows_of(db, talk)]
    own = say(db)
    ids = {"message": own.secret, "memory": own.only, "conversation": own.id}
    for stranger in (Scope("default", "mallory"), EVE, OTHER):
        before = dump(db)
        if kind != "user" or stranger.user == "mallory":
            with pytest.raises(NotFound):
                await forget(db, stranger, Target(kind, ids.get(kind)), "files")
            assert dump(db) == before
    done = await forget(db, ADA, Target(kind, ids.get(kind)))
    assert (done.tenant, done.user, done.kind, done.target) == ("default", "ada", kind, ids.get(kind))
    assert [row for talk in theirs for row in rows_of(db, talk)] == rows
    if kind == "user":
        assert not [row for row in dump(db).splitlines() if "'ada'" in row and "'default'" in row and "ada'" in row
                    and WORD in row]  # fmt: skip


def rows_of(db: DatabaseManager, talk: Talk) -> list[str]:
    with db.get_session() as session:
        found: list[Any] = [session.get(MemoryIndex, row) for row in session.scalars(
            select(MemoryIndex.seq).where(MemoryIndex.id.in_([talk.only, talk.both])).order_by(MemoryIndex.seq)
        )]  # fmt: skip
        rows = session.execute(
            text(f"SELECT id, content, position FROM messages WHERE conversation_id = '{talk.id}'")
        )
        return [str(row.to_dict()) for row in found] + sorted(str(tuple(row)) for row in rows)


async def test_a_memory_goes_and_what_it_had_superseded_holds_again(db: DatabaseManager) -> None:
    def chain(session: Session) -> list[str]:
        facts = [
            memories.remember(session, ADA, f"lives in {place}")[0] for place in ("Oslo", "Rome", "Bonn")
        ]
        for older, newer in pairwise(facts):
            older.valid_to, older.superseded_by = newer.valid_from, newer.id
        return [fact.id for fact in facts]

    oslo, rome, bonn = db.write_now(chain)

    def holds() -> list[tuple[str, str | None, bool]]:
        query = select(MemoryIndex).order_by(MemoryIndex.seq)
        rows = db.read_now(lambda session: session.scalars(query).all())
        return [(row.id, row.superseded_by, row.valid_to is None) for row in rows]

    await forget(db, ADA, Target("memory", rome))
    assert holds() == [(oslo, bonn, False), (bonn, None, True)]
    await forget(db, ADA, Target("memory", bonn))
    assert holds() == [(oslo, None, True)]


async def test_a_conversation_and_then_the_user_leave_nothing(db: DatabaseManager) -> None:
    talk = say(db)
    done = await forget(db, ADA, Target("conversation", talk.id))
    assert done.counts["messages"] == 5 and done.counts["context_windows"] == 3
    assert WORD not in dump(db)
    again = say(db)
    done = await forget(db, ADA, Target("user"))
    assert done.counts["conversations"] == 1 and done.counts["user_preferences"] == 2
    assert again.id not in dump(db).replace(json.dumps(done.to_dict(), sort_keys=True).lower(), "")
    with pytest.raises(NotFound, match="no conversation"):
        await forget(db, EVE, Target("conversation", talk.id))


def test_every_table_with_a_users_rows_is_known_to_forgetting() -> None:
    """A table that is added here: say in erase.py how it is forgotten, or here why it has nothing to forget."""
    counters = {"owners", "receipts", "search_changes", "batches", "batch_chunks"}  # of many users each
    tables = [table for name, table in Base.metadata.tables.items() if name in OURS]
    theirs = {table.name for table in tables if "user_id" in table.columns}
    assert theirs - counters <= set(TABLES)


# --- runs


class Note(Node):
    def post(self, state: Any) -> None:
        state["noted"] = f"Prompt: {state['text']}. Answer!"[:60]


class Ask(Node):
    pauses = {"approval": str}

    def post(self, state: Any) -> Pause:
        return Pause("approval")


NOTED = Graph("noted", Note(name="note") >> END)
ASKED = Graph("asked", Note(name="note") >> Ask(name="ask") - "approval" >> END)


async def runs_left(db: DatabaseManager) -> set[str]:
    return {row.id for row in await db.runs.listed()}


async def test_runs_that_hold_it_go_however_they_stand_and_no_others(db: DatabaseManager) -> None:
    talk = say(db)
    stays = [
        await NOTED.run({"text": "Only tea"}, store=db.runs, scope=ADA),
        await NOTED.run({"text": SECRET}, store=db.runs, scope=EVE),
        await NOTED.run({"text": SECRET}, store=db.runs, scope=OTHER),
        await NOTED.run({"text": SECRET, "user_id": "eve"}, store=db.runs),
    ]
    goes = [
        await NOTED.run({"text": SECRET}, store=db.runs, scope=ADA),
        await NOTED.run({"text": json.dumps({"quoted": SECRET})}, store=db.runs, scope=ADA),
        await NOTED.run({"text": "x", "conversation_id": talk.id}, store=db.runs, scope=ADA),
        await NOTED.run({"text": "x", "seen": [talk.secret]}, store=db.runs, scope=ADA),
        await NOTED.run({"text": SECRET, "user_id": "ada"}, store=db.runs),
        await ASKED.run({"text": SECRET}, store=db.runs, scope=ADA),
        await ASKED.run({"text": SECRET.upper()[3:]}, store=db.runs, scope=ADA),
    ]
    goes.append(await NOTED.fork(goes[0].run_id, "note/1", {"more": 1}, store=db.runs))
    done = await forget(db, ADA, Target("message", talk.secret))
    assert await runs_left(db) == {run.run_id for run in stays}
    assert done.counts["runs"] == len(goes) and done.counts["steps"] == len(goes) + 2
    with pytest.raises(UnknownRun):
        await ASKED.resume(goes[5].run_id, "yes", store=db.runs)


async def test_a_run_that_is_being_walked_is_ended_and_writes_no_more(db: DatabaseManager) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    class Slow(Node):
        async def exec(self) -> None:
            begun.set()
            await go.wait()

    graph = Graph("slow", Note(name="note") >> Slow(name="slow") >> Note(name="again") >> END)
    say(db)
    run = asyncio.create_task(graph.run({"text": SECRET}, store=db.runs, scope=ADA))
    await begun.wait()
    done = await forget(db, ADA, Target("user"))
    assert done.counts["runs"] == 1
    go.set()
    with pytest.raises(Fenced):
        await run
    assert await runs_left(db) == set() and WORD not in dump(db)


async def test_a_run_that_another_process_walks_is_named_and_swept_when_asked_again(
    db: DatabaseManager,
) -> None:
    say(db)
    run = await NOTED.run({"text": SECRET}, store=db.runs, scope=ADA)

    def other(session: Session, lease: timedelta) -> None:
        session.execute(delete(Owner).where(Owner.id == "other"))
        session.add(Owner(id="other", lease_until=now() + lease, host="h", pid=1))
        session.execute(update(RunRow).values(status="running", owner_id="other"))

    db.write_now(lambda session: other(session, timedelta(hours=1)))
    done = await forget(db, ADA, Target("user"))
    assert done.walked == [[run.run_id, "other"]] and run.run_id in done.left_to_the_operator[0]
    late = {"run_id": run.run_id, "path": "late/1", "number": 9, "changes": json.dumps({"late": SECRET})}
    db.write_now(lambda session: session.add(StepRow(**late)))
    assert WORD in dump(db)
    again = await forget(db, ADA, Target("user"))
    assert again == done and WORD not in dump(db)
    db.write_now(lambda session: other(session, timedelta(hours=-1)))
    last = await forget(db, ADA, Target("user"))
    assert last.walked == [] and not any("another process" in line for line in last.left_to_the_operator)


def test_traces_are_found_in_what_was_cut_quoted_or_escaped() -> None:
    traces = Traces({"0123456789abcdef0123"}, ["I keep the blue key under the third pot", "Ja", "我住在上海"])
    for held in (
        "the BLUE key,\nunder the third …",
        '{"a": "the blue\\nkey under the third"}',
        "ja!",
        "说我住在上海。",
    ):
        assert traces.in_json(json.dumps({"deep": [held]})), held
    for held in ("a blue key", "java", "上海", "0123456789abcdef"):
        assert not traces.in_json(json.dumps([held])), held
    assert traces.in_json('{"$t":"bytes","v":"SSBrZWVwIHRoZSBibHVlIGtleSB1bmRlcg=="}')
    assert traces.in_json('{"0123456789abcdef0123": 1}') and traces.in_json(
        None, '"see 0123456789abcdef0123"'
    )


def test_a_run_says_whose_it_is_only_under_the_right_key() -> None:
    assert names_user("default", "ada", '{"a": [{"user_id": "ada"}]}')
    assert names_user("acme", "ada", '{"user_id": "ada", "tenant_id": "acme"}')
    assert not names_user("acme", "ada", '{"user_id": "ada"}')
    assert not names_user("default", "ada", '{"name": "ada"}', None, "no JSON")


# --- receipts


async def test_a_receipt_is_kept_without_a_text_and_any_change_of_it_is_seen(db: DatabaseManager) -> None:
    talk = say(db)
    done = await forget(db, ADA, Target("message", talk.secret))
    key = db.read_now(lambda session: receipt.key_of(session, done.key))
    assert key is not None and key.signed(done)
    assert ["messages", key.digest(SECRET)] in [
        [table, row[1]] for table, rows in done.erased.items() for row in rows if len(row) > 1
    ]
    assert db.read_now(lambda session: receipt.listed(session, ADA)) == [done]
    assert db.read_now(lambda session: receipt.listed(session, EVE)) == []
    sent = json.loads(json.dumps(done.to_dict()))
    assert receipt.receipt_of(sent) == done
    for change in (
        {"grade": "files"},
        {"left_to_the_operator": []},
        {"erased_at": "2020-01-01T00:00:00+00:00"},
    ):
        assert not key.signed(replace(done, **change))
    sent["erased"]["messages"].pop()
    with pytest.raises(ValidationError, match="counts"):
        receipt.receipt_of(sent)
    for wrong in (None, [], {}, {**done.to_dict(), "receipt": 2}, {**done.to_dict(), "more": 1}):
        with pytest.raises(ValidationError):
            receipt.receipt_of(wrong)


async def test_asked_again_it_gives_the_same_receipt(db: DatabaseManager) -> None:
    talk = say(db)
    for target in (Target("message", talk.secret), Target("conversation", talk.id)):
        done = await forget(db, ADA, target)
        assert await forget(db, ADA, target) == done
    with pytest.raises(NotFound):
        await forget(db, EVE, Target("conversation", talk.id))


async def test_receipts_are_signed_with_the_key_that_is_set(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(db)
    monkeypatch.setenv("TURNGRAPH_RECEIPT_KEY", "a long and random text")
    done = await forget(db, ADA, Target("user"))
    assert receipt.Key(b"a long and random text").signed(done)
    monkeypatch.setenv("TURNGRAPH_RECEIPT_KEY", "another long and random text")
    assert db.read_now(lambda session: receipt.key_of(session, done.key)) is None
    monkeypatch.setenv("TURNGRAPH_RECEIPT_KEY", "short")
    with pytest.raises(SettingError, match="at least 16"):
        db.read_now(receipt.current_key)


@pytest.mark.parametrize(
    "make", [lambda: Target("message"), lambda: Target("memory", ""), lambda: Target("user", "x" * 201)]
)
def test_a_target_needs_its_id(make: Callable[[], Target]) -> None:
    with pytest.raises(ValidationError):
        make()


async def test_a_grade_is_one_of_the_two(sqlite: DatabaseManager) -> None:
    with pytest.raises(ValidationError, match="unreachable, files"):
        await forget(sqlite, ADA, Target("user"), "gone")  # type: ignore[arg-type]
