"""Which language model answers when none is named, and what does a name like provider:model mean?"""

from __future__ import annotations

import difflib

from ..embeddings import default_embedder
from ..errors import ModelNotConfigured
from ..settings import setting
from .anthropic import AnthropicModel
from .offline import MODEL, OfflineModel
from .protocol import LanguageModel

PROVIDERS = ("anthropic", "offline")


def language_model(name: str | None = None) -> LanguageModel:
    """The model named "provider:model"; unnamed the one that is set, else anthropic with a key, else offline."""
    chosen = setting("model", name)
    if not chosen:
        chosen = "anthropic" if setting("anthropic_api_key") else "offline"
    provider, _, model = chosen.strip().partition(":")
    provider = provider.strip().lower()
    if provider == "offline":
        if model.strip() not in ("", MODEL):
            raise ModelNotConfigured(
                f"The offline provider has one model, offline:{MODEL}; found {chosen!r}.",
                provider=provider,
                model=model,
            )
        return OfflineModel(default_embedder())
    if provider == "anthropic":
        return AnthropicModel(model.strip() or None)
    raise unknown_provider(provider)


def unknown_provider(provider: str) -> ModelNotConfigured:
    """The error for a provider that does not exist, naming those that do."""
    near = difflib.get_close_matches(provider, PROVIDERS, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ModelNotConfigured(
        f"There is no language model provider {provider!r}.{hint} Providers are: {', '.join(PROVIDERS)}. "
        "Name a model as provider:model, for instance anthropic:claude-sonnet-5-5 or offline:rules.",
        provider=provider,
    )
