"""LangGraph's SqliteStore with its vector index; it needs a Python whose sqlite3 loads extensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapters import memory_langgraph


class Memory(memory_langgraph.Memory):
    durable = True

    def __init__(self, folder: Path, dimension: int) -> None:
        from langgraph.store.sqlite import SqliteStore  # pyright: ignore[reportMissingImports]

        index: Any = {"dims": dimension, "embed": self.embed, "fields": ["text"]}
        self._held = SqliteStore.from_conn_string(str(folder / "store.db"), index=index)
        self.store = self._held.__enter__()
        self.store.setup()

    def close(self) -> None:
        self._held.__exit__(None, None, None)
