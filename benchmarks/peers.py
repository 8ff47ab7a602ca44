"""Which engines ours is measured beside, and where is each one's own interpreter?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

COMMAND: Final = "python benchmarks/setup_peers.py"


@dataclass(frozen=True, slots=True)
class Engine:
    """One column: its adapter, the distribution it is, and the module a user imports."""

    name: str
    adapter: str
    package: str
    module: str
    version: str = ""  # of a peer, which has a virtual environment of its own
    beside: tuple[str, ...] = ()  # what its adapter needs besides

    @property
    def folder(self) -> Path:
        """The virtual environment of a peer."""
        name = "-".join((self.package, self.version, *self.beside))
        return Path.home() / ".cache" / "turngraph-bench" / name

    @property
    def mark(self) -> Path:
        """The file that says the virtual environment is finished."""
        return self.folder / "turngraph-bench.ready"

    @property
    def python(self) -> Path:
        """The interpreter to measure it with."""
        if not self.version:
            return Path(sys.executable)
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def installed(self) -> bool:
        """Whether it can be measured."""
        return not self.version or (self.mark.exists() and self.python.exists())


RAW: Final = Engine("raw loop", "raw", "", "asyncio")
PLAIN: Final = Engine("turngraph", "turngraph_plain", "turngraph", "turngraph.engine")
TYPED: Final = Engine("turngraph typed", "turngraph_typed", "turngraph", "turngraph.engine")
PEERS: Final = (
    Engine("PocketFlow", "on_pocketflow", "pocketflow", "pocketflow", "0.0.3"),
    Engine("LangGraph", "on_langgraph", "langgraph", "langgraph.graph", "1.2.22"),
    Engine("pydantic-graph", "on_pydantic_graph", "pydantic-graph", "pydantic_graph", "2.68.0"),
)
DURABLE_PEERS: Final = (
    Engine(
        "LangGraph", "durable_langgraph", "langgraph", "langgraph.graph", "1.2.22",
        ("langgraph-checkpoint-sqlite==3.1.2", "langgraph-checkpoint-postgres==3.2.0", "psycopg[binary,pool]==3.3.9"),
    ),
    Engine("DBOS", "durable_dbos", "dbos", "dbos", "3.4.0", ("psycopg[binary]==3.3.9",)),
    Engine(
        "Burr", "durable_burr", "burr", "burr.core", "0.42.0",
        ("aiosqlite==0.22.1", "asyncpg==0.32.0", "psycopg[binary]==3.3.9"),
    ),
)  # fmt: skip
DURABLE_MAPS: Final = {
    RAW.name: replace(RAW, adapter="durable_map_raw"),
    PLAIN.name: replace(PLAIN, adapter="durable_map_turngraph"),
    "LangGraph": replace(DURABLE_PEERS[0], adapter="durable_map_langgraph"),
}
OURS_MEMORY: Final = Engine("turngraph", "memory_turngraph", "turngraph", "turngraph.models")
OURS_MEMORY_POSTGRESQL: Final = Engine(
    "turngraph, PostgreSQL", "memory_turngraph_postgresql", "turngraph", "turngraph.models"
)
MEMORY_PEERS: Final = (
    Engine("LangGraph InMemoryStore", "memory_langgraph", "langgraph", "langgraph.store.memory", "1.2.22", ("numpy",)),
    Engine(
        "LangGraph SqliteStore", "memory_langgraph_sqlite", "langgraph-checkpoint-sqlite", "langgraph.store.sqlite",
        "3.1.2", ("numpy", "langgraph"),
    ),
    Engine("mem0", "memory_mem0", "mem0ai", "mem0", "2.2.1", ("numpy",)),
    Engine("Chroma", "memory_chroma", "chromadb", "chromadb", "1.5.9", ("numpy",)),
)  # fmt: skip
