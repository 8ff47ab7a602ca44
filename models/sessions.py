"""The two sessions: one of a caller's own, and the one that a step is lent."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from sqlalchemy.orm import Session

from .errors import SessionMisuse


class OwnSession(Session):
    """A session of one's own: leaving its `with` commits, an exception rolls back, and rows stay usable."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
            else:
                self.rollback()
        finally:
            self.close()


class LentSession(Session):
    """A session inside a transaction that is not its own; `begin_nested()` is allowed."""

    def commit(self) -> None:
        """Refused: the transaction commits by itself."""
        raise self._misused("commit")

    def rollback(self) -> None:
        """Refused: raise an exception instead."""
        raise self._misused("rollback")

    def close(self) -> None:
        """Refused: the session is closed when the function returns."""
        raise self._misused("close")

    def give_back(self) -> None:
        """Detaches the rows, which stay usable, and closes the session."""
        super().close()

    @staticmethod
    def _misused(call: str) -> SessionMisuse:
        return SessionMisuse(
            f"session.{call}() in a step: its transaction is committed for you together with the step. "
            f"Raise an exception to roll it back, or use session.begin_nested() for a part of it."
        )


class ReadSession(LentSession):
    """A lent session of a connection that refuses to write."""


class Lender:
    """Lends one session to the jobs of a transaction, one after the other: to make one costs as much as an insert."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._session: LentSession | None = None

    def lend(self) -> LentSession:
        """The session, without anything of those who had it before."""
        session, self._session = self._session, None
        return session if session is not None else lent(self._connection)

    def take_back(self, session: LentSession) -> None:
        """Detaches the rows, which stay usable; what was left in an unfinished state is not lent again."""
        if session.is_active and not session.in_nested_transaction():
            session.expunge_all()
            session.info.clear()
            self._session = session
        else:
            session.give_back()

    def close(self) -> None:
        """Closes the session."""
        if self._session is not None:
            self._session.give_back()
            self._session = None


def lent(connection: Any, kind: type[LentSession] = LentSession) -> LentSession:
    """A session on a connection whose transaction somebody else ends."""
    return kind(bind=connection, join_transaction_mode="rollback_only", expire_on_commit=False)
