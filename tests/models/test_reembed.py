"""Another embedder: rows are embedded anew in the background, resumably, while others write and search."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from turngraph.models import DatabaseManager, MemoryIndex, Message, Scope
from turngraph.models.reembed import Progress, outdated, reembed
from turngraph.models.repositories import memories
from turngraph.models.search import search

ADA = Scope("default", "ada")


class Hashed:
    """Vectors made of the words' hashes: another model, of another dimension."""

    def __init__(self, model_id: str = "hashed:1", dimension: int = 32) -> None:
        self.model_id, self.dimension = model_id, dimension
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.embedded += texts
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1.0
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def filled(db: DatabaseManager) -> DatabaseManager:
    """30 messages of two users and four memories, embedded by an older model, by the caller, or not at all."""
    old = Hashed("hashed:0", 16)
    talks = {user: db.create_conversation(user) for user in ("ada", "bob")}
    with db.get_session() as session:
        for user, talk in talks.items():
            for n in range(15):
                content = f"{user} said number {n} of the garden"
                session.add(
                    Message(
                        conversation_id=talk.id, tenant_id="default", user_id=user, content=content, position=n + 1,
                        embedding=old.embed([content])[0].tolist() if n % 3 else None,
                        embedding_model=old.model_id if n % 3 else None,
                    )
                )  # fmt: skip
            session.flush()
            session.add(MemoryIndex(user_id=user, content=f"{user} keeps bees"))
            session.add(
                MemoryIndex(user_id=user, content="given", embedding=[1.0, 0.0], embedding_model="given")
            )
    return db


def models(db: DatabaseManager) -> dict[Any, int]:
    query = select(Message.embedding_model, Message.embedding_dim, func.count())
    with db.get_session() as session:
        return {
            (m, d): n
            for m, d, n in session.execute(query.group_by(Message.embedding_model, Message.embedding_dim))
        }


async def test_all_rows_get_a_vector_of_the_new_model(filled: DatabaseManager):
    told: list[Progress] = []
    new = Hashed()
    done = await reembed(filled, new, batch=4, progress=told.append)
    assert (done.done, done.total, done.model) == (32, 32, "hashed:1")
    assert models(filled) == {("hashed:1", 32): 30}
    assert [one.done for one in told] == sorted(one.done for one in told) and told[-1] == done
    assert max(now.done - before.done for before, now in itertools.pairwise(told)) <= 4
    with filled.get_session() as session:
        kept = session.scalars(select(MemoryIndex.embedding_model).order_by(MemoryIndex.seq)).all()
        row = session.scalars(select(Message).limit(1)).one()
        assert np.allclose(row.embedding, new.embed([row.content])[0], atol=1e-2)
    assert kept == ["hashed:1", "given", "hashed:1", "given"]  # what a caller computed is the caller's
    assert (await reembed(filled, new)).done == 0


async def test_one_user_only(filled: DatabaseManager):
    assert (await reembed(filled, Hashed(), scope=ADA)).done == 16
    assert filled.read_now(lambda session: outdated(session, "hashed:1")) == 16
    assert filled.read_now(lambda session: outdated(session, "hashed:1", ADA)) == 0


async def test_stopped_it_goes_on_where_it_was(filled: DatabaseManager):
    class Power(Exception):
        pass

    def cut(now: Progress) -> None:
        if now.done >= 10:
            raise Power

    first, second = Hashed(), Hashed()
    with pytest.raises(Power):
        await reembed(filled, first, batch=5, progress=cut)
    assert len(first.embedded) == 10
    assert (await reembed(filled, second, batch=5)).done == 22
    assert not set(first.embedded) & set(second.embedded)
    assert models(filled) == {("hashed:1", 32): 30}


async def test_others_write_and_search_meanwhile(filled: DatabaseManager):
    new = Hashed()
    query = "what did ada say about number 7"
    vector = new.embed([query])[0]
    found: list[list[str]] = []

    async def write() -> None:
        for n in range(10):
            await filled.write(
                lambda session, n=n: memories.remember(session, ADA, f"fact {n}", importance=0.5)
            )

    async def look() -> None:
        for _ in range(10):
            hits = await filled.read(lambda session: search(session, ADA, query, vector=vector, limit=3))
            found.append([hit.content for hit in hits])

    await asyncio.gather(reembed(filled, new, batch=2), write(), look())
    assert all("ada said number 7 of the garden" in hits for hits in found)
    assert filled.read_now(lambda session: outdated(session, "hashed:1")) <= 10
    await reembed(filled, new)
    assert filled.read_now(lambda session: outdated(session, "hashed:1")) == 0
    with filled.get_session() as session:
        assert session.scalar(select(func.count()).select_from(MemoryIndex)) == 14


async def test_a_text_that_changed_meanwhile_keeps_no_stale_vector(filled: DatabaseManager):
    class Slow(Hashed):
        def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
            if any("bees" in text for text in texts):
                with filled.get_session() as session:
                    for row in session.scalars(select(MemoryIndex).where(MemoryIndex.content.like("%bees"))):
                        row.content = row.content.replace("bees", "wasps")
            return super().embed(texts)

    assert (await reembed(filled, Slow())).done == 30
    assert filled.read_now(lambda session: outdated(session, "hashed:1")) == 2
    assert (await reembed(filled, Slow())).done == 2
