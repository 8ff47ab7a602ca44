"""What can go wrong with a database, at its N-th call: errors, lost replies, cut connections, a full disk."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from typing import Any

from . import driver

# Taken before anything is hooked, for the hand that makes the trouble.
_connect = driver.psycopg.connect if driver.psycopg is not None else None
KINDS = ("error", "down", "lost", "cut", "restart", "full")
DOWN = 40  # so many calls fail while the database is down


class Trouble:
    """Makes the N-th call of the drivers go wrong, in one of the ways of KINDS; `fired` says whether it came to that.

    error: the call fails and was not made. down: so do the next ones. lost: a COMMIT succeeds, and its reply never
    comes. cut: the connection is gone. restart: all connections to the database are. full: no page may be added.
    """

    def __init__(self, kind: str, at: int, url: str) -> None:
        assert kind in KINDS
        self.kind, self.at, self.url = kind, at, url
        self.fired = False
        self.calls = 0
        self._numbers = itertools.count(1)
        self._pages: int | None = None

    def __call__(self, kind: str, statement: str, connection: Any, call: Callable[[], Any]) -> Any:
        if self.kind == "full":
            return self._bounded(kind, call)
        if self.kind == "lost" and kind != "commit":
            return call()
        self.calls = number = next(self._numbers)
        if number < self.at or number > self.at + (DOWN if self.kind == "down" else 0):
            return call()
        self.fired = True
        if self.kind == "restart":
            self._terminate()
        elif self.kind == "cut" and connection is not None:
            connection.close()
        elif self.kind == "lost":
            call()
            if not isinstance(connection, sqlite3.Connection):
                connection.close()
            raise driver.failure(self.url, "server closed the connection unexpectedly")
        elif self.kind in ("error", "down"):
            raise driver.failure(self.url, "disk I/O error")
        return call()

    def _terminate(self) -> None:
        assert _connect is not None
        with _connect(self.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _bounded(self, kind: str, call: Callable[[], Any]) -> Any:
        """Bounds the file to `at` pages more than it had at first, for every connection."""
        try:
            result = call()
        except sqlite3.Error as error:
            self.fired = self.fired or "full" in str(error)
            raise
        if kind == "connect":
            if self._pages is None:
                self._pages = sqlite3.Connection.execute(result, "PRAGMA page_count").fetchone()[0]
            sqlite3.Connection.execute(result, f"PRAGMA max_page_count = {self._pages + self.at}")
        return result
