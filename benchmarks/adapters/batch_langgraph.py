"""LangGraph: a graph of one node, `abatch` with max_concurrency over its SQLite saver, durability "sync"."""
# mypy: disable-error-code="import-not-found, unused-ignore"
# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio
import os
from typing import Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph


class State(TypedDict):
    n: int
    twice: int


class Batch:
    """A compiled graph with a checkpointer; each record is a thread of its own."""

    def __init__(self, folder: str, limit: int, seconds: float) -> None:
        self._path, self._limit, self._seconds = f"{folder}/batch.db", limit, seconds
        self._opened: Any = None
        self._graph: Any = None

    async def run(self, records: int) -> int:
        if self._graph is None:
            self._opened = AsyncSqliteSaver.from_conn_string(self._path)
            saver = await self._opened.__aenter__()
            await saver.setup()  # turns WAL on
            await saver.conn.execute("PRAGMA synchronous = FULL")
            self._graph = self._built().compile(checkpointer=saver)
        name = os.urandom(4).hex()
        configs = [
            {"configurable": {"thread_id": f"{name}-{n}"}, "max_concurrency": self._limit}
            for n in range(records)
        ]
        given = [{"n": n} for n in range(records)]
        return len(await self._graph.abatch(given, configs, durability="sync"))

    async def close(self) -> None:
        await self._opened.__aexit__(None, None, None)

    def _built(self) -> Any:
        async def call(state: State) -> dict[str, int]:
            await asyncio.sleep(self._seconds)
            return {"twice": 2 * state["n"]}

        graph: Any = StateGraph(State)
        graph.add_node("call", call)
        graph.add_edge(START, "call")
        graph.add_edge("call", END)
        return graph
