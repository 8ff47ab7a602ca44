"""What every memory is measured by: open in a folder, add one text with its vector, search with both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

Item = tuple[int, str, Any, str]
"""Number, text, vector and user."""


class Memory(Protocol):
    """One system, used through its own API."""

    durable: bool

    def add(self, item: Item) -> None:
        """Stores one memory and returns when it is stored."""
        ...

    def fill(self, items: Sequence[Item]) -> None:
        """Stores many, as the system does that best."""
        ...

    def search(self, text: str, vector: Any, user: str, limit: int) -> list[tuple[int, str]]:
        """The numbers and users of what is found, best first."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Told:
    """The embedder that peers are given: it answers with the vector of the moment."""

    vector: Any = None


def size(folder: Path) -> int:
    """How many bytes the files in a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
