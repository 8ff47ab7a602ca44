"""Keeps the matrices of the users who are searched, as long as nothing of theirs has changed and there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import LargeBinary, bindparam, select, type_coerce
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from .base import as_utc
from .change import Version, version
from .matrix import Matrix, Row
from .memory import MemoryIndex, MemorySource
from .message import Message
from .prepared import columns, fetch, mine
from .scope import Scope
from .sessions import ReadSession

ROOM: Final = 512 * 1024 * 1024
"""How many bytes of matrices a process keeps for one database; the one in use is kept whatever it takes."""


class _Kept:
    """One user's matrix, the version of the rows it is made of, and who uses it now."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.matrix = Matrix()
        self.version: Version | None = None
        self.size = 0  # as it was when room was last made for it


class _Shelf:
    """The matrices of one database, the least recently used first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Scope, _Kept] = OrderedDict()
        self._size = 0

    def of(self, scope: Scope) -> _Kept:
        """A user's, empty where there was none."""
        with self._lock:
            kept = self._kept.setdefault(scope, _Kept())
            self._kept.move_to_end(scope)
            return kept

    def make_room(self, scope: Scope, kept: _Kept) -> None:
        """Lets go of those not used for longest, until the others fit beside one that has changed."""
        size = kept.matrix.size
        with self._lock:
            if self._kept.get(scope) is kept:  # else it was dropped meanwhile
                self._size += size - kept.size
                kept.size = size
            while self._size > ROOM and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1].size

    def drop(self, scope: Scope) -> None:
        """Lets go of a user's."""
        with self._lock:
            if (kept := self._kept.pop(scope, None)) is not None:
                self._size -= kept.size


_shelves: WeakKeyDictionary[Engine, _Shelf] = WeakKeyDictionary()
_making = threading.Lock()


@contextmanager
def matrix_of(session: Session, scope: Scope) -> Iterator[Matrix]:
    """A user's matrix as their rows stand now, for this thread alone until it is given back."""
    if not _only_reads(session):
        # What a transaction wrote may be rolled back, and then nobody else must have seen it.
        matrix, _ = _made(session, scope)
        yield matrix
        return
    shelf = _shelf(session)
    kept = shelf.of(scope)
    with kept.lock:
        now = version(session, scope)
        if kept.version != now:
            if kept.version is None or not _caught_up(session, scope, kept, now):
                kept.matrix, kept.version = Matrix(), None
                kept.matrix, kept.version = _made(session, scope)
            shelf.make_room(scope, kept)
        yield kept.matrix


def drop(session: Session, scope: Scope) -> None:
    """Lets go of what is kept of a user in this process; another search makes it anew."""
    _shelf(session).drop(scope)


def _shelf(session: Session) -> _Shelf:
    engine = session.get_bind().engine
    with _making:
        return _shelves.setdefault(engine, _Shelf())


def _only_reads(session: Session) -> bool:
    if isinstance(session, ReadSession):
        return True
    asked = (
        "PRAGMA query_only"
        if session.get_bind().dialect.name == "sqlite"
        else "SELECT current_setting('transaction_read_only')"
    )
    return session.connection().exec_driver_sql(asked).scalar() in (1, "on")


def _made(session: Session, scope: Scope) -> tuple[Matrix, Version]:
    """A matrix of all rows; what is written meanwhile makes it older than it says, never newer."""
    before, matrix = version(session, scope), Matrix()
    matrix.extend(_messages(session, scope, 0))
    matrix.extend(_memories(session, scope, 0))
    matrix.tie(_ties(session, scope, 0))
    matrix.succeed(_successions(session, scope))
    return matrix, before


def _caught_up(session: Session, scope: Scope, kept: _Kept, now: Version) -> bool:
    """Adds what is new to a matrix; False where something changed or went, or did not come in order."""
    before, matrix = kept.version, kept.matrix
    if before is None or before.edited != now.edited:
        return False
    new = now.since(before)
    said = _messages(session, scope, matrix.newest_seq[False]) if new.get("message") else []
    learnt = _memories(session, scope, matrix.newest_seq[True]) if new.get("memory") else []
    ties = _ties(session, scope, matrix.newest_seq[True]) if new.get("tie") else []
    # On PostgreSQL one that was numbered earlier may be committed later; then the counts differ.
    if [len(said), len(learnt), len(ties)] != [new.get(kind, 0) for kind in ("message", "memory", "tie")]:
        return False
    if not matrix.follows(said):
        return False
    matrix.extend(said)
    matrix.extend(learnt)
    matrix.tie(ties)
    kept.version = now
    return True


def _messages(session: Session, scope: Scope, after: int) -> list[Row]:
    said = fetch(session, _SAID, {**scope.mine, "after": after})
    return [
        Row(
            seq, content, as_utc(at), conversation, position, name or role, model=model, vector=_bytes(vector)
        )
        for seq, content, at, conversation, position, name, role, model, vector in said
    ]


def _memories(session: Session, scope: Scope, after: int) -> list[Row]:
    learnt = fetch(session, _LEARNT, {**scope.mine, "after": after})
    return [
        Row(seq, content, as_utc(at), memory=True, category=category, until=as_utc(until) if until else None,
            model=model, vector=_bytes(vector))
        for seq, content, at, category, until, model, vector in learnt
    ]  # fmt: skip


def _ties(session: Session, scope: Scope, after: int) -> list[tuple[int, int]]:
    return [(message, memory) for message, memory in fetch(session, _TIES, {**scope.mine, "after": after})]


def _successions(session: Session, scope: Scope) -> list[tuple[int, int]]:
    return [(before, then) for before, then in fetch(session, _SUCCESSIONS, scope.mine)]


_M, _F, _S = columns(Message), columns(MemoryIndex), columns(MemorySource)
_THEN = MemoryIndex.__table__.alias().c
_SAID: Final = (
    select(
        _M.seq, _M.content, _M.timestamp, _M.conversation_id, _M.position, _M.name, _M.role, _M.embedding_model,
        type_coerce(_M.embedding, LargeBinary),
    )
    .where(*mine(_M), _M.seq > bindparam("after"))
    .order_by(_M.conversation_id, _M.position)
)  # fmt: skip
_LEARNT: Final = (
    select(
        _F.seq, _F.content, _F.valid_from, _F.category, _F.valid_to, _F.embedding_model,
        type_coerce(_F.embedding, LargeBinary),
    )
    .where(*mine(_F), _F.seq > bindparam("after"))
    .order_by(_F.seq)
)  # fmt: skip
_TIES: Final = select(_M.seq, _F.seq).where(
    _S.message_id == _M.id, _F.id == _S.memory_id, *mine(_M), *mine(_F), _F.seq > bindparam("after")
)
_SUCCESSIONS: Final = select(_F.seq, _THEN.seq).where(_THEN.id == _F.superseded_by, *mine(_F), *mine(_THEN))


def _bytes(vector: Any) -> bytes | None:
    return bytes(vector) if vector else None
