"""Makes what is to be forgotten unreachable: its rows, and in the same transaction all that was built on them.

| forgotten | goes with it |
|---|---|
| a message | its turn, where it is being answered, memories and preferences that rest on it alone, summaries made of it, a title taken from it, the conversation's label, the tool executions of its turn, tool executions, runs and outcomes of batches that hold it |
| a memory | tool executions, runs and outcomes of batches that hold it; the messages it came from stay |
| a conversation | its messages, windows and label, and for each message what goes with it |
| a user | all of it, and every run of the user |

The ledger of model calls holds no text, and what was spent stays spent: its rows lose the forgotten user, or the
conversation, with the run, and stay.

What rests on other messages too stays and loses this one. What a forgotten memory had superseded holds again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from .base import Base
from .context_window import ContextWindow
from .conversation import Conversation
from .erase_batches import erase_outcomes
from .erase_runs import Digest, erase_runs
from .errors import NotFound
from .label import ConversationLabel
from .memory import MemoryIndex, MemorySource
from .message import Message
from .model_call import ModelCall, ModelSpend
from .preference import PreferenceObservation, UserPreference
from .repositories import context_windows, conversations, memories, messages, preferences
from .scope import Scope, check_id
from .tool_execution import ToolExecution
from .traces import Traces

Kind: TypeAlias = Literal["message", "memory", "conversation", "user"]
PORTION: Final = 500  # SQLite takes a bounded number of variables


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be forgotten: a message, memory or conversation by its id, or all of the scope's user."""

    kind: Kind
    id: str | None = None

    def __post_init__(self) -> None:
        if self.kind != "user" or self.id is not None:
            check_id(f"{self.kind}_id", self.id)


@dataclass(slots=True)
class Erased:
    """What went: for each table the ids with the keyed hashes of what they held; and what was rewritten.

    `walked` are the runs among it that somebody was walking, and their owners.
    """

    rows: dict[str, list[list[str]]] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    walked: list[list[str]] = field(default_factory=list)


def erase(session: Session, scope: Scope, target: Target, digest: Digest) -> Erased:
    """Erases it and says what went; NotFound where the scope has no such thing."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")
    work = _Erasure(session, scope, digest)
    if target.kind == "user":
        work.user()
    elif target.kind == "conversation":
        work.conversation(target.id or "")
    elif target.kind == "message":
        work.message(target.id or "")
    else:
        work.memory(target.id or "")
    return work.erased


class _Erasure:
    def __init__(self, session: Session, scope: Scope, digest: Digest) -> None:
        self.session, self.scope, self.digest = session, scope, digest
        self.erased = Erased()
        self.texts: list[str] = []
        self.ids: list[str] = []

    def user(self) -> None:
        """Every row of the user's."""
        locked = select(Conversation.id).where(*conversations.owned(self.scope)).with_for_update()
        self.session.execute(locked.order_by(Conversation.id)).all()
        self._gone(None)
        self._executions(*self._mine(ToolExecution))
        self._sources(*self._mine(MemorySource))
        self._delete(ContextWindow, ContextWindow.id, ContextWindow.summary, *self._mine(ContextWindow))
        self._observed(*self._mine(PreferenceObservation))
        self._labels(*self._mine(ConversationLabel))
        self._delete(UserPreference, UserPreference.key, UserPreference.value, *preferences.owned(self.scope))
        self._delete(MemoryIndex, MemoryIndex.id, MemoryIndex.content, *memories.owned(self.scope))
        self._delete(Message, Message.id, Message.content, *messages.owned(self.scope))
        self._delete(Conversation, Conversation.id, Conversation.title, *conversations.owned(self.scope))
        self._nobodys(("user_id", "conversation_id", "run_id"), *self._mine(ModelCall))
        self._run(delete(ModelSpend).where(*self._mine(ModelSpend)))
        if not (self.erased.rows or self.erased.changed):
            raise NotFound(f"nothing is kept of user {self.scope.user!r}")

    def conversation(self, conversation_id: str) -> None:
        """A conversation, its messages, and what rests on them alone."""
        row = conversations.locked(self.session, self.scope, conversation_id)
        self.ids.append(row.id)
        self.texts += [row.title] if row.title else []
        self._messages(messages.owned(self.scope, row.id))
        windows = context_windows.owned(self.scope, row.id)
        self._delete(ContextWindow, ContextWindow.id, ContextWindow.summary, *windows)
        self._executions(*self._mine(ToolExecution), ToolExecution.conversation_id == row.id)
        self._labels(*self._mine(ConversationLabel), ConversationLabel.conversation_id == row.id)
        mine = (*conversations.owned(self.scope), Conversation.id == row.id)
        self._delete(Conversation, Conversation.id, Conversation.title, *mine)
        called = (*self._mine(ModelCall), ModelCall.conversation_id == row.id)
        self._nobodys(("conversation_id", "run_id"), *called)
        self._gone(conversation_id)

    def message(self, message_id: str) -> None:
        """A message, and what rests on it alone; those after it move up."""
        query = select(Message.conversation_id).where(*messages.owned(self.scope), Message.id == message_id)
        if (inside := self.session.scalar(query)) is None:
            raise NotFound(f"no message {message_id!r} belongs to user {self.scope.user!r}")
        conversation = conversations.locked(self.session, self.scope, inside)
        place = select(Message.position).where(Message.id == message_id)
        position = self.session.scalar(place)
        if position is None:
            raise NotFound(f"no message {message_id!r} belongs to user {self.scope.user!r}")
        self._messages([*messages.owned(self.scope), Message.id == message_id])
        self._windows(inside, message_id, position)
        self._move_up(inside, position)
        self._scrub(conversation)
        self._labels(*self._mine(ConversationLabel), ConversationLabel.conversation_id == inside)
        # A state names the conversation where it holds turns of it, and this may be one of them.
        self.ids.append(inside)
        self._gone(message_id)

    def memory(self, memory_id: str) -> None:
        """A memory; what it had superseded holds again."""
        mine = (*memories.owned(self.scope), MemoryIndex.id == memory_id)
        if self.session.scalar(select(MemoryIndex.id).where(*mine)) is None:
            raise NotFound(
                f"no memory {memory_id!r} belongs to user {self.scope.user!r}; turngraph memory list shows them"
            )
        self._memories([memory_id])
        self._gone(memory_id)

    def _messages(self, which: Sequence[ColumnElement[bool]]) -> None:
        inside = select(Message.id).where(*which)
        ids = list(self.session.scalars(inside.order_by(Message.seq)))
        tied = select(MemorySource.memory_id).where(*self._mine(MemorySource))
        from_here, elsewhere = (
            set(self.session.scalars(tied.where(MemorySource.message_id.in_(inside)))),
            set(self.session.scalars(tied.where(MemorySource.message_id.not_in(inside)))),
        )
        self._note("memory_index", len(from_here & elsewhere))
        self._sources(*self._mine(MemorySource), MemorySource.message_id.in_(inside))
        self._memories(sorted(from_here - elsewhere))
        replied = select(Message.id).where(*messages.owned(self.scope), Message.reply_to.in_(inside))
        self.erased.answers = [one for one in self.session.scalars(replied) if one not in set(ids)]
        reply = update(Message).where(*messages.owned(self.scope), Message.reply_to.in_(inside))
        self._run(reply.values(reply_to=None))
        self._observed(*self._mine(PreferenceObservation), PreferenceObservation.message_id.in_(inside))
        self._executions(*self._mine(ToolExecution), ToolExecution.message_id.in_(inside))
        self._delete(Message, Message.id, Message.content, *which)
        self._preferences(set(ids))

    def _memories(self, ids: Sequence[str]) -> None:
        for some in _portions(ids):
            self._relink(some)
            self._sources(*self._mine(MemorySource), MemorySource.memory_id.in_(some))
            mine = (*memories.owned(self.scope), MemoryIndex.id.in_(some))
            self._delete(MemoryIndex, MemoryIndex.id, MemoryIndex.content, *mine)

    def _relink(self, going: Sequence[str]) -> None:
        """What these had superseded is superseded by what superseded them, or holds again."""
        then = {
            id_: (by, until)
            for id_, by, until in self.session.execute(
                select(MemoryIndex.id, MemoryIndex.superseded_by, MemoryIndex.valid_to).where(
                    *memories.owned(self.scope), MemoryIndex.id.in_(going)
                )
            )
        }
        query = select(MemoryIndex).where(*memories.owned(self.scope), MemoryIndex.superseded_by.in_(going))
        for older in self.session.scalars(query.where(MemoryIndex.id.not_in(going))):
            by: str | None = older.superseded_by
            while by in then:
                by, until = then[by]
                if by is None and until is None:
                    older.valid_to = None
            older.superseded_by = by
            self._note("memory_index", 1)
        self.session.flush()
        self.session.expunge_all()

    def _preferences(self, ids: set[str]) -> None:
        for row in self.session.scalars(select(UserPreference).where(*preferences.owned(self.scope))).all():
            kept = [one for one in row.evidence if one not in ids]
            lost = len(row.evidence) - len(kept)
            if lost and not kept:
                mine = (*preferences.owned(self.scope), UserPreference.key == row.key)
                self._delete(UserPreference, UserPreference.key, UserPreference.value, *mine)
            elif lost:
                row.evidence, row.observations = kept, max(1, row.observations - lost)
                self._note("user_preferences", 1)
        self.session.flush()

    def _windows(self, conversation_id: str, message_id: str, position: int) -> None:
        """Summaries made of the message go; a window that only shows it whole shows one less."""
        gone: list[str] = []
        query = select(ContextWindow).where(*context_windows.owned(self.scope, conversation_id))
        for window in self.session.scalars(query):
            told = window.summary is not None and window.summarised_to == 0  # nobody knows of what
            if window.summarised_to >= position or told:
                gone.append(window.id)
            elif message_id in window.messages:
                window.messages = [one for one in window.messages if one != message_id]
                self._note("context_windows", 1)
        self.session.flush()
        self.session.expunge_all()
        for some in _portions(gone):
            mine = (*self._mine(ContextWindow), ContextWindow.id.in_(some))
            self._delete(ContextWindow, ContextWindow.id, ContextWindow.summary, *mine)

    def _move_up(self, conversation_id: str, position: int) -> None:
        """Keeps positions without gaps, by which search knows too which turn stands before which."""
        mine = messages.owned(self.scope, conversation_id)
        # Two steps, since a place must be free at every moment.
        behind = update(Message).where(*mine, Message.position > position)
        self._note("messages", self._run(behind.values(position=1 - Message.position)))
        self._run(update(Message).where(*mine, Message.position < 0).values(position=-Message.position))

    def _scrub(self, conversation: Conversation) -> None:
        """A title is often the beginning of what was said first."""
        row = conversations.get(self.session, self.scope, conversation.id)
        traces = Traces((), self.texts)
        title, meta = row.title, {k: v for k, v in row.meta.items() if not traces.in_values([k, v])}
        if title is not None and (traces.in_text(title) or _begins(self.texts, title)):
            title = None
        if (title, meta) != (row.title, row.meta):
            row.title, row.meta = title, meta
            self._note("conversations", 1)
            self.session.flush()

    def _gone(self, target: str | None) -> None:
        traces = None if target is None else Traces({target, *self.ids}, self.texts)
        if traces is not None:
            self._executions_with(traces)
        found, self.erased.walked = erase_runs(self.session, self.scope, traces, target, self.digest)
        self.erased.runs = [row[0] for row in found["runs"]]
        for table, rows in found.items():
            self._add(table, rows)
        self._add("batch_items", erase_outcomes(self.session, self.scope, traces, self.digest))

    def _labels(self, *which: ColumnElement[bool]) -> None:
        row = ConversationLabel
        found = self.session.execute(
            select(row.conversation_id, row.intent, row.sentiment, row.topic).where(*which)
        )
        self._add("conversation_labels", [[one[0], self.digest("\n".join(one[1:]))] for one in found])
        self._run(delete(row).where(*which))

    def _nobodys(self, columns: Sequence[str], *which: ColumnElement[bool]) -> None:
        """The calls lose these columns; that they were made, and what they cost, stays."""
        calls = update(ModelCall).where(*which).values(dict.fromkeys(columns))
        self._note(ModelCall.__tablename__, self._run(calls))

    def _executions(self, *which: ColumnElement[bool]) -> None:
        """Executions are told by their digests only: what a tool was given is too short to look for elsewhere."""
        columns = (ToolExecution.id, ToolExecution.arguments, ToolExecution.result)
        rows = self.session.execute(select(*columns).where(*which).order_by(ToolExecution.id)).all()
        held = [[id_, self.digest(json.dumps([arguments, result]))] for id_, arguments, result in rows]
        self._add(ToolExecution.__tablename__, held)
        self._run(delete(ToolExecution).where(*which))

    def _executions_with(self, traces: Traces) -> None:
        """Those of other turns that were given, or gave, any of what goes."""
        held = (
            ToolExecution.arguments, ToolExecution.result, ToolExecution.refs, ToolExecution.reason, ToolExecution.error,
        )  # fmt: skip
        rows = self.session.execute(select(ToolExecution.id, *held).where(*self._mine(ToolExecution)))
        found = [row[0] for row in rows.yield_per(PORTION) if traces.in_values(row[1:])]
        for some in _portions(found):
            self._executions(*self._mine(ToolExecution), ToolExecution.id.in_(some))

    def _observed(self, *which: ColumnElement[bool]) -> None:
        self._delete(
            PreferenceObservation, PreferenceObservation.message_id, PreferenceObservation.value, *which
        )

    def _sources(self, *which: ColumnElement[bool]) -> None:
        pairs = self.session.execute(select(MemorySource.memory_id, MemorySource.message_id).where(*which))
        self._add("memory_sources", [[memory, message] for memory, message in pairs])
        self._run(delete(MemorySource).where(*which))

    def _delete(
        self,
        model: type[Base],
        key: InstrumentedAttribute[str],
        content: InstrumentedAttribute[Any],
        *which: ColumnElement[bool],
    ) -> None:
        rows: list[list[str]] = []
        for id_, held in self.session.execute(select(key, content).where(*which)):
            text = held if isinstance(held, str) else "" if held is None else json.dumps(held, sort_keys=True)
            if model in (UserPreference, PreferenceObservation):
                # A preference's key is a word of its own making, and may tell what it was about.
                rows.append([self.digest(id_), self.digest(text)])
                continue
            rows.append([id_, self.digest(text)])
            self.ids.append(id_)
            if text:
                self.texts.append(text)
        self._add(model.__tablename__, rows)
        self._run(delete(model).where(*which))

    def _mine(self, model: Any) -> tuple[ColumnElement[bool], ...]:
        return (model.tenant_id == self.scope.tenant, model.user_id == self.scope.user)

    def _add(self, table: str, rows: list[list[str]]) -> None:
        if rows:
            self.erased.rows.setdefault(table, []).extend(rows)

    def _note(self, table: str, count: int) -> None:
        if count:
            self.erased.changed[table] = self.erased.changed.get(table, 0) + count

    def _run(self, statement: Any) -> int:
        done = self.session.execute(statement.execution_options(synchronize_session=False))
        return int(done.rowcount)  # type: ignore[attr-defined]


def _begins(texts: Iterable[str], title: str) -> bool:
    """Whether a title is how one of the texts begins, as titles that nobody gave are."""
    start = " ".join(title.split())
    return bool(start) and any(" ".join(text.split()).startswith(start) for text in texts)


def _portions(ids: Collection[str]) -> Iterable[list[str]]:
    ordered = list(ids)
    return (ordered[start : start + PORTION] for start in range(0, len(ordered), PORTION))
