"""One writer at a time on SQLite, within this process: sessions and the writer thread wait for each other
here rather than in SQLite, where the loser of a race gets an error."""

from __future__ import annotations

import re
import threading
from contextvars import ContextVar
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from .errors import DatabaseBusy, SessionMisuse

PATIENCE: Final = 60.0
_READS = re.compile(
    r"\s*(SELECT|EXPLAIN|PRAGMA|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|VALUES)\b", re.IGNORECASE
)


class Held:
    """Says whether the one who took the lock still has it."""

    __slots__ = ("active", "who")

    def __init__(self, who: str) -> None:
        self.active = True
        self.who = who


_mine: ContextVar[Held | None] = ContextVar("turngraph_write_lock", default=None)


# Beside the variable: a step's post runs on the writer's thread in its own caller's context.
_thread = threading.local()


def held() -> Held | None:
    """Who holds a write lock in this task or thread, if anyone does."""
    for mine in (_mine.get(), getattr(_thread, "held", None)):
        if mine is not None and mine.active:
            return mine
    return None


def mark_thread(who: str) -> Held:
    """Notes that whatever runs on this thread holds a write lock."""
    mine: Held
    _thread.held = mine = Held(who)
    return mine


def mark(who: str) -> Held:
    """Notes that this task or thread holds a write lock."""
    mine = Held(who)
    _mine.set(mine)
    return mine


class WriteLock:
    """The lock, and how a session of an engine takes it: at its first statement that is not a SELECT."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> WriteLock:
        self._acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _acquire(self) -> None:
        if not self._lock.acquire(timeout=PATIENCE):
            raise DatabaseBusy(
                f"another writer of this process did not finish within {PATIENCE:g} s; close its session"
            )

    def guard(self, engine: Engine) -> None:
        """Makes every connection of the engine take the lock before it writes, and give it back after."""
        event.listen(engine, "before_cursor_execute", self._before)
        for end in ("commit", "rollback"):
            event.listen(engine, end, self._after)
        event.listen(engine, "checkin", lambda dbapi, record: self._release(record.info))

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "write_lock" in connection.info or _READS.match(statement):
            return
        if (other := held()) is not None:
            raise SessionMisuse(
                f"{other.who} already writes here, and this session would wait for it for ever; "
                f"commit or close that one first, or use its session"
            )
        self._acquire()
        connection.info["write_lock"] = mark("a session of get_session()")

    def _after(self, connection: Connection) -> None:
        self._release(connection.info)

    def _release(self, info: dict[Any, Any]) -> None:
        mine = info.pop("write_lock", None)
        if mine is not None:
            mine.active = False
            self._lock.release()
