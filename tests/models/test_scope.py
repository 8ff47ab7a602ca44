"""Does anything cross from one user or tenant to another?"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import turngraph.models.repositories
from turngraph.engine import ValidationError
from turngraph.models import Base, DatabaseManager, NotFound, Scope, change, search
from turngraph.models.migrate import OURS
from turngraph.models.repositories import (
    context_windows,
    conversations,
    ids,
    memories,
    messages,
    preferences,
    statistics,
    tool_executions,
    turns,
)
from turngraph.models.repositories.messages import NewMessage
from turngraph.models.trusted import TrustedFace
from turngraph.services.tools import Call, Outcome

ROOT = Path(__file__).resolve().parents[2]
SCOPES = [Scope(tenant, user) for tenant in ("acme", "zeta") for user in ("ada", "eve")]
VECTOR = np.asarray([1.0, 0.0], np.float32)
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


class Mine:
    """What one scope holds: the same ids as the others wherever a user may choose them, and a canary in all."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self.canary = f"canary-of-{scope.user}-at-{scope.tenant}"
        talk = conversations.begin(
            session, scope, conversation_id="c", title=self.canary, metadata={"k": self.canary}
        )
        self.own = f"only-{self.canary}"
        conversations.begin(session, scope, conversation_id=self.own)
        new = NewMessage(f"tea {self.canary}", name=self.canary, client_id="m-1", embedding=[1.0, 0.0])
        self.message = messages.add(session, talk, new)[0].id
        reply = NewMessage(
            f"reply {self.canary}", "assistant", reply_to=self.message, awaits_reply=True,
            token_count=9, metadata={"usage": {"estimated": False}},
        )  # fmt: skip
        self.reply = messages.add(session, talk, reply)[0].id
        fact = memories.remember(
            session, scope, f"tea {self.canary}", sources=[self.message], embedding=[1.0, 0.0]
        )
        self.memory = fact[0].id
        memories.remember(session, scope, f"loose tea {self.canary}")
        over = memories.remember(session, scope, f"old tea {self.canary}", slot="user/tea", at=LONG_AGO)[0]
        over.valid_to = LONG_AGO + timedelta(1)
        preferences.put(session, scope, "k", self.canary, evidence=[self.message])
        fact[0].pinned = True
        window = context_windows.slide(session, talk, [self.message], summary=self.canary, summarised_to=1)
        self.window = window.id
        call = Call(tool="lookup", arguments={"query": f"look {self.canary}"})
        outcome = Outcome(
            call=call, allowed=True, rule="read_only", reason="", trigger="user", result=self.canary
        )
        self.execution = tool_executions.record(session, talk, self.message, [outcome])[0].id
        turns.note(session, scope, self.reply, f"nobody.{self.canary}")
        talk.updated_at = LONG_AGO


World = dict[Scope, Mine]
Walk = Callable[[Session, Scope, Mine], Any]


def talk(session: Session, scope: Scope, own: Mine, conversation_id: str = "c") -> Any:
    return conversations.get(session, scope, conversation_id)


EXECUTED = Outcome(call=Call(tool="t"), allowed=False, rule="not_asked", reason="no", trigger="memory")


# Every function is called as its owner; `theirs` is what another one holds, whose ids must lead nowhere.
MINE: dict[str, Walk] = {
    "context_windows.active": lambda s, scope, own: context_windows.active(s, scope, "c"),
    "context_windows.extend": lambda s, scope, own: context_windows.extend(s, talk(s, scope, own), ["x"], 1),
    "context_windows.keep": lambda s, scope, own: context_windows.keep(s, talk(s, scope, own), "sum", (1, 2)),
    "context_windows.parts": lambda s, scope, own: context_windows.parts(
        s, scope, context_windows.slide(s, talk(s, scope, own), [], built_from=[own.window])
    ),
    "context_windows.pinned": lambda s, scope, own: context_windows.pinned(s, scope),
    "context_windows.slide": lambda s, scope, own: context_windows.slide(s, talk(s, scope, own), ["x"]),
    "context_windows.summarised": lambda s, scope, own: context_windows.summarised(s, scope, "c"),
    "context_windows.told": lambda s, scope, own: context_windows.told(s, scope),
    "conversations.archive_older_than": lambda s, scope, own: conversations.archive_older_than(s, scope, 1),
    "conversations.begin": lambda s, scope, own: conversations.begin(s, scope, conversation_id="d"),
    "conversations.find": lambda s, scope, own: conversations.find(s, scope, "c"),
    "conversations.forget": lambda s, scope, own: conversations.forget(s, scope, "c"),
    "conversations.get": lambda s, scope, own: conversations.get(s, scope, "c", with_messages=True),
    "conversations.interrupted": lambda s, scope, own: conversations.interrupted(
        s, scope, since=LONG_AGO - timedelta(1)
    ),
    "conversations.listed": lambda s, scope, own: conversations.listed(s, scope),
    "conversations.locked": lambda s, scope, own: conversations.locked(s, scope, "c"),
    "conversations.recent": lambda s, scope, own: conversations.recent(s, scope, limit=9, exclude="d"),
    "conversations.set_status": lambda s, scope, own: conversations.set_status(s, scope, "c", "paused"),
    "conversations.unanswered": lambda s, scope, own: conversations.unanswered(s, scope, [own.reply]),
    "ids.whole": lambda s, scope, own: ids.whole(s, scope, "message", own.message[:12]),
    "memories.counted": lambda s, scope, own: memories.counted(s, scope),
    "memories.earlier": lambda s, scope, own: memories.earlier(s, scope),
    "memories.forget": lambda s, scope, own: memories.forget(s, scope, own.memory),
    "memories.history": lambda s, scope, own: memories.history(s, scope, "user/tea"),
    "memories.listed": lambda s, scope, own: memories.listed(s, scope),
    "memories.remember": lambda s, scope, own: memories.remember(s, scope, f"tea {own.canary}"),
    "memories.sources_of": lambda s, scope, own: memories.sources_of(s, scope, [own.memory]),
    "memories.strengthen": lambda s, scope, own: memories.strengthen(
        s, scope, memories.listed(s, scope)[0], 0.9, [own.message]
    ),
    "memories.touch": lambda s, scope, own: memories.touch(s, scope, [own.memory]),
    "messages.add": lambda s, scope, own: messages.add(s, talk(s, scope, own), NewMessage("new")),
    "messages.add_all": lambda s, scope, own: messages.add_all(
        s, talk(s, scope, own), [NewMessage("x", client_id="m-1")]
    ),
    "messages.answer_to": lambda s, scope, own: messages.answer_to(s, scope, own.message),
    "messages.answered": lambda s, scope, own: messages.answered(s, scope, own.reply),
    "messages.by_user": lambda s, scope, own: messages.by_user(s, scope),
    "messages.find_by_client_id": lambda s, scope, own: messages.find_by_client_id(s, scope, "m-1"),
    "messages.last_position": lambda s, scope, own: messages.last_position(s, scope, "c"),
    "messages.newest": lambda s, scope, own: messages.newest(s, scope, "c"),
    "messages.position_of": lambda s, scope, own: messages.position_of(s, scope, own.message),
    "messages.spoken": lambda s, scope, own: messages.spoken(s, scope, "c"),
    "messages.embedding_of": lambda s, scope, own: messages.embedding_of(s, scope, own.message),
    "messages.told_at": lambda s, scope, own: messages.told_at(s, scope, own.message),
    "preferences.evidence_of": lambda s, scope, own: preferences.evidence_of(
        s, scope, preferences.listed(s, scope)
    ),
    "preferences.listed": lambda s, scope, own: preferences.listed(s, scope, only_usable=False),
    "preferences.notes": lambda s, scope, own: preferences.notes(s, scope),
    "preferences.observe": lambda s, scope, own: preferences.observe(
        s, scope, "habit", "tea", category="c", message_id=own.message
    ),
    "preferences.put": lambda s, scope, own: preferences.put(s, scope, "k", "new"),
    "preferences.remove": lambda s, scope, own: preferences.remove(s, scope, "k"),
    "search.search": lambda s, scope, own: search.search(s, scope, "tea", vector=VECTOR),
    "search.speakers": lambda s, scope, own: search.speakers(s, scope),
    "statistics.of_conversations": lambda s, scope, own: statistics.of_conversations(s, scope),
    "statistics.of_memories": lambda s, scope, own: statistics.of_memories(s, scope),
    "statistics.of_session": lambda s, scope, own: statistics.of_session(s, scope, "c"),
    "tool_executions.get": lambda s, scope, own: tool_executions.get(s, scope, own.execution),
    "tool_executions.listed": lambda s, scope, own: tool_executions.listed(s, scope),
    "tool_executions.record": lambda s, scope, own: tool_executions.record(
        s, talk(s, scope, own), own.message, [EXECUTED.model_copy(update={"execution": "e-2"})]
    ),
    "tool_executions.verified": lambda s, scope, own: tool_executions.verified(s, scope, own.execution),
    "turns.answered_now": lambda s, scope, own: turns.answered_now(s, scope),
    "turns.done": lambda s, scope, own: turns.done(s, scope, own.reply),
    "turns.left": lambda s, scope, own: turns.left(s, scope),
    "turns.note": lambda s, scope, own: turns.note(s, scope, own.message, "me.1"),
    "turns.stored": lambda s, scope, own: turns.stored(s, scope),
    "turns.take": lambda s, scope, own: turns.take(s, scope, "me.1", since=LONG_AGO),
}
THEIRS: dict[str, Walk] = {
    "context_windows.active": lambda s, scope, theirs: context_windows.active(s, scope, theirs.own),
    "conversations.find": lambda s, scope, theirs: conversations.find(s, scope, theirs.own),
    "conversations.forget": lambda s, scope, theirs: conversations.forget(s, scope, theirs.own),
    "conversations.get": lambda s, scope, theirs: conversations.get(s, scope, theirs.own),
    "conversations.locked": lambda s, scope, theirs: conversations.locked(s, scope, theirs.own),
    "conversations.set_status": lambda s, scope, theirs: conversations.set_status(s, scope, theirs.own, "paused"),
    "memories.forget": lambda s, scope, theirs: memories.forget(s, scope, theirs.memory),
    "memories.remember": lambda s, scope, theirs: memories.sources_of(
        s, scope, [memories.remember(s, scope, "tied to theirs", sources=[theirs.message])[0].id]
    ),
    "memories.sources_of": lambda s, scope, theirs: memories.sources_of(s, scope, [theirs.memory]),
    "memories.touch": lambda s, scope, theirs: memories.touch(s, scope, [theirs.memory]),
    "messages.answer_to": lambda s, scope, theirs: messages.answer_to(s, scope, theirs.message),
    "messages.answered": lambda s, scope, theirs: messages.answered(s, scope, theirs.reply),
    "messages.find_by_client_id": lambda s, scope, theirs: messages.find_by_client_id(s, scope, "m-1", theirs.own),
    "messages.last_position": lambda s, scope, theirs: messages.last_position(s, scope, theirs.own),
    "messages.newest": lambda s, scope, theirs: messages.newest(s, scope, theirs.own),
    "messages.position_of": lambda s, scope, theirs: messages.position_of(s, scope, theirs.message),
    "messages.spoken": lambda s, scope, theirs: messages.spoken(s, scope, theirs.own),
    "messages.embedding_of": lambda s, scope, theirs: messages.embedding_of(s, scope, theirs.message),
    "messages.told_at": lambda s, scope, theirs: messages.told_at(s, scope, theirs.message),
    "context_windows.summarised": lambda s, scope, theirs: context_windows.summarised(s, scope, theirs.own),
    "context_windows.parts": lambda s, scope, theirs: context_windows.parts(
        s, scope, context_windows.slide(s, conversations.get(s, scope, "c"), [], built_from=[theirs.window])
    ),
    "preferences.evidence_of": lambda s, scope, theirs: preferences.evidence_of(
        s, scope, [preferences.put(s, scope, "theirs", 1, evidence=[theirs.message])]
    ),
    "preferences.observe": lambda s, scope, theirs: preferences.observe(
        s, scope, "habit", "tea", category="c", message_id=theirs.message
    ),
    "search.search": lambda s, scope, theirs: search.search(s, scope, "tea", conversation_id=theirs.own),
    "tool_executions.get": lambda s, scope, theirs: tool_executions.get(s, scope, theirs.execution),
    "tool_executions.listed": lambda s, scope, theirs: tool_executions.listed(s, scope, conversation_id=theirs.own),
    "tool_executions.record": lambda s, scope, theirs: tool_executions.listed(s, scope, message_id=theirs.message),
    "tool_executions.verified": lambda s, scope, theirs: tool_executions.verified(s, scope, theirs.execution),
    "conversations.unanswered": lambda s, scope, theirs: conversations.unanswered(s, scope, [theirs.reply]),
    "turns.done": lambda s, scope, theirs: turns.done(s, scope, theirs.reply),
    "turns.note": lambda s, scope, theirs: turns.note(s, scope, theirs.message, "me.1"),
}  # fmt: skip
NOT_FOUND = {
    "conversations.forget", "conversations.get", "conversations.locked", "conversations.set_status",
    "memories.forget", "tool_executions.get", "tool_executions.verified",
}  # fmt: skip


def public_functions() -> Iterator[tuple[str, FunctionType]]:
    """Every public function that is given a session."""
    folder = turngraph.models.repositories
    modules = [
        importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)
    ]
    for module in [*modules, search]:
        for name, value in vars(module).items():
            here = isinstance(value, FunctionType) and value.__module__ == module.__name__
            if here and name[0] != "_" and "session" in inspect.signature(value).parameters:
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value


FUNCTIONS = dict(public_functions())


@pytest.fixture
def world(db: DatabaseManager) -> World:
    with db.get_session() as session:
        return {scope: Mine(session, scope) for scope in SCOPES}


def test_every_function_of_the_repositories_is_walked():
    assert sorted(FUNCTIONS) == sorted(MINE)
    for name, function in FUNCTIONS.items():
        names = list(inspect.signature(function).parameters)
        assert names[:2] in (["session", "scope"], ["session", "conversation"]), name
        if {"conversation_id", "memory_id", "message_id", "memory_ids"} & set(names) - {
            "conversations.begin"
        }:
            assert name in THEIRS or name == "statistics.of_session" or name == "conversations.begin", name


def test_nothing_crosses_from_one_scope_to_another(db: DatabaseManager, world: World):
    for name, call in MINE.items():
        for scope in SCOPES[::3]:
            with db.get_session() as session:
                before = {other: rows_of(session, other) for other in SCOPES if other != scope}
                found = shown(call(session, scope, world[scope]))
                session.flush()
                strangers = [mine.canary for other, mine in world.items() if other != scope]
                assert not [canary for canary in strangers if canary in found], name
                assert {other: rows_of(session, other) for other in before} == before, name
                session.rollback()


def test_what_belongs_to_another_is_not_found(db: DatabaseManager, world: World):
    scope = SCOPES[0]
    for name, call in THEIRS.items():
        for other in SCOPES[1:]:
            with db.get_session() as session:
                before = rows_of(session, other)
                if name in NOT_FOUND:
                    with pytest.raises(NotFound):
                        call(session, scope, world[other])
                else:
                    found = call(session, scope, world[other])
                    assert not found or name == "search.search", name
                    assert world[other].canary not in shown(found), name
                assert rows_of(session, other) == before, name
                session.rollback()
    with db.get_session() as session:
        theirs = statistics.of_session(session, scope, world[SCOPES[1]].own)
        assert (theirs["messages"], theirs["memories"], theirs["tokens"]) == (0, 0, 0)


def test_one_owner_finds_their_own(db: DatabaseManager, world: World):
    empty = {
        "context_windows.extend",
        "memories.forget",
        "memories.strengthen",
        "memories.touch",
        "messages.answered",
        "preferences.observe",
        "turns.answered_now",
        "turns.done",
        "turns.note",
        "turns.stored",
    }
    for name, call in MINE.items():
        with db.get_session() as session:
            assert call(session, SCOPES[1], world[SCOPES[1]]) or name in empty, name
            session.rollback()


def rows_of(session: Session, scope: Scope) -> dict[str, Any]:
    session.flush()
    found = {}
    for name in OURS - {"shapes", "steps", "receipt_keys", "upkeep"}:  # nobody's; a step is its run's
        table = Base.metadata.tables[name]
        mine = select(table).where(table.c.tenant_id == scope.tenant, table.c.user_id == scope.user)
        found[name] = sorted(map(repr, session.execute(mine)))
    # PostgreSQL adds rows of this table up when it likes: only the sums say anything.
    found["search_changes"] = change.version(session, scope)
    return found


def shown(value: Any) -> str:
    """All that can be seen in a result, its rows with all their columns."""
    if isinstance(value, dict):
        return shown(list(value.items()))
    if isinstance(value, list | tuple):
        return " ".join(shown(inner) for inner in value)
    if isinstance(value, Base):
        return repr({column.key: getattr(value, column.key) for column in inspect_columns(value)})
    if hasattr(value, "conversation") and hasattr(value, "message"):
        return shown([value.conversation, value.message])
    return repr(value)


def inspect_columns(row: Base) -> Any:
    return type(row).__mapper__.column_attrs


@pytest.mark.parametrize("bad", ["", "  ", "a\x00b", "\ud83d", "x" * 201, None, 7])
def test_a_scope_is_made_of_two_texts_that_can_be_stored(bad: Any):
    for make in (lambda: Scope(bad, "ada"), lambda: Scope("acme", bad)):
        with pytest.raises(ValidationError, match=r"tenant|user"):
            make()


def test_the_trusted_face_sees_only_the_default_tenant(db: DatabaseManager, world: World):
    with pytest.raises(NotFound):
        db.get_conversation("c")
    assert db.search_memories("ada") == [] and db.get_user_preferences("ada") == {}
    assert db.cleanup_old_conversations(0) == 0
    with db.get_session() as session:
        assert session.scalar(select(func.count()).select_from(Base.metadata.tables["conversations"])) == 8


def test_no_node_workflow_or_interface_calls_the_trusted_face():
    trusted = {name for name in vars(TrustedFace) if name[0] != "_"} - {"read_now", "write_now"}
    assert "add_message" in trusted
    found = []
    for floor in ("nodes", "workflows", "interfaces"):
        for file in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Attribute)
                    and node.attr in trusted
                    and not ast.unparse(node.value).startswith("ConversationManager(")
                ):  # has one of that name
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.attr}")
    assert found == []
