"""Burr with its asynchronous SQLite or PostgreSQL persister, which keeps the whole state after each action."""
# mypy: disable-error-code="import-not-found, untyped-decorator, misc"
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from burr.core import ApplicationBuilder, GraphBuilder, State, action
from burr.integrations.persisters.b_aiosqlite import AsyncSQLitePersister
from burr.integrations.persisters.b_asyncpg import AsyncPostgreSQLPersister
from payload import CHAIN, Kind

NAMES = [f"count_{number}" for number in range(CHAIN)]


@action(reads=["i"], writes=["i"])
async def count(state: State) -> State:
    return state.update(i=state["i"] + 1)


class Durable:
    """A graph and its persister, opened with the first run."""

    def __init__(self, url: str, kind: Kind) -> None:
        self._url = url
        self._persister: Any = None
        builder = GraphBuilder().with_actions(**dict.fromkeys(NAMES, count))
        self._graph = builder.with_transitions(*pairwise(NAMES)).build()

    async def run(self, state: dict[str, Any]) -> Mapping[str, Any]:
        if self._persister is None:
            self._persister = await self._opened()
        builder = ApplicationBuilder().with_graph(self._graph)
        builder = builder.with_identifiers(app_id=os.urandom(8).hex(), partition_key="bench")
        builder = builder.initialize_from(
            self._persister, resume_at_next_action=True, default_state=state, default_entrypoint=NAMES[0]
        )
        application = await builder.with_state_persister(self._persister).abuild()
        _, _, final = await application.arun(halt_after=[NAMES[-1]])
        found: Mapping[str, Any] = final.get_all()
        return found

    async def close(self) -> None:
        await self._persister.cleanup()

    async def _opened(self) -> Any:
        persister: Any
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            persister = await AsyncSQLitePersister.from_values(path, connect_kwargs={"timeout": 30})
            await persister.connection.execute("PRAGMA journal_mode = WAL")
            await persister.connection.execute("PRAGMA synchronous = FULL")
        else:
            at = urlsplit(self._url)
            where = (at.path[1:], at.username, at.password or "", at.hostname, at.port)
            persister = await AsyncPostgreSQLPersister.from_values(
                *where, use_pool=True, min_size=1, max_size=20
            )
        await persister.initialize()
        return persister
