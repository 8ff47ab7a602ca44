"""Which embedder is used: the one named, else that of the setting, else the one that needs nothing more?"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Final

from ..errors import SettingError
from ..settings import setting
from .minilm import MiniLmEmbedder
from .protocol import Embedder
from .remote import RemoteEmbedder
from .wordllama import WordLlamaEmbedder

EMBEDDERS: Final[dict[str, Callable[[], Embedder]]] = {
    "wordllama": WordLlamaEmbedder,
    "minilm": MiniLmEmbedder,
    "openai": RemoteEmbedder,
}


def embedder_named(name: str) -> Embedder:
    """The embedder of a name: `wordllama`, `minilm`, or `openai`, also with a model as `openai:MODEL`."""
    kind, _, model = name.strip().partition(":")
    if kind == "openai" and model:
        return RemoteEmbedder(model)
    if kind in EMBEDDERS and not model:
        return EMBEDDERS[kind]()
    near = difflib.get_close_matches(kind, EMBEDDERS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near and near[0] != kind else ""
    raise SettingError(
        f"there is no embedder {name!r}.{hint} There are {', '.join(EMBEDDERS)} and openai:MODEL; "
        f"set TURNGRAPH_EMBEDDER to one, or give embedder= any object with model_id, dimension and embed(texts)."
    )


def default_embedder() -> Embedder:
    """The embedder of the setting TURNGRAPH_EMBEDDER; unset, the one that needs nothing but the installed package."""
    return embedder_named(setting("embedder") or "wordllama")
