"""How is text embedded with no network, no key and no GPU?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST = 8_000
"""Characters of a text that count: an average over more words says little and costs much."""

_BATCH = 64
_LOADING = threading.Lock()


class WordLlamaEmbedder:
    """WordLlama's averaged word vectors: 256 numbers, about 0.03 ms a text, loaded on first use."""

    model_id = "wordllama:l2_supercat_256"
    dimension = 256

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One float32 row of length one for each text; zeros for a text without any word."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        clean = [cleaned(text) for text in texts]
        # The tokenizer pads a batch to its longest text, so texts of like length go together.
        order = sorted((i for i, text in enumerate(clean) if text), key=lambda i: len(clean[i]))
        if not order:
            return rows
        model = _model()
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            try:
                rows[batch] = model.embed([clean[i] for i in batch], norm=False)
            except Exception as error:
                raise EmbeddingError(f"WordLlama could not embed {len(batch)} texts: {error}") from error
        rows[~np.isfinite(rows).all(axis=1)] = 0.0
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows


def cleaned(text: str) -> str:
    """The part of a text that is embedded, as text that any tokenizer takes."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8").replace("\x00", " ").strip()


def _model() -> Any:
    with _LOADING:
        return _load()


@lru_cache(maxsize=1)
def _load() -> Any:
    try:
        wordllama = _quietly_imported()

        # The wheel holds weights and tokenizer, but load() looks beside them and then asks the network.
        folder = Path(wordllama.__file__).parent
        return wordllama.WordLlama.load(dim=256, cache_dir=folder, disable_download=True)
    except Exception as error:
        raise EmbeddingError(
            f"WordLlama could not be loaded from its package: {error}. Install it again: pip install wordllama"
        ) from error


def _quietly_imported() -> Any:
    """Imports wordllama, which sets up the root logger, and puts that back as the application had it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        import wordllama
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
    return wordllama
