"""This process as the owner of the runs it walks: a row with a lease, and the thread that renews it.

Who takes a dead owner's runs over bumps its row's fence first. An owner that wakes after its lease finds that
out with its next write, whichever run it is for, and begins anew under another id.
"""

from __future__ import annotations

import os
import socket
import threading
import weakref
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from .base import as_utc, new_id, now
from .durable import Owner, RunRow
from .errors import CommitUnknown, DatabaseError

if TYPE_CHECKING:
    from .manager import DatabaseManager

LEASE: Final = timedelta(seconds=30)
REMEMBERED: Final = timedelta(days=1)
"""How long the row of an owner stays that died and has no runs: every process that talks has one."""


class Me:
    """One owner of this process, and the thread that keeps its lease."""

    def __init__(self, lease: timedelta) -> None:
        self.id, self.pid, self.lease = new_id(), os.getpid(), lease
        self.known = self.fenced = False

    @property
    def usable(self) -> bool:
        """Whether it is this process's, and nobody has taken its runs over."""
        return not self.fenced and self.pid == os.getpid()

    async def register(self, db: DatabaseManager) -> None:
        """Writes the row; from then on the lease is renewed until the database is closed."""
        try:
            await db.write(self._insert, keys=[f"owner:{self.id}"])
        except CommitUnknown:
            await db.write(self._insert, keys=[f"owner:{self.id}"])  # it looks for its own row first
        if not self.known:
            self.known = True
            thread = threading.Thread(
                target=self._renew, args=(weakref.ref(db),), name="turngraph-lease", daemon=True
            )
            thread.start()

    def _insert(self, session: Session) -> None:
        if session.scalar(select(Owner.id).where(Owner.id == self.id)) is None:
            until = clock(session) + self.lease
            values = {
                "id": self.id,
                "lease_until": until,
                "host": socket.gethostname()[:200],
                "pid": self.pid,
            }
            session.execute(insert(Owner).values(**values))
            running = select(RunRow.id).where(RunRow.owner_id == Owner.id, RunRow.status == "running")
            dead = delete(Owner).where(Owner.lease_until < until - self.lease - REMEMBERED, ~running.exists())
            session.execute(dead.execution_options(synchronize_session=False))

    def _renew(self, held: weakref.ref[DatabaseManager]) -> None:
        wait = threading.Event()
        while not wait.wait(self.lease.total_seconds() / 3):
            db = held()
            if db is None or not self.usable:
                return
            try:
                if not db.write_now(self._prolong):
                    self.fenced = True
            except DatabaseError:
                if db.closed:
                    return
            del db

    def _prolong(self, session: Session) -> bool:
        mine = update(Owner).where(Owner.id == self.id, Owner.fence == 1)
        longer = mine.values(lease_until=clock(session) + self.lease).returning(Owner.id)
        return session.scalar(longer.execution_options(synchronize_session=False)) is not None


def clock(session: Session | Connection) -> datetime:
    """The database's own time where it has one; on SQLite all who share a file share a machine."""
    dialect = session.dialect if isinstance(session, Connection) else session.get_bind().dialect
    if dialect.name == "postgresql":
        return as_utc(session.scalar(select(func.clock_timestamp())) or now())
    return now()
