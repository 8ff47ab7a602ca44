"""Are stored vectors compared by what they point to, in whatever form they come?"""

from __future__ import annotations

import numpy as np
import pytest

from turngraph.models.vectors import cosine, unit


def test_a_unit_vector_has_length_one_and_what_is_missing_has_none() -> None:
    assert np.allclose(unit([3.0, 4.0]), [0.6, 0.8]) and np.allclose(
        unit(np.array([3, 4], np.float16).tobytes()), [0.6, 0.8]
    )
    assert not unit(None).any() and not unit([0.0, 0.0]).any()


def test_the_cosine_is_of_bytes_and_numbers_alike() -> None:
    east, both = np.array([1, 0], np.float16), [1.0, 1.0]
    assert cosine(east.tobytes(), both) == pytest.approx(0.5**0.5) == cosine(both, east.tobytes())


@pytest.mark.parametrize("other", [None, [0.0, 0.0], [1.0, 0.0, 0.0]])
def test_what_cannot_be_compared_is_not_alike(other: list[float] | None) -> None:
    assert cosine([1.0, 0.0], other) == 0.0 == cosine(other, [1.0, 0.0])
