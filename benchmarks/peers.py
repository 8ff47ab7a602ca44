"""Which engines ours is measured beside, and where is each one's own interpreter?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
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

    @property
    def folder(self) -> Path:
        """The virtual environment of a peer."""
        return Path.home() / ".cache" / "turngraph-bench" / f"{self.package}-{self.version}"

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
