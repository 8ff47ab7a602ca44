"""Ours: a Map whose items are steps of a durable run."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.turngraph_plain import mapping, results
from payload import Fan

from turngraph.engine import RunOwned
from turngraph.models import DatabaseManager, SqlRunStore

LEASE = timedelta(seconds=2)  # so that who resumes need not wait for long


class DurableMap:
    """A graph of one Map, with a database file as its store."""

    def __init__(self, path: str, work: Fan) -> None:
        self._db, self._work = DatabaseManager(f"sqlite:///{path}"), work
        self._store = SqlRunStore(self._db, LEASE)
        self._graph = mapping(work)

    async def run(self, name: str) -> list[int]:
        items = list(range(self._work.items))
        return results(await self._graph.run({"items": items}, store=self._store, run_id=name))

    async def resume(self, name: str) -> list[int]:
        while True:
            try:
                return results(await self._graph.resume(name, store=self._store))
            except RunOwned:  # its owner is dead, but has its lease yet
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        self._db.close()
