"""Turns: noted while they are answered, and taken over from who died."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select
from sqlalchemy.orm import Session

from ..base import Base, now
from ..conversation import Conversation
from ..message import Message
from ..prepared import change, columns, mine
from ..scope import Scope
from ..turn import AGAIN, TurnRow, go_on

MOST: Final = 3
"""How often a turn is taken over by itself: a message at which every process dies keeps nobody from talking."""

_T, _M = columns(TurnRow), columns(Message)
_TURNS: Final = Base.metadata.tables["turns"]
_DONE: Final = delete(_TURNS).where(*mine(_T), _T.message_id == bindparam("message"))
_OTHERS: Final = _DONE.where(~_T.token.startswith(bindparam("by")))
_BEGUN: Final = insert(_TURNS).from_select(
    ["message_id", "tenant_id", "user_id", "token", "begun_at"],
    select(
        _M.id, _M.tenant_id, _M.user_id, bindparam("by", type_=_T.token.type), bindparam("at", type_=_T.begun_at.type)
    ).where(*mine(_M), _M.id == bindparam("message"), ~exists().where(_T.message_id == _M.id)),
)  # fmt: skip


def owned(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """The condition that a turn is the scope's."""
    return (TurnRow.tenant_id == scope.tenant, TurnRow.user_id == scope.user)


def note(session: Session, scope: Scope, message_id: str, token: str) -> None:
    """Notes who answers a message of the scope's, whoever did before; who took it over keeps how often that was."""
    change(session, _OTHERS, {**scope.mine, "message": message_id, "by": token})
    change(session, _BEGUN, {**scope.mine, "message": message_id, "by": token, "at": now()})


def done(session: Session, scope: Scope, message_id: str) -> None:
    """Notes that a turn has ended, however."""
    change(session, _DONE, {**scope.mine, "message": message_id})


def answered_now(session: Session, scope: Scope) -> set[str]:
    """The ids of the messages that somebody who is alive is answering."""
    return go_on(session, _turns(session, scope))


def left(session: Session, scope: Scope) -> list[str]:
    """The ids of the messages whose turn nobody goes on with, the one that was begun first first."""
    turns = _turns(session, scope)
    alive = go_on(session, turns)
    return [turn.message_id for turn in turns if turn.message_id not in alive]


def stored(session: Session, scope: Scope) -> list[Message]:
    """The messages that have their reply, and whose turn was cut off after that."""
    of_them = (Message.tenant_id == scope.tenant, Message.user_id == scope.user, ~Message.awaits_reply)
    query = select(Message).where(*of_them, Message.id.in_(left(session, scope))).order_by(Message.seq)
    return list(session.scalars(query))


def take(session: Session, scope: Scope, token: str, *, since: datetime) -> list[str]:
    """Takes those over whose message was said since and still awaits its reply in an active conversation, and that
    were not taken over too often; the others that were left have ended."""
    ids = left(session, scope)
    query = (
        select(Message.id)
        .join(Message.conversation)
        .where(
            Message.tenant_id == scope.tenant, Message.user_id == scope.user, Message.id.in_(ids),
            Message.awaits_reply, Message.timestamp >= since, Conversation.status == "active",
        )
    )  # fmt: skip
    waiting = set(session.scalars(query)) if ids else set[str]()
    taken = []
    for turn in _turns(session, scope):
        before = turn.token.count(AGAIN)
        if turn.message_id in waiting and before < MOST:
            turn.token = token + AGAIN * (before + 1)
            taken.append(turn.message_id)
        elif turn.message_id in ids:
            session.delete(turn)
    session.flush()
    return taken


def _turns(session: Session, scope: Scope) -> Sequence[TurnRow]:
    return session.scalars(
        select(TurnRow).where(*owned(scope)).order_by(TurnRow.begun_at, TurnRow.message_id)
    ).all()
