"""LangGraph's InMemoryStore with a vector index, which forgets all at the end of the process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.memory_base import Item, Told


class Memory:
    durable = False

    def __init__(self, folder: Path, dimension: int) -> None:
        from langgraph.store.memory import InMemoryStore  # pyright: ignore[reportMissingImports]

        self.store: Any = InMemoryStore(index={"dims": dimension, "embed": self.embed, "fields": ["text"]})

    @staticmethod
    def embed(texts: Sequence[str]) -> list[list[float]]:
        return [Told.vector.tolist() for _ in texts]

    def add(self, item: Item) -> None:
        number, text, Told.vector, user = item
        self.store.put(("memories", user), str(number), {"text": text})

    def fill(self, items: Sequence[Item]) -> None:
        for item in items:
            self.add(item)

    def search(self, text: str, vector: Any, user: str, limit: int) -> list[tuple[int, str]]:
        Told.vector = vector
        found = self.store.search(("memories", user), query=text, limit=limit)
        return [(int(item.key), item.namespace[1]) for item in found]

    def close(self) -> None:
        pass
