"""What can go wrong with what is kept.

DatabaseError
├── DatabaseUrlError     the URL is not one we can open (also a ValueError)
├── DatabaseUnreachable  the database or its file cannot be opened
├── DatabaseReadOnly     it can be read and not written
├── DatabaseFull         the disk is full
├── DatabaseBusy         somebody else is writing, for longer than we wait
├── CommitUnknown        the connection was lost while committing: it may or may not have been stored
├── SessionMisuse        a session, or a write, where it does not belong
├── Conflict             a row that must be unique is there already
├── BatchOwned           another process works on that batch
├── NotFound             nothing of that id belongs to this user
├── IllegalTransition    a conversation cannot go from that status to that one (also a ValueError)
└── ConversationClosed   a completed or archived conversation takes no messages
"""

from __future__ import annotations

from typing import Any


class DatabaseError(Exception):
    """Anything turngraph.models raises of its own accord."""


class DatabaseUrlError(DatabaseError, ValueError):
    """The database URL is not one that can be opened."""


class DatabaseUnreachable(DatabaseError):
    """The database, or its file, cannot be opened."""


class DatabaseReadOnly(DatabaseError):
    """The database can be read and not written."""


class DatabaseFull(DatabaseError):
    """The disk is full; nothing of the failed write was stored."""


class DatabaseBusy(DatabaseError):
    """Somebody else was writing for longer than we wait."""


class CommitUnknown(DatabaseError):
    """The connection was lost during COMMIT: read to learn whether it was stored."""


class SessionMisuse(DatabaseError):
    """A session or a write stands where it cannot work."""


class Conflict(DatabaseError):
    """A row that must be unique is there already, or one that must exist is missing."""


class BatchOwned(DatabaseError):
    """Another process works on that batch, and is alive."""


class NotFound(DatabaseError):
    """Nothing of that id belongs to this user."""


class IllegalTransition(DatabaseError, ValueError):
    """A conversation cannot go from its status to the one asked for."""


class ConversationClosed(DatabaseError):
    """A completed or archived conversation takes no messages."""


_SIGNS: tuple[tuple[type[DatabaseError], tuple[str, ...], str], ...] = (
    (DatabaseFull, ("disk is full", "no space left", "diskfull"), "free some space; nothing of this write was stored"),
    (DatabaseReadOnly, ("readonly database", "read-only transaction"), "make the file and its folder writable"),
    (DatabaseBusy, ("database is locked", "lock timeout", "deadlock detected"), "try again, or find who holds it"),
    (
        DatabaseUnreachable,
        (
            "unable to open", "not a database", "disk image is malformed", "connection refused", "could not connect",
            "connection failed", "could not translate", "failed to resolve", "name or service not known",
            "password authentication", "does not exist", "server closed", "connection is closed", "timeout expired",
            "queuepool limit",
        ),
        "check the URL, that the folder or server is there, and that you may use it",
    ),
)  # fmt: skip


def translated(error: BaseException, where: str) -> BaseException:
    """Our error for one of SQLAlchemy's or the driver's, naming the database; any other error as it is."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, StopIteration):  # no future can carry one
        found: BaseException = RuntimeError("a function given to the database raised StopIteration")
    elif isinstance(error, SQLAlchemyError):
        found = _ours(error, where)
    else:
        return error
    found.__cause__ = error
    return found


def _ours(error: Exception, where: str) -> DatabaseError:
    from sqlalchemy.exc import DBAPIError, IntegrityError

    cause: Any = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text = str(cause).strip() or type(cause).__name__
    first = text.splitlines()[0]
    if isinstance(error, IntegrityError):
        return Conflict(f"{where}: {first}")
    lower = text.lower()
    for kind, signs, mend in _SIGNS:
        if any(sign in lower for sign in signs):
            return kind(f"{where}: {first}; {mend}")
    return DatabaseError(f"{where}: {text}")
