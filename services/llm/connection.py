"""Which model of which provider is asked, at which address and with which key?"""

from __future__ import annotations

import asyncio
import json
import weakref
from typing import Any

from ..errors import ModelNotConfigured
from ..settings import setting
from .anthropic import AnthropicDialect
from .dialect import LARGEST, Dialect
from .failures import Failure, Names, failure
from .health import Health
from .openai import OpenAiDialect
from .providers import Provider, provider_named, unknown_provider
from .request import Request

DIALECTS: dict[str, Dialect] = {"anthropic": AnthropicDialect(), "openai": OpenAiDialect()}

_PREAMBLE = 1_000
"""Tokens of what a provider itself writes before the prompt when tools or a schema come with it, at most."""
_FRAME = 64


class Connection:
    """One model of one provider: it makes single attempts, and knows how its provider has been of late."""

    def __init__(
        self,
        provider: Provider | str,
        model: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        largest: int = LARGEST,
    ) -> None:
        row = provider_named(provider) if isinstance(provider, str) else provider
        if row is None:
            raise unknown_provider(str(provider))
        self.provider = provider = row
        self.model = _found(provider, "model", model)
        self.key = _found(provider, "api_key", api_key) or ("" if provider.needs_key else "none")
        self.base_url = address(_found(provider, "base_url", base_url))
        self.timeout = timeout
        self.largest = largest
        if provider.speaks == "rules":
            raise ValueError("offline is asked through OfflineModel; it has no connection")
        self.dialect = DIALECTS[provider.speaks]
        self.health = Health()
        # A client's connections belong to the loop that opened them.
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Any]
        self._clients = weakref.WeakKeyDictionary()

    @property
    def name(self) -> str:
        """The model as "provider:model"."""
        return f"{self.provider.name}:{self.model}"

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, base_url={self.base_url!r})"

    def client(self) -> Any:
        """The SDK's client of this event loop; ModelNotConfigured where key, model or address are missing."""
        self._configured()
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self.dialect.client(self)
        return client

    def bound(self, body: dict[str, Any], request: Request) -> int:
        """The most tokens that the input can be: one for each byte of it, and what the provider adds."""
        written = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        return written + _FRAME + (_PREAMBLE if request.tools or request.shape is not None else 0)

    def failure(self, error: Exception) -> Failure:
        """What a failure of an attempt means."""
        provider = self.provider
        names = Names(
            provider.name,
            self.model,
            key=provider.variable("api_key"),
            model_variable=provider.variable("model"),
            base_url=provider.variable("base_url"),
            secret=self.key if len(self.key) > 4 else "",
        )
        return failure(error, names, self.dialect.sdk())

    async def aclose(self) -> None:
        """Closes the connections of this event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _configured(self) -> None:
        provider, missing = self.provider, ""
        if not self.key:
            missing = f"{provider.title} needs a key and none was found. Set {provider.variable('api_key')}"
        elif not (self.key.isascii() and self.key.isprintable()) or " " in self.key:
            missing = f"the key for {provider.title} holds characters that no key has. Set {provider.variable('api_key')} anew"
        elif not self.model:
            missing = f"{provider.title} has no model of its own choice. Name one: {provider.name}:MODEL, or set {provider.variable('model')}"
        elif not self.base_url:
            missing = f"{provider.title} needs an address. Set {provider.variable('base_url')}"
        if missing:
            raise ModelNotConfigured(
                f"{missing} (in the environment or in .env), give it as an argument, "
                "or use the model offline:rules, which needs nothing.",
                provider=provider.name,
                model=self.model,
            )


def address(url: str) -> str:
    """The URL of a server that may have been given as a host and a port, as OLLAMA_HOST is."""
    if not url:
        return ""
    whole = url if "://" in url else f"http://{url}"
    return whole.replace("://0.0.0.0", "://127.0.0.1").rstrip("/")


def _found(provider: Provider, what: str, given: str | None) -> str:
    entry = provider.setting(what)
    if entry is None:
        return (given or "").strip()
    return (setting(entry.name, given or None) or "").strip()
