"""Do the embedder's vectors keep to the protocol, and mean something?"""

from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from turngraph.services import Embedder, WordLlamaEmbedder, default_embedder


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return default_embedder()


def test_rows_are_of_length_one_and_empty_text_is_zero(embedder: Embedder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = embedder.embed(
            ["My dog is called Biscuit", "", " \n", "\x00", "\ud800", "😀", "a" * 1_000_000]
        )
    assert rows.shape == (7, embedder.dimension)
    assert rows.dtype == np.float32
    lengths = np.linalg.norm(rows, axis=1)
    assert np.isfinite(rows).all()
    assert np.allclose(lengths[[0, 5, 6]], 1.0, atol=1e-5)
    assert not lengths[[1, 2, 3]].any()
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_paraphrase_is_nearer_than_anything_else(embedder: Embedder) -> None:
    pairs = [
        ("What is the name of my pet?", "My dog is called Biscuit"),
        ("Where does my sister live?", "My sister Petra has a flat in Lisbon"),
        ("What is my job?", "I work as a marine biologist"),
    ]
    asked = embedder.embed([question for question, _ in pairs])
    said = embedder.embed([statement for _, statement in pairs])
    assert (asked @ said.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_text_has_one_vector_whatever_stands_beside_it(embedder: Embedder) -> None:
    alone = embedder.embed(["My dog is called Biscuit"])[0]
    crowd = embedder.embed(
        ["word " * 500, "My dog is called Biscuit", "", *(f"text {n}" for n in range(100))]
    )[1]
    assert float(alone @ crowd) > 0.9999


def test_threads_share_one_model() -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: WordLlamaEmbedder().embed([f"thread {n % 2}"])[0], range(16)))
    assert all(np.allclose(row, rows[n % 2], atol=1e-5) for n, row in enumerate(rows))


def test_the_default_keeps_to_the_protocol(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert "wordllama" in embedder.model_id


def test_loading_leaves_the_applications_logging_alone() -> None:
    code = (
        "import logging; from turngraph.services import default_embedder; default_embedder().embed(['x']); "
        "assert logging.getLogger().level == logging.WARNING and logging.getLogger().handlers == []"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
