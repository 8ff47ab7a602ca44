"""Where PostgreSQL has pgvector: an HNSW index over the memories of users who have very many.

Nothing is made for those who have few: there an exact look is as fast. `turngraph db upgrade` makes what is needed,
since that takes minutes for some hundred thousand; a trigger keeps it true from then on, whoever writes. The index
is one for all users, and who is asked for is sorted out behind it; where that leaves too few, all are looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from .scope import Scope

LARGE: Final = 20_000
"""From how many embedded memories of one user on they are searched through the index."""

OLDEST: Final = (0, 8)
"""The first pgvector that goes on scanning until enough rows of the one user are found."""

LOOKED_THROUGH: Final = 600
"""How many of the nearest the index keeps in view (`hnsw.ef_search`): of the ten nearest 96 to 98 in 100 are found."""

MOST_LOOKED_THROUGH: Final = 1_000
"""More than this pgvector does not take."""

AS_NEAR: Final = 10
"""How many more than are wanted are read, since importance decides among those that are as near."""

LONGEST: Final = 4_000
"""How many numbers a vector may have to be indexed as halfvec."""

PORTION: Final = 2_000
_SIZES: Final = text(
    "SELECT DISTINCT embedding_model, embedding_dim FROM memory_index WHERE embedding_dim IS NOT NULL"
    " GROUP BY tenant_id, user_id, embedding_model, embedding_dim HAVING count(*) >= :large"
)
_MADE: Final = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    """CREATE OR REPLACE FUNCTION turngraph_halfvec(packed bytea) RETURNS halfvec
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT array_agg(
            (CASE WHEN half >= 32768 THEN -1 ELSE 1 END) * (CASE (half >> 10) & 31
                WHEN 0 THEN (half & 1023) * 2.0 ^ -24
                WHEN 31 THEN 0
                ELSE (1 + (half & 1023) / 1024.0) * 2.0 ^ (((half >> 10) & 31) - 15)
            END)::real ORDER BY place)::halfvec
        FROM generate_series(0, length(packed) / 2 - 1) AS place,
        LATERAL (SELECT get_byte(packed, 2 * place) + 256 * get_byte(packed, 2 * place + 1) AS half) AS told
    $$""",
    "ALTER TABLE memory_index ADD COLUMN IF NOT EXISTS embedding_vector halfvec",
    """CREATE OR REPLACE FUNCTION turngraph_keep_vector() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.embedding_vector := CASE WHEN length(NEW.embedding) > 0 THEN turngraph_halfvec(NEW.embedding) END;
        RETURN NEW;
    END $$""",
    """CREATE OR REPLACE TRIGGER memory_index_vector BEFORE INSERT OR UPDATE OF embedding ON memory_index
    FOR EACH ROW EXECUTE FUNCTION turngraph_keep_vector()""",
)
_FILL: Final = text(
    "UPDATE memory_index SET embedding_vector = turngraph_halfvec(embedding) WHERE seq IN (SELECT seq FROM memory_index"
    " WHERE embedding_vector IS NULL AND length(embedding) > 0 ORDER BY seq LIMIT :portion)"
)
_INDEXED: Final = text(
    "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname LIKE :name AND i.indisvalid AND n.nspname = current_schema()"
)
_MANY: Final = text(
    "SELECT count(*) FROM (SELECT 1 FROM memory_index WHERE tenant_id = :tenant AND user_id = :user LIMIT :large) AS few"
)


def available(connection: Connection) -> bool:
    """Whether the server has a pgvector that is new enough, used here or not."""
    if connection.dialect.name != "postgresql":
        return False
    query = text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    found = connection.execute(query).scalar()
    return found is not None and tuple(int(part) for part in found.split(".")[:2]) >= OLDEST


def prepare(engine: Engine) -> list[str]:
    """Makes the column, and an index for each model and dimension of which somebody has many; gives their names."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not available(connection):
            return []
        sizes = [tuple(row) for row in connection.execute(_SIZES, {"large": LARGE})]
        wanted = [(model, size) for model, size in sizes if model and size <= LONGEST]
        if not wanted:
            return []
        for statement in _MADE:
            connection.execute(text(statement))
        while connection.execute(_FILL, {"portion": PORTION}).rowcount:
            pass
        names = []
        for model, size in wanted:
            name, quoted = index_name(model, size), _literal(model)
            connection.execute(
                text(
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON memory_index"
                    f" USING hnsw ((embedding_vector::halfvec({size})) halfvec_cosine_ops)"
                    f" WHERE embedding_dim = {size} AND embedding_model = {quoted}".replace(":", "\\:")
                )
            )
            connection.execute(text(f"COMMENT ON INDEX {name} IS {quoted}".replace(":", "\\:")))
            names.append(name)
        connection.execute(text("ANALYZE memory_index"))  # else the planner takes the table for what it was
        return names


def told(connection: Connection) -> str:
    """How vectors are kept and searched here, in a sentence."""
    exact = "float16 bytes, ranked in numpy"
    if connection.dialect.name != "postgresql":
        return exact
    if connection.execute(_INDEXED, {"name": "memory_hnsw_%"}).first() is not None:
        return f"{exact}; pgvector's HNSW for the nearest of users with {LARGE:,} memories or more"
    if not available(connection):
        return f"{exact}; the server has no pgvector {'.'.join(map(str, OLDEST))} or newer"
    return (
        f"{exact}; pgvector is there, and turngraph db upgrade indexes users with {LARGE:,} memories or more"
    )


def nearest_rows(
    session: Session, scope: Scope, vector: Sequence[float], category: str | None, limit: int
) -> dict[int, float] | None:
    """The cosines of the nearest memories that hold, and of some as near, by their row numbers; None where no index
    serves this user."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return None
    size = len(vector)
    models = [model for (model,) in connection.execute(_INDEXED, {"name": f"memory_hnsw_{size}_%"}) if model]
    mine = {"tenant": scope.tenant, "user": scope.user}
    if not models or (connection.execute(_MANY, {**mine, "large": LARGE}).scalar() or 0) < LARGE:
        return None
    for setting in settings(limit):
        connection.execute(text(setting))
    wanted = "[" + ",".join(repr(float(number)) for number in vector) + "]"
    given = {**mine, "limit": limit + AS_NEAR, "wanted": wanted}
    if category is not None:
        given["category"] = category
    found: dict[int, float] = {}
    for model in models:
        about = (model, size, category is not None)
        near = connection.execute(text(statement(*about)), given).all()
        if len(near) < limit + AS_NEAR:  # it gave up before it had met enough that are this user's
            near = connection.execute(text(exact_statement(*about)), given).all()
        found.update(
            (seq, cosine if cosine == cosine else 0.0) for seq, cosine in near
        )  # of nothing it is NaN
    return found


def settings(limit: int) -> list[str]:
    """What holds for the transaction in which so many are looked for."""
    view = max(LOOKED_THROUGH, min(MOST_LOOKED_THROUGH, 2 * limit))
    return [
        # In strict order what is met late is dropped though it is nearer; it is sorted here anyway.
        "SET LOCAL hnsw.iterative_scan = relaxed_order",
        f"SET LOCAL hnsw.ef_search = {view}",
        # A statement that was sent often is planned for the average user, who has few memories.
        "SET LOCAL plan_cache_mode = force_custom_plan",
    ]


def statement(model: str, size: int, of_category: bool) -> str:
    """The query that the index of a model and a dimension answers."""
    return _nearest(model, size, of_category, _distance(size))


def exact_statement(model: str, size: int, of_category: bool) -> str:
    """The same, in a form that no index answers: all of the user's are looked at."""
    return _nearest(model, size, of_category, f"({_distance(size)}) + 0")


def _nearest(model: str, size: int, of_category: bool, order: str) -> str:
    return (
        f"SELECT seq, 1 - ({_distance(size)}) FROM memory_index WHERE tenant_id = :tenant AND user_id = :user"
        f" AND valid_to IS NULL{' AND category = :category' if of_category else ''}"
        f" AND embedding_dim = {size} AND embedding_model = {_literal(model).replace(':', chr(92) + ':')}"
        f" ORDER BY {order} LIMIT :limit"
    )


def _distance(size: int) -> str:
    return f"embedding_vector\\:\\:halfvec({size}) <=> CAST(:wanted AS halfvec({size}))"


def index_name(model: str, size: int) -> str:
    """What the index of a model and a dimension is called."""
    return f"memory_hnsw_{size}_{hashlib.blake2b(model.encode(), digest_size=6).hexdigest()}"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
