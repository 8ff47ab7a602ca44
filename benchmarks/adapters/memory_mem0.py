"""mem0 with infer off and its defaults: qdrant on disk beside a SQLite history; no language model is asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.memory_base import Item, Told


class _Embedder:
    def __init__(self, dimension: int) -> None:
        self.config = type("Config", (), {"embedding_dims": dimension})()

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return Told.vector.tolist()  # type: ignore[no-any-return]

    def embed_batch(self, texts: Sequence[str], memory_action: str | None = None) -> list[list[float]]:
        return [Told.vector.tolist() for _ in texts]


class Memory:
    durable = True

    def __init__(self, folder: Path, dimension: int) -> None:
        os.environ.update(MEM0_TELEMETRY="False", OPENAI_API_KEY="none", MEM0_DIR=str(folder / "home"))
        from mem0 import Memory as Mem0  # pyright: ignore[reportMissingImports]

        kept = {"path": str(folder / "qdrant"), "embedding_model_dims": dimension, "on_disk": True}
        self.store: Any = Mem0.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": kept},
                "history_db_path": str(folder / "history.db"),
            }
        )
        self.store.embedding_model = _Embedder(dimension)

    def add(self, item: Item) -> None:
        number, text, Told.vector, user = item
        self.store.add(text, user_id=user, metadata={"number": number}, infer=False)

    def fill(self, items: Sequence[Item]) -> None:
        for item in items:
            self.add(item)

    def search(self, text: str, vector: Any, user: str, limit: int) -> list[tuple[int, str]]:
        Told.vector = vector
        found = self.store.search(text, filters={"user_id": user}, top_k=limit, threshold=0.0)["results"]
        return [(hit["metadata"]["number"], hit["user_id"]) for hit in found]

    def close(self) -> None:
        pass
