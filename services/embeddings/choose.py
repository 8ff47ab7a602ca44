"""Which embedder is used when none is named?"""

from __future__ import annotations

from .protocol import Embedder
from .wordllama import WordLlamaEmbedder


def default_embedder() -> Embedder:
    """The embedder that needs nothing but the installed package."""
    return WordLlamaEmbedder()
