"""How does text become vectors?"""

from .choose import default_embedder
from .protocol import Embedder
from .wordllama import WordLlamaEmbedder

__all__ = [
    "default_embedder",
    "Embedder",
    "WordLlamaEmbedder",
]
