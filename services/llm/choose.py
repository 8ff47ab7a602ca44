"""Which language model answers, and why that one?

An argument wins, then TURNGRAPH_MODEL: `provider:model`, or several with commas between them, asked in turn until one
answers. With neither, the first provider whose key is there, else Ollama where a model of it is named and it answers,
else offline.
"""

from __future__ import annotations

import importlib.util
import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from ..embeddings import default_embedder
from ..errors import ModelNotConfigured
from ..settings import set_by, setting
from .call import Policy
from .client import ProviderModel
from .connection import Connection, address
from .gate import Gate
from .offline import MODEL, OfflineModel
from .protocol import LanguageModel
from .providers import PROVIDERS, Provider, provider_named, unknown_provider

PROBE = 0.2
"""Seconds that a server on this machine has to take a connection."""
SHOWN = 8
"""So many of its models are named."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of one provider."""

    provider: Provider
    model: str
    ready: bool
    """Whether it can be asked as things stand."""
    why: str
    """What was found, or what is missing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The models that are asked, in this order, and why."""

    models: tuple[str, ...]
    why: str


def language_model(
    name: str | None = None, *, gate: Gate | None = None, policy: Policy | None = None
) -> LanguageModel:
    """The model named "provider:model", or a chain of them; unnamed the one that is set or found, else offline."""
    models = [_parsed(model) for model in model_choice(name).models]
    if models[0][0].name == "offline":
        return OfflineModel(default_embedder())
    return ProviderModel(
        *(Connection(provider, model or None) for provider, model in models), gate=gate, policy=policy
    )


def model_choice(name: str | None = None) -> Choice:
    """Which models are asked when this one is named, or none, and why."""
    if name:
        return Choice(_names(name), "it was asked for")
    if named := setting("model"):
        return Choice(_names(named), "TURNGRAPH_MODEL names it")
    for provider in PROVIDERS:
        found = _found(provider)
        if found.ready and provider.name != "offline":
            return Choice((f"{found.provider.name}:{found.model}",), found.why)
    return Choice((f"offline:{MODEL}",), "no key was found, and no model is named")


def providers_found() -> list[Found]:
    """What is there of each provider, in the order in which they are chosen."""
    return [_found(provider) for provider in PROVIDERS]


def _names(named: str) -> tuple[str, ...]:
    """The chain of models in one text, each as provider:model."""
    models = [_parsed(part) for part in named.split(",") if part.strip()]
    if not models:
        raise unknown_provider(named.strip())
    if len(models) > 1 and any(provider.name == "offline" for provider, _ in models):
        raise ModelNotConfigured(
            f"offline answers always, and by rule: it cannot stand in a chain of models; found {named!r}. "
            "Name it alone, or leave it out.",
            provider="offline",
        )
    return tuple(f"{provider.name}:{model}" for provider, model in models)


def _parsed(name: str) -> tuple[Provider, str]:
    named, _, model = name.strip().partition(":")
    provider = provider_named(named)
    if provider is None:
        raise unknown_provider(named.strip().lower())
    model = model.strip()
    if provider.name == "offline" and model not in ("", MODEL):
        raise ModelNotConfigured(
            f"The offline provider has one model, offline:{MODEL}; found {name!r}.",
            provider=provider.name,
            model=model,
        )
    return provider, model or _set(provider, "model") or (MODEL if provider.name == "offline" else "")


def _found(provider: Provider) -> Found:
    model = _set(provider, "model")
    if provider.name == "offline":
        return Found(provider, MODEL, True, "always there")
    ready, why = _state(provider)
    if ready and not model:
        has = [] if provider.needs_key else _served(_set(provider, "base_url"))
        named = f": {', '.join(has[:SHOWN])}{', ...' if len(has) > SHOWN else ''}" if has else ""
        ready, why = False, f"{why}; set {provider.variable('model')} to choose a model of it{named}"
    return Found(provider, model, ready, why)


def _state(provider: Provider) -> tuple[bool, str]:
    package = "anthropic" if provider.speaks == "anthropic" else "openai"
    if provider.needs_key:
        entry = provider.setting("api_key")
        variable = set_by(entry.name) if entry else None
        if variable is None:
            return False, f"{' or '.join(entry.variables if entry else ())} is not set"
        ready, why = True, f"{variable} is set"
    else:
        url = _set(provider, "base_url")
        if not url:
            return False, f"{provider.variable('base_url')} is not set"
        ready, why = _listens(url)
    if ready and importlib.util.find_spec(package) is None:
        return False, f'{why}, but the package {package} is missing: pip install "turngraph[{package}]"'
    return ready, why


def _listens(url: str) -> tuple[bool, str]:
    parts = urlsplit(address(url))
    where = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    try:
        socket.create_connection(
            (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), timeout=PROBE
        ).close()
    except OSError:
        return False, f"nothing answers on {where}"
    return True, f"it answers on {where}"


def _served(url: str) -> list[str]:
    """The models that a server on this machine has; none where it does not say."""
    parts = urlsplit(address(url))
    if parts.scheme != "http":
        return []
    asked = HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE)
    try:
        asked.request("GET", f"{parts.path.rstrip('/').removesuffix('/v1')}/v1/models")
        names = [one["id"] for one in json.loads(asked.getresponse().read(1_000_000))["data"]]
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return []
    finally:
        asked.close()
    return [name for name in names if isinstance(name, str) and name.isprintable()]


def _set(provider: Provider, what: str) -> str:
    entry = provider.setting(what)
    return (setting(entry.name) or "").strip() if entry else ""
