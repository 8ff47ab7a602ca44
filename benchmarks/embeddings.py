"""Embeds a text once: what was embedded before is kept in ~/.cache/turngraph-bench, by model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from turngraph.services import Embedder


class Cached:
    """An embedder that remembers what it was asked."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.model_id = inner, inner.model_id
        name = "".join(c if c.isalnum() else "-" for c in inner.model_id)
        self._path = Path.home() / ".cache" / "turngraph-bench" / f"embeddings-{name}.npz"
        self._known: dict[str, Any] = {}
        if self._path.is_file():
            with np.load(self._path) as held:
                self._known = dict(zip(held["keys"].tolist(), held["vectors"], strict=True))

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self.inner.dimension

    def embed(self, texts: Sequence[str]) -> Any:
        """The vectors of the texts."""
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            self._known.update(zip(missing, self.inner.embed(list(missing.values())), strict=True))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._path.with_suffix(".part.npz")
            np.savez(whole, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
            whole.replace(self._path)
        return np.stack([self._known[key] for key in keys])
