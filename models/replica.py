"""A replica that reads may go to: it is asked only once it has all that this process has written, and has seen.

What a process wrote, or saw on the primary, has a place in the write-ahead log. A replica that has replayed the log up
to there shows it; one that has not, or that is away, is passed over, and the primary read. So own writes are always
read, and no read goes back in time. What other processes wrote may come a little later.
"""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

AWAY: Final = 5.0
_CAUGHT_UP: Final = text(
    "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= CAST(:place AS pg_lsn), false)"
)
_PLACE: Final = text("SELECT pg_current_wal_insert_lsn()::text")


class Replica:
    """The replica of one manager, and the place in the log that it must have reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._place = "0/0"
        self._writes = 1  # of this process; what was there before is read from the primary first
        self._known = 0  # how many of them `_place` covers
        self._away_until = 0.0
        self._warned = False

    def wrote(self) -> None:
        """Something was committed: it must be seen by every read from now on."""
        with self._lock:
            self._writes += 1

    def writes(self) -> int:
        """How often something was committed so far; a read that begins now will see all of it on the primary."""
        with self._lock:
            return self._writes

    def connect(self) -> Connection | None:
        """A connection to the replica, if that has all it must have."""
        with self._lock:
            place = self._place if self._known == self._writes else None
        if place is None or monotonic() < self._away_until:
            return None
        try:
            # A replica refuses every transaction that does not say of itself that it only reads.
            connection = self._engine.connect().execution_options(postgresql_readonly=True)
        except SQLAlchemyError as error:
            self._away(error)
            return None
        try:
            standby, caught_up = connection.execute(_CAUGHT_UP, {"place": place}).one()
            connection.rollback()
        except SQLAlchemyError as error:
            connection.close()
            self._away(error)
            return None
        if standby and caught_up:
            return connection
        connection.close()
        if not standby:
            self._away("it is no replica: it is not in recovery")
        return None

    def seen(self, connection: Connection, writes: int) -> None:
        """Notes, after a read on the primary, how far a replica must be to show what that read saw."""
        place = str(connection.scalar(_PLACE))
        connection.rollback()
        with self._lock:
            if writes >= self._known and _number(place) >= _number(self._place):
                self._place, self._known = place, writes

    def dispose(self, close: bool) -> None:
        """Ends its connections."""
        self._engine.dispose(close=close)

    def _away(self, why: object) -> None:
        self._away_until = monotonic() + AWAY
        if not self._warned:
            self._warned = True
            shown = self._engine.url.render_as_string(hide_password=True)
            logging.getLogger("turngraph").warning("reading from the primary, not from %s: %s", shown, why)


def _number(place: str) -> int:
    high, _, low = place.partition("/")
    return (int(high, 16) << 32) | int(low, 16)
