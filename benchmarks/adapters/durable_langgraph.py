"""LangGraph with its SQLite or PostgreSQL saver; durability "sync" waits for each checkpoint."""
# mypy: disable-error-code="import-not-found, unused-ignore"
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from adapters.on_langgraph import count, in_a_row
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from payload import CHAIN, Kind
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool


class Durable:
    """A compiled graph with a checkpointer, opened with the first run."""

    def __init__(self, url: str, kind: Kind) -> None:
        self._url = url
        self._opened: Any = None
        self._graph: Any = None

    async def run(self, state: dict[str, Any]) -> Mapping[str, Any]:
        if self._graph is None:
            self._graph = in_a_row([count] * CHAIN).compile(checkpointer=await self._saver())
        thread = {"configurable": {"thread_id": os.urandom(8).hex()}}
        final: Mapping[str, Any] = await self._graph.ainvoke(state, thread, durability="sync")
        return final

    async def close(self) -> None:
        await self._opened.__aexit__(None, None, None)

    async def _saver(self) -> Any:
        if self._url.startswith("sqlite"):
            self._opened = AsyncSqliteSaver.from_conn_string(self._url.removeprefix("sqlite:///"))
            saver: Any = await self._opened.__aenter__()
            await saver.setup()  # turns WAL on
            await saver.conn.execute("PRAGMA synchronous = FULL")
            return saver
        options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        self._opened = AsyncConnectionPool(self._url, min_size=1, max_size=20, open=False, kwargs=options)
        await self._opened.open()
        saver = AsyncPostgresSaver(self._opened)
        await saver.setup()
        return saver
