"""Puts what repeats a better hit further down, so that the first ones say different things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .hit import Shortlist
from .matrix import Matrix


def varied(
    matrix: Matrix, shortlist: Shortlist, rows: Sequence[int], limit: int, diversity: float
) -> list[int]:
    """Some of the rows, by maximal marginal relevance; what that takes from a score is its part `repeats`."""
    import numpy as np

    scores = [shortlist.scores[row] for row in rows]
    spread = (max(scores, default=0.0) - min(scores, default=0.0)) or 1.0
    alike = _alike(matrix, rows)
    left, chosen = list(range(len(rows))), list[int]()
    repeats = np.zeros(len(rows))
    while left and len(chosen) < limit:
        worth = [scores[i] - diversity * spread * float(repeats[i]) for i in left]
        best = left.pop(max(range(len(left)), key=lambda i: (worth[i], -i)))
        chosen.append(rows[best])
        shortlist.lower(rows[best], "repeats", diversity * spread * float(repeats[best]))
        repeats = np.maximum(repeats, alike[best])
    return chosen


def _alike(matrix: Matrix, rows: Sequence[int]) -> Any:
    """How alike rows are to each other, 0 to 1, by their vectors; one without a vector is like no other."""
    import numpy as np

    alike = np.eye(len(rows))
    for vectors in matrix.vectors.values():
        there = vectors.of(rows)
        places = [place for place, row in enumerate(rows) if row in there]
        if places:
            block = np.stack([there[rows[place]] for place in places])
            alike[np.ix_(places, places)] = np.clip(block @ block.T, 0, 1)
    return alike
