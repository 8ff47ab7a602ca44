"""Are the memories of users who have very many found through pgvector's index, and as if there were none?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from turngraph.models import DatabaseManager, MemoryIndex, Scope, pgvector
from turngraph.models.base import now
from turngraph.models.nearest import _exact, nearest

ADA = Scope("default", "ada")
SIZE, COUNT = 32, 900


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from tests.conftest import start_postgres

    made = start_postgres()
    yield made
    made.cleanup()


@pytest.fixture
def db(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseManager]:
    monkeypatch.setattr(pgvector, "LARGE", 500)
    with DatabaseManager(server.get_uri()) as database:
        if not database.read_now(lambda session: pgvector.available(session.connection())):
            pytest.skip("expected: this PostgreSQL has no pgvector")
        chance = np.random.default_rng(3)
        with database.get_session() as session:
            session.query(MemoryIndex).delete()
            for user, count in (("ada", COUNT), ("bob", COUNT), ("cleo", 20)):
                for number, vector in enumerate(chance.normal(size=(count, SIZE)).astype(np.float16)):
                    session.add(
                        MemoryIndex(
                            user_id=user, content=f"{user} {number}", embedding=vector.tobytes(), embedding_model="own:it's",
                            category="even" if number % 2 == 0 else "odd",
                        )
                    )  # fmt: skip
        yield database


def test_large_users_are_served_by_the_index_and_small_ones_exactly(db: DatabaseManager) -> None:
    assert db.read_now(lambda s: pgvector.nearest_rows(s, ADA, [1.0] * SIZE, None, 5)) is None
    assert "db upgrade" in db.read_now(lambda s: pgvector.told(s.connection()))
    (name,) = pgvector.prepare(db.engine)
    assert "HNSW" in db.read_now(lambda s: pgvector.told(s.connection()))
    kind = text(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'memory_index'::regclass AND attname = 'embedding_vector'".replace("::", r"\:\:")
    )
    assert db.read_now(lambda s: s.scalar(kind)) == "halfvec"

    def explained(session: Any) -> str:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_sort = off"))
        given = {"tenant": "default", "user": "ada", "limit": 10, "wanted": str([1.0] * SIZE)}
        plan = text("EXPLAIN " + pgvector.statement("own:it's", SIZE, of_category=False))
        return "\n".join(row[0] for row in session.execute(plan, given))

    assert name in db.read_now(explained)
    chance, found = np.random.default_rng(5), 0
    for _ in range(20):
        wanted = chance.normal(size=SIZE).astype(np.float32)
        wanted /= np.linalg.norm(wanted)
        exact = db.read_now(lambda s, w=wanted: _exact(s, ADA, w, None, 10))
        near = db.read_now(lambda s, w=wanted: [one.seq for one in nearest(s, ADA, w.tolist())])
        best = sorted(exact, key=lambda seq: -exact[seq])[:10]
        assert len(near) == 10
        found += len(set(near) & set(best))
    assert found >= 190
    assert (
        db.read_now(lambda s: pgvector.nearest_rows(s, Scope("default", "cleo"), [1.0] * SIZE, None, 5))
        is None
    )


def test_what_is_written_later_is_found_and_what_is_closed_is_not(db: DatabaseManager) -> None:
    pgvector.prepare(db.engine)
    mark = [1.0] + [0.0] * (SIZE - 1)
    with db.get_session() as session:
        session.add(
            MemoryIndex(
                user_id="ada", content="new", embedding=mark, embedding_model="own:it's", category="odd"
            )
        )

    def names(category: str | None = None) -> list[str]:
        return db.read_now(
            lambda s: [one.content for one in nearest(s, ADA, mark, category=category, limit=3)]
        )

    assert names()[0] == "new"
    assert names("odd")[0] == "new"
    assert all(int(name.split()[1]) % 2 == 0 for name in names("even"))
    with db.get_session() as session:
        session.query(MemoryIndex).filter_by(content="new").one().valid_to = now()
    assert "new" not in names()
