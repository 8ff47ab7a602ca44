"""Which memories are nearest to a vector, and nothing but that?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from .matrices import matrix_of
from .matrix import NEVER
from .memory import MemoryIndex
from .pgvector import nearest_rows
from .repositories.memories import owned
from .scope import Scope

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

EQUAL: Final = 1e-4
"""Cosines that differ by less are equal: then importance decides."""
MOST: Final = 500
"""How many of those as near are looked at, where fewer are wanted."""


def nearest(
    session: Session,
    scope: Scope,
    query_embedding: Sequence[float],
    *,
    category: str | None = None,
    limit: int = 10,
) -> list[MemoryIndex]:
    """The user's memories that hold by cosine to a vector, over all that have one of that dimension; ties by
    importance."""
    import numpy as np

    wanted = np.nan_to_num(np.asarray(query_embedding, np.float32))
    wanted = wanted / (np.linalg.norm(wanted) or 1.0)
    indexed = nearest_rows(session, scope, wanted.tolist(), category, limit)
    cosines = _exact(session, scope, wanted, category, limit) if indexed is None else indexed
    query = select(MemoryIndex).where(*owned(scope), MemoryIndex.seq.in_(sorted(cosines)))
    memories = session.scalars(query).all() if cosines else []
    order = sorted(memories, key=lambda one: (-round(cosines[one.seq], 4), -one.importance_score, -one.seq))
    return order[:limit]


def _exact(
    session: Session, scope: Scope, wanted: Numbers, category: str | None, limit: int
) -> dict[int, float]:
    """The cosines of the nearest, and of those as near, by their row numbers: all are looked at."""
    import numpy as np

    cosines = dict[int, float]()
    with matrix_of(session, scope) as matrix:
        may = matrix.memory.astype(bool) & (matrix.until == NEVER)
        if category is not None:
            may &= matrix.category == matrix.categories.get(category, -1)
        for (_, dimension), vectors in matrix.vectors.items():
            if dimension != len(wanted):
                continue
            rows, found = vectors.cosines(wanted)
            rows, found = rows[may[rows]], found[may[rows]]
            if len(found) > limit:
                least = np.partition(found, len(found) - limit)[len(found) - limit] - EQUAL
                rows, found = rows[found >= least], found[found >= least]
            best = np.argsort(-found, kind="stable")[: max(MOST, limit)]
            cosines.update(zip(matrix.seq[rows[best]].tolist(), found[best].tolist(), strict=True))
    return cosines
