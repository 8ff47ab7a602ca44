"""How are stored vectors compared?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def unit(vector: bytes | Sequence[float] | None) -> Any:
    """A vector of length 1, or zeros where there is none; bytes are float16."""
    import numpy as np

    if vector is None:
        return np.zeros(1, np.float32)
    found = np.asarray(np.frombuffer(vector, np.float16) if isinstance(vector, bytes) else vector, np.float32)
    return found / (np.linalg.norm(found) or 1.0)


def cosine(one: bytes | Sequence[float] | None, other: bytes | Sequence[float] | None) -> float:
    """The likeness of two vectors; 0 where one is missing, is zero or has another dimension."""
    first, second = unit(one), unit(other)
    return float(first @ second) if first.shape == second.shape else 0.0
