"""How is Claude, or another model, asked a plain question, without any memory?"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .llm.call import Policy
from .llm.client import ProviderModel
from .llm.connection import Connection
from .llm.offline import OfflineModel
from .llm.prompt import INSTRUCTIONS, Prompt
from .llm.providers import provider_named, unknown_provider


class ClaudeAPIClient:
    """A client that sends one text and gives one text back."""

    def __init__(
        self,
        provider: str = "anthropic",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        model: str | None = None,
    ) -> None:
        row = provider_named(provider)
        if row is None:
            raise unknown_provider(provider)
        self.provider = row.name
        self._connection = (
            None if row.speaks == "rules" else Connection(row, model, api_key=api_key, base_url=base_url)
        )

    async def call_claude(
        self,
        prompt: str,
        *,
        system_prompt: str | None = None,
        max_tokens: int = 1024,
        max_retries: int = 3,
        backoff_factor: float = 2.0,
    ) -> str:
        """The model's answer to a text; `max_retries` is all attempts, `backoff_factor` the first wait in seconds."""
        if self._connection is None:
            asked = Prompt(message=prompt, instructions=system_prompt or INSTRUCTIONS)
            return (await OfflineModel().reply(asked, max_tokens=max_tokens)).text
        policy = Policy(attempts=max_retries, backoff=backoff_factor)
        model = ProviderModel(self._connection, policy=policy)
        return (await model.complete(prompt, system=system_prompt, max_tokens=max_tokens)).text

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._connection is not None:
            await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
