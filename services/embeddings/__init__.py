"""How does text become vectors?"""

from .choose import default_embedder, embedder_named
from .minilm import MiniLmEmbedder
from .protocol import Embedder
from .remote import RemoteEmbedder
from .wordllama import WordLlamaEmbedder

__all__ = [
    "default_embedder",
    "Embedder",
    "embedder_named",
    "MiniLmEmbedder",
    "RemoteEmbedder",
    "WordLlamaEmbedder",
]
