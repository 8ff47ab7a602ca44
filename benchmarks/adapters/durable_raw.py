"""The floor: rows and commits with the driver alone; each step waits for its commit, and those that wait share it."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

from payload import CHAIN, Kind

GROUP = 60
Row = tuple[str, int, str]
Waiting = tuple[asyncio.Future[None], Row]


class Durable:
    """A thread that writes what waits in one transaction and then answers all of it."""

    def __init__(self, url: str, kind: Kind) -> None:
        self._kind = kind
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Waiting | None] = SimpleQueue()
        self._write = sqlite(url) if url.startswith("sqlite") else postgresql(url)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    async def run(self, state: dict[str, Any]) -> Mapping[str, Any]:
        """One run: a row for what it was given, and one for what each step changed."""
        name = os.urandom(8).hex()
        await self.put(name, 0, json.dumps(state))
        for number in range(1, CHAIN + 1):
            state["i"] = number
            await self.put(name, number, json.dumps({"i": number}))
        return state

    async def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    async def put(self, name: str, number: int, text: str) -> None:
        answer = self._loop.create_future()
        self._jobs.put((answer, (name, number, text)))
        await answer

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            while len(group) < GROUP and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    return
                group.append(more)
            steps = [row for _, row in group]
            self._write(steps, [row for row in steps if row[1]] if self._kind == "core" else [])
            self._loop.call_soon_threadsafe(settle, group)


def settle(group: list[Waiting]) -> None:
    for answer, _ in group:
        answer.set_result(None)


def sqlite(url: str) -> Any:
    path = url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for table in ("steps", "facts"):
        connection.execute(
            f"CREATE TABLE {table} (run TEXT, number INT, text TEXT, PRIMARY KEY (run, number)) WITHOUT ROWID"
        )

    def write(steps: list[Row], facts: list[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO steps VALUES (?, ?, ?)", steps)
        for fact in facts:
            connection.execute("INSERT INTO facts VALUES (?, ?, ?)", fact)
        connection.execute("COMMIT")

    return write


def postgresql(url: str) -> Any:
    import psycopg

    connection = psycopg.connect(url)
    for table in ("steps", "facts"):
        connection.execute(
            f"CREATE TABLE {table} (run text, number int, text text, PRIMARY KEY (run, number))"
        )
    connection.commit()

    def write(steps: list[Row], facts: list[Row]) -> None:
        columns = [list(column) for column in zip(*steps, strict=True)]
        connection.execute(
            "INSERT INTO steps SELECT * FROM unnest(%s::text[], %s::int[], %s::text[])", columns
        )
        for fact in facts:
            connection.execute("INSERT INTO facts VALUES (%s, %s, %s)", fact)
        connection.commit()

    return write
