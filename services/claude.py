"""How is Claude asked a plain question, without any memory?"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .llm.anthropic import AnthropicModel
from .llm.choose import unknown_provider
from .llm.offline import OfflineModel
from .llm.prompt import INSTRUCTIONS, Prompt


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
        if provider not in ("anthropic", "offline"):
            raise unknown_provider(provider)
        self.provider = provider
        self._api_key = api_key
        self._base_url = base_url
        self._model = model
        self._clients: dict[tuple[int, float], AnthropicModel] = {}

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
        if self.provider == "offline":
            asked = Prompt(message=prompt, instructions=system_prompt or INSTRUCTIONS)
            return (await OfflineModel().reply(asked, max_tokens=max_tokens)).text
        kind = (max_retries, backoff_factor)
        if kind not in self._clients:
            self._clients[kind] = AnthropicModel(
                self._model,
                api_key=self._api_key,
                base_url=self._base_url,
                attempts=max_retries,
                backoff=backoff_factor,
            )
        reply = await self._clients[kind].complete(prompt, system=system_prompt, max_tokens=max_tokens)
        return reply.text

    async def aclose(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
