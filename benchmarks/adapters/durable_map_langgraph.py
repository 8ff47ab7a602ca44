"""LangGraph: items sent to a node, with its SQLite saver and durability "sync"."""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

from adapters.on_langgraph import mapping
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from payload import Fan


class DurableMap:
    """A compiled graph with a checkpointer, opened with the first run."""

    def __init__(self, path: str, work: Fan) -> None:
        self._path, self._work = path, work
        self._opened: Any = None
        self._graph: Any = None

    async def run(self, name: str) -> list[int]:
        return await self._invoke(name, {"results": []})

    async def resume(self, name: str) -> list[int]:
        return await self._invoke(name, None)

    async def close(self) -> None:
        await self._opened.__aexit__(None, None, None)

    async def _invoke(self, name: str, given: Any) -> list[int]:
        if self._graph is None:
            self._opened = AsyncSqliteSaver.from_conn_string(self._path)
            saver = await self._opened.__aenter__()
            await saver.setup()  # turns WAL on
            await saver.conn.execute("PRAGMA synchronous = FULL")
            self._graph = mapping(self._work).compile(checkpointer=saver)
        config = {"configurable": {"thread_id": name}, "max_concurrency": self._work.limit}
        final = await self._graph.ainvoke(given, config, durability="sync")
        results: list[int] = final["results"]
        return results
