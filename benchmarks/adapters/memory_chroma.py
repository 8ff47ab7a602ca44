"""Chroma, persistent, with explicit vectors; its own embedder would be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.memory_base import Item


class Memory:
    durable = True

    def __init__(self, folder: Path, dimension: int) -> None:
        import chromadb  # pyright: ignore[reportMissingImports]
        from chromadb.config import Settings  # pyright: ignore[reportMissingImports]

        client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
        near: Any = {"hnsw": {"space": "cosine"}}
        self.store: Any = client.create_collection("memories", embedding_function=None, configuration=near)

    def add(self, item: Item) -> None:
        self.fill([item])

    def fill(self, items: Sequence[Item]) -> None:
        for start in range(0, len(items), 2000):
            some = items[start : start + 2000]
            self.store.add(
                ids=[str(number) for number, *_ in some],
                documents=[text for _, text, _, _ in some],
                embeddings=[vector for _, _, vector, _ in some],
                metadatas=[{"user": user} for *_, user in some],
            )

    def search(self, text: str, vector: Any, user: str, limit: int) -> list[tuple[int, str]]:
        found = self.store.query(
            query_embeddings=[vector], n_results=limit, where={"user": user}, include=["metadatas"]
        )
        return [
            (int(number), about["user"])
            for number, about in zip(found["ids"][0], found["metadatas"][0], strict=True)
        ]

    def close(self) -> None:
        pass
