"""Which providers of language models are there, and what is to know about each?

One row each. Key, model and address come from the settings named after the row: `zai_api_key`, `zai_model`,
`zai_base_url`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from ..errors import ModelNotConfigured
from ..settings import SETTINGS, Setting, setting
from .price import Price, parsed_prices

Speaks = Literal["anthropic", "openai", "rules"]


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who runs language models, and how they are asked."""

    name: str
    title: str
    speaks: Speaks
    note: str
    aliases: tuple[str, ...] = ()
    needs_key: bool = True
    enforces: bool = False
    """Whether it keeps to a JSON schema; where it does not, the schema stands in the prompt."""
    counts: bool = False
    """Whether it counts the tokens of a prompt."""
    caches: bool = False
    """Whether a prompt can be marked for its cache."""
    limit: str = "max_tokens"
    """What `max_tokens` is called there."""
    prices: tuple[tuple[str, Price], ...] = ()
    """By how a model's name begins; the first that fits holds."""

    def setting(self, what: str) -> Setting | None:
        """The setting of this provider for "api_key", "model" or "base_url"."""
        wanted = f"{self.name}_{what}"
        return next((entry for entry in SETTINGS if entry.name == wanted), None)

    def variable(self, what: str) -> str:
        """The first environment variable of that setting; empty where there is none."""
        entry = self.setting(what)
        return entry.variables[0] if entry else ""

    def price(self, model: str) -> Price | None:
        """What a model costs; None where it is not known."""
        return next((price for begins, price in self.prices if model.startswith(begins)), None)


_FREE = (("", Price(0.0, 0.0)),)

PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "anthropic",
        "Anthropic",
        "anthropic",
        "Claude; or any server that speaks Messages, by ANTHROPIC_BASE_URL",
        enforces=True,
        counts=True,
        caches=True,
        prices=(
            ("claude-opus", Price(5.0, 25.0, 0.5, 6.25)),
            ("claude-sonnet", Price(3.0, 15.0, 0.3, 3.75)),
            ("claude-haiku", Price(1.0, 5.0, 0.1, 1.25)),
        ),
    ),
    Provider(
        "zai",
        "z.ai",
        "anthropic",
        "serves GLM models, no Claude",
        aliases=("z.ai",),
        prices=(("glm-4.6", Price(0.6, 2.2, 0.11)), ("glm-4.5", Price(0.6, 2.2, 0.11))),
    ),
    Provider(
        "ionet",
        "io.net",
        "openai",
        "serves open models, no Claude",
        aliases=("io.net", "ioai", "iointelligence"),
    ),
    Provider(
        "openai",
        "OpenAI",
        "openai",
        "or any server that speaks chat completions, by OPENAI_BASE_URL",
        enforces=True,
        limit="max_completion_tokens",
        prices=(
            ("gpt-5-mini", Price(0.25, 2.0, 0.025)),
            ("gpt-5-nano", Price(0.05, 0.4, 0.005)),
        ),
    ),
    Provider(
        "gemini",
        "Google Gemini",
        "openai",
        "through its compatible endpoint",
        aliases=("google",),
        enforces=True,
        prices=(("gemini-2.5-flash", Price(0.3, 2.5, 0.03)),),
    ),
    Provider(
        "ollama",
        "Ollama",
        "anthropic",
        "on this machine; chosen by itself where OLLAMA_MODEL is set and it answers",
        needs_key=False,
        prices=_FREE,
    ),
    Provider(
        "llamacpp",
        "llama.cpp",
        "anthropic",
        "its own server; it serves the one model it was started with",
        aliases=("llama.cpp",),
        needs_key=False,
        counts=True,
        prices=_FREE,
    ),
    Provider(
        "vllm",
        "vLLM",
        "openai",
        "or any other server that speaks chat completions, with or without a key",
        needs_key=False,
        enforces=True,
        prices=_FREE,
    ),
    Provider(
        "offline",
        "offline",
        "rules",
        "no model at all: by rule, deterministic, without a network",
        needs_key=False,
        prices=_FREE,
    ),
)

_BY_NAME = {name: row for row in PROVIDERS for name in (row.name, *row.aliases)}


def provider_named(name: str) -> Provider | None:
    """The provider of this name or other name; None where there is none."""
    return _BY_NAME.get(name.strip().lower())


def price_of(provider: str, model: str) -> Price | None:
    """What a million tokens of a model cost: as TURNGRAPH_PRICES says, else as the table does; None where neither knows."""
    for begins, price in parsed_prices(setting("prices") or ""):
        named, colon, rest = begins.partition(":")
        row = provider_named(named)
        if f"{provider}:{model}".startswith(begins if row is None else f"{row.name}{colon}{rest}"):
            return price
    row = provider_named(provider)
    return row.price(model) if row else None


def unknown_provider(provider: str) -> ModelNotConfigured:
    """The error for a provider that does not exist, naming those that do."""
    names = [row.name for row in PROVIDERS]
    every = [*names, *(alias for row in PROVIDERS for alias in row.aliases)]
    near = difflib.get_close_matches(provider, every, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ModelNotConfigured(
        f"There is no language model provider {provider!r}.{hint} Providers are: {', '.join(names)}. "
        "Name a model as provider:model, for instance anthropic:claude-sonnet-5-5 or offline:rules.",
        provider=provider,
    )
