"""turngraph: a graph of one node, an outcome in SQLite for each record, committed with synchronous=FULL."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any

from turngraph.engine import END, Graph, Node
from turngraph.models import DatabaseManager
from turngraph.workflows import run_batch


class Call(Node):
    """A model that takes a while."""

    seconds = 0.1

    def prep(self, state: Mapping[str, Any]) -> int:
        return int(state["n"])

    async def exec(self, n: int) -> int:
        await asyncio.sleep(self.seconds)
        return 2 * n

    def post(self, state: MutableMapping[str, Any], n: int, result: int) -> None:
        state["twice"] = result


class Batch:
    """One database; each run is another batch in it."""

    def __init__(self, folder: str, limit: int, seconds: float) -> None:
        self._db, self._limit = DatabaseManager(f"sqlite:///{folder}/batch.db"), limit
        call = Call()
        call.seconds = seconds
        self._graph = Graph("call", call >> END)

    async def run(self, records: int) -> int:
        given = ({"n": number} for number in range(records))
        report = await run_batch(given, self._graph, db=self._db, concurrency=self._limit)
        return report.done

    async def close(self) -> None:
        self._db.close()
