"""What must hold of the database and the notes after whatever happened; each violation is a line of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from turngraph.models import Conversation, DatabaseManager, Message, RunRow
from turngraph.models.runs import SqlRunStore

from .script import Script
from .workload import Notes, client_id


def violations(db: DatabaseManager, notes: Notes, script: Script, *, lenient: bool = False) -> list[str]:
    """What does not hold once every run was recovered; lenient where a caller was told of an error before."""
    with db.get_session() as session:
        found = _gaps(session, script) + _acknowledged(session, notes) + _left(session, script, lenient)
        found += [] if lenient else _unanswered(session, script)
    return found + _effects(notes, lenient)


def all_said(db: DatabaseManager, script: Script, conversations: int = 1) -> list[str]:
    """What does not hold once everybody sent again what was not answered: all is there once.

    Each user speaks in so many conversations.
    """
    found = []
    with db.get_session() as session:
        found += _gaps(session, script) + _unanswered(session, script)
        for user, said in script.items():
            rows = _messages(session, [user])
            stored = sorted((row.client_id, row.content) for row in rows if row.role == "user")
            expected = sorted((client_id(user, number), text) for number, text in enumerate(said))
            if stored != expected:
                found.append(f"{user} said {expected}, and stored is {stored}")
            places = {row.conversation_id for row in rows}
            if len(places) != conversations:
                found.append(f"{user} has {len(places)} conversations with messages")
            begun = select(Conversation.id).where(Conversation.user_id == user)
            if empty := set(session.scalars(begun)) - places:
                found.append(f"{user} has empty conversations: {empty}")
    return found


async def committed(db: DatabaseManager, store: SqlRunStore, users: Collection[str]) -> set[str]:
    """The paths of the steps that are committed now, and of those whose exec was recorded."""
    query = select(RunRow.id).where(RunRow.user_id.in_(users))
    runs = await db.read(lambda session: session.scalars(query).all())
    return {step.path.split("#")[0] for run in runs for step in (await store.shown(run))[1]}


def run_again(notes: Notes, before: int, paths: Collection[str]) -> list[str]:
    """The committed steps whose exec began again after so many lines of the notes."""
    began = [line.split(" ")[0] for line in notes.lines("execs")[before:]]
    return [f"the committed step {path} ran again" for path in began if path in paths]


def taken_again(notes: Notes, pid: int) -> list[str]:
    """The steps that a process began although another had committed them before it could take their run over."""
    stored = dict(line.split(" ") for line in notes.lines("stored"))
    execs = [line.split(" ") for line in notes.lines("execs")]
    return [
        f"process {pid} began the step {path}, which process {stored[path]} had committed"
        for path, by in execs
        if int(by) == pid and stored.get(path, by) != by
    ]


def _messages(session: Session, users: Collection[str]) -> list[Message]:
    query = select(Message).where(Message.user_id.in_(users))
    return list(session.scalars(query.order_by(Message.conversation_id, Message.position)))


def _gaps(session: Session, script: Script) -> list[str]:
    positions: dict[str, list[int]] = {}
    for row in _messages(session, script):
        positions.setdefault(row.conversation_id, []).append(row.position)
    return [
        f"conversation {name} has the positions {there}"
        for name, there in positions.items()
        if there != list(range(1, len(there) + 1))
    ]


def _acknowledged(session: Session, notes: Notes) -> list[str]:
    """An acknowledged message is stored once, and its reply is the one its caller was given."""
    found = []
    for name, ack in notes.acks().items():
        rows = session.scalars(select(Message).where(Message.client_id == name)).all()
        if [row.id for row in rows] != [ack["message_id"]]:
            found.append(
                f"{name} was acknowledged as {ack['message_id']}; stored: {[row.id for row in rows]}"
            )
        replies = session.scalars(select(Message).where(Message.reply_to == ack["message_id"])).all()
        if [(row.id, row.content) for row in replies] != [(ack["reply_id"], ack["response"])]:
            found.append(f"{name} was told {ack['reply_id']}; stored: {[row.id for row in replies]}")
    return found


def _left(session: Session, script: Script, lenient: bool) -> list[str]:
    """No run is left behind: each is done or, where callers may be told of errors, failed."""
    fine = ("done", "failed") if lenient else ("done",)
    rows = session.scalars(select(RunRow).where(RunRow.user_id.in_(script), RunRow.status.not_in(fine)))
    return [f"run {row.id} is left {row.status}: {row.error}" for row in rows]


def _unanswered(session: Session, script: Script) -> list[str]:
    rows = _messages(session, script)
    replies = Counter(row.reply_to for row in rows if row.role == "assistant")
    found = [
        f"{row.client_id} has {replies[row.id]} replies" + (" and awaits one" if row.awaits_reply else "")
        for row in rows
        if row.role == "user" and (replies[row.id] != 1 or row.awaits_reply)
    ]
    said = {row.id for row in rows if row.role == "user"}
    return found + [f"a reply to {message!r}, which is not there" for message in replies.keys() - said]


def _effects(notes: Notes, lenient: bool) -> list[str]:
    """One effect for each key; and where no caller was told of an error, one for each message."""
    lines = [line.split("\t") for line in notes.lines("ledger")]
    found = [
        f"{count} effects of {key}" for key, count in Counter(key for key, _ in lines).items() if count > 1
    ]
    if not lenient:
        messages = Counter(what for _, what in lines)
        found += [f"{count} effects for {what!r}" for what, count in messages.items() if count > 1]
    return found


def nothing(found: Collection[str], *about: object) -> None:
    """An AssertionError that lists what was found, if anything was."""
    assert not found, "\n".join(map(str, [*about, *found]))
