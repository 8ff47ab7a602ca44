"""Ours: messages in SQLite, each committed durably, and found by the product's own search."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from adapters.memory_base import Item

from turngraph.models import DatabaseManager, Scope
from turngraph.models.repositories import conversations, messages
from turngraph.models.search import search

TURNS = 500
"""How many messages a conversation has."""


class Memory:
    durable = True

    def __init__(self, folder: Path, dimension: int) -> None:
        self.db = DatabaseManager(f"sqlite:///{folder / 'turngraph.db'}")
        self.held: dict[str, int] = {}

    def add(self, item: Item) -> None:
        self._add([item])

    def fill(self, items: Sequence[Item]) -> None:
        by_user: dict[str, list[Item]] = {}
        for item in items:
            by_user.setdefault(item[3], []).append(item)
        for mine in by_user.values():
            while mine:
                room = TURNS - self.held.get(mine[0][3], 0) % TURNS
                self._add(mine[:room])
                del mine[:room]

    def together(self, items: Sequence[Item]) -> None:
        """Stores each by a caller of its own, all at the same time."""

        async def every() -> None:
            await asyncio.gather(*(self.db.write(self._work([item])) for item in items))

        asyncio.run(every())

    def _add(self, items: Sequence[Item]) -> None:
        self.db.write_now(self._work(items))

    def _work(self, items: Sequence[Item]) -> Callable[[Any], None]:
        user = items[0][3]
        place = self.held.get(user, 0)
        self.held[user] = place + len(items)
        scope, talk = Scope("default", user), str(place // TURNS)
        new = [
            messages.NewMessage(
                text,
                client_id=str(number),
                embedding=vector.astype(np.float16).tobytes(),
                embedding_model="given",
            )
            for number, text, vector, _ in items
        ]

        def work(session: Any) -> None:
            if place % TURNS == 0:
                conversations.begin(session, scope, conversation_id=talk)
            messages.add_all(session, conversations.locked(session, scope, talk), new)

        return work

    def search(self, text: str, vector: Any, user: str, limit: int) -> list[tuple[int, str]]:
        scope = Scope("default", user)
        found = self.db.read_now(lambda s: search(s, scope, text, vector=vector, model="given", limit=limit))
        return [(int(hit.message.client_id or 0), user) for hit in found if hit.message]

    def close(self) -> None:
        self.db.close()
