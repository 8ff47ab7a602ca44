"""Are the memories of users who have very many found through pgvector's index, and as if there were none?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from turngraph.models import DatabaseManager, MemoryIndex, Scope, pgvector
from turngraph.models.base import now
from turngraph.models.nearest import _exact, nearest

ADA, BOB, CLEO = (Scope("default", user) for user in ("ada", "bob", "cleo"))
MODEL, SIZE, FEW, RARE = "own:it's", 16, 20, 30
MANY = {False: 6_000, True: 25_000}
"""How many memories two users have each: where the planner has a reason for the index, and, in full, from where on
one is made."""


@pytest.fixture(scope="module")
def filled(full: bool) -> Iterator[DatabaseManager]:
    """Two users with many memories, one with few, and no index yet."""
    from tests.conftest import start_postgres

    server = start_postgres()
    with DatabaseManager(server.get_uri()) as database:
        if not database.read_now(lambda session: pgvector.available(session.connection())):
            pytest.skip("expected: this PostgreSQL has no pgvector")
        chance = np.random.default_rng(3)
        for scope, count in ((ADA, MANY[full]), (BOB, MANY[full]), (CLEO, FEW)):
            vectors = chance.normal(size=(count, SIZE)).astype(np.float16)
            rows = [
                {"user_id": scope.user, "content": f"{scope.user} {number}", "embedding": vector.tobytes(),
                 "embedding_model": MODEL, "category": "rare" if number < RARE else "odd" if number % 2 else "even"}
                for number, vector in enumerate(vectors)
            ]  # fmt: skip
            database.write_now(lambda session, rows=rows: session.execute(insert(MemoryIndex), rows))  # type: ignore[misc]
        yield database
    server.cleanup()


@pytest.fixture
def db(filled: DatabaseManager, full: bool, monkeypatch: pytest.MonkeyPatch) -> DatabaseManager:
    monkeypatch.setattr(pgvector, "LARGE", pgvector.LARGE if full else MANY[False] // 2)
    if filled.read_now(lambda s: pgvector.nearest_rows(s, ADA, [1.0] * SIZE, None, 5)) is None:
        assert "db upgrade" in filled.read_now(lambda s: pgvector.told(s.connection()))
        pgvector.prepare(filled.engine)
    return filled


def queries(count: int) -> list[list[float]]:
    chance = np.random.default_rng(5)
    found = chance.normal(size=(count, SIZE)).astype(np.float32)
    return [(one / np.linalg.norm(one)).tolist() for one in found]


def exactly(db: DatabaseManager, scope: Scope, wanted: list[float], limit: int) -> list[int]:
    vector = np.asarray(wanted, np.float32)
    found = db.read_now(lambda s: _exact(s, scope, vector, None, limit))
    return sorted(found, key=lambda seq: -found[seq])[:limit]


def name_of(db: DatabaseManager) -> str:
    (name,) = pgvector.prepare(db.engine)
    return name


def test_users_with_few_are_looked_at_exactly_and_the_column_is_halfvec(db: DatabaseManager) -> None:
    assert "HNSW" in db.read_now(lambda s: pgvector.told(s.connection()))
    assert db.read_now(lambda s: pgvector.nearest_rows(s, CLEO, [1.0] * SIZE, None, 5)) is None
    kind = text(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        r" WHERE attrelid = 'memory_index'\:\:regclass AND attname = 'embedding_vector'"
    )
    assert db.read_now(lambda s: s.scalar(kind)) == "halfvec"
    assert name_of(db) == pgvector.index_name(MODEL, SIZE)


@pytest.mark.parametrize("scope", [ADA, BOB])
def test_the_planner_takes_the_index_by_itself(db: DatabaseManager, scope: Scope) -> None:
    def plan(session: Session) -> str:
        for setting in pgvector.settings(10):
            session.execute(text(setting))
        given = {"tenant": scope.tenant, "user": scope.user, "limit": 10 + pgvector.AS_NEAR, "wanted": str([1.0] * SIZE)}  # fmt: skip
        explained = text("EXPLAIN " + pgvector.statement(MODEL, SIZE, of_category=False))
        return "\n".join(row[0] for row in session.execute(explained, given))

    name = name_of(db)
    assert f"Index Scan using {name}" in db.read_now(plan)

    def scans(session: Session) -> int:
        counted = text("SELECT pg_stat_get_xact_numscans(CAST(:name AS regclass))")
        before = session.execute(counted, {"name": name}).scalar_one()
        for wanted in queries(20):  # also when it was asked so often that PostgreSQL prepares the statement
            nearest(session, scope, wanted)
        return int(session.execute(counted, {"name": name}).scalar_one() - before)

    assert db.read_now(scans) == 20


@pytest.mark.parametrize("scope", [ADA, BOB])
def test_at_least_95_of_the_100_nearest_are_found_and_never_fewer_than_asked_for(
    db: DatabaseManager, scope: Scope
) -> None:
    found = 0
    for wanted in queries(50):
        near = db.read_now(lambda s, w=wanted: [one.seq for one in nearest(s, scope, w)])  # type: ignore[misc]
        assert len(near) == 10
        found += len(set(near) & set(exactly(db, scope, wanted, 10)))
    assert found >= 0.95 * 50 * 10


def test_a_scan_that_gives_up_is_followed_by_an_exact_look(db: DatabaseManager) -> None:
    (wanted,) = queries(1)

    def given_up(session: Session, limit: int, category: str | None = None) -> list[int]:
        session.execute(text("SET LOCAL hnsw.max_scan_tuples = 1"))
        return [one.seq for one in nearest(session, ADA, wanted, category=category, limit=limit)]

    found, exact = db.read_now(lambda s: given_up(s, 500)), exactly(db, ADA, wanted, 500)
    assert (
        len(found) == 500 and len(set(found) & set(exact)) >= 498
    )  # the last ones may be as near as the next
    assert len(db.read_now(lambda s: given_up(s, 2_000))) == 2_000
    assert len(db.read_now(lambda s: given_up(s, 10, "rare"))) == 10
    assert len(db.read_now(lambda s: given_up(s, 100, "rare"))) == RARE


def test_an_exact_look_gives_as_many_as_are_asked_for(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgvector, "LARGE", 10 * MANY[True])
    assert len(db.read_now(lambda s: nearest(s, ADA, [1.0] * SIZE, limit=2_000))) == 2_000


def test_a_vector_of_nothing_is_like_nothing_and_breaks_no_order(db: DatabaseManager) -> None:
    nothing = MemoryIndex(user_id="ada", content="nothing", embedding=[0.0] * SIZE, embedding_model=MODEL, category="none")  # fmt: skip
    with db.get_session() as session:
        session.add(nothing)
    (found,) = db.read_now(lambda s: nearest(s, ADA, [1.0] * SIZE, category="none"))
    assert found.content == "nothing"
    with db.get_session() as session:
        session.delete(session.merge(nothing))


def test_among_those_as_near_importance_decides(db: DatabaseManager) -> None:
    mark = [0.0] * (SIZE - 1) + [1.0]
    twins = [
        MemoryIndex(user_id="ada", content=f"twin {n}", embedding=mark, embedding_model=MODEL, importance_score=0.1 * n)
        for n in (3, 9, 1, 7, 5)
    ]  # fmt: skip
    with db.get_session() as session:
        session.add_all(twins)
    found = db.read_now(lambda s: [one.content for one in nearest(s, ADA, mark, limit=2)])
    assert found == ["twin 9", "twin 7"]
    with db.get_session() as session:
        for twin in twins:
            session.delete(session.merge(twin))


def test_what_is_written_later_is_found_and_what_is_closed_is_not(db: DatabaseManager) -> None:
    mark = [1.0] + [0.0] * (SIZE - 1)
    with db.get_session() as session:
        session.add(
            MemoryIndex(user_id="ada", content="new", embedding=mark, embedding_model=MODEL, category="odd")
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
