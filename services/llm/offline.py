"""How does the system talk without a model, a key or a network?

By rule: what was said is found, turned into the second person and said back, with where it is known from.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from ..embeddings import Embedder
from ..tokens import estimate_tokens
from .answer import answer
from .extract import extract
from .prompt import Prompt, Turn
from .protocol import Extraction, Known, Reply, Usage
from .summarise import summarise
from .telling import Answer

if TYPE_CHECKING:
    from ..tools import Asking, Outcome, Tool

PROVIDER = "offline"
MODEL = "rules"

_PIECE = re.compile(r"\S+\s*")


class OfflineModel:
    """Answers from what stands in the prompt: deterministic, without a network, and honest about what it is."""

    name = f"{PROVIDER}:{MODEL}"

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    async def reply(self, prompt: Prompt, *, max_tokens: int = 1024) -> Reply:
        """The answer to the prompt's message."""
        # Long memories cost tens of milliseconds of pure Python: not on the loop's thread.
        found = await asyncio.to_thread(answer, prompt, self._embedder)
        return _reply(prompt, found, max_tokens)

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        """The answer word by word, and the whole Reply last."""
        whole = await self.reply(prompt, max_tokens=max_tokens)
        for piece in _PIECE.findall(whole.text):
            yield piece
        yield whole

    async def step(
        self, prompt: Prompt, tools: Sequence[Tool], done: Sequence[Outcome], *, max_tokens: int = 1024
    ) -> Asking:
        """The calls that the message asks for in so many words, of tools that come with turngraph; or the answer."""
        from ..tools.by_rule import calls_by_rule, told_by_rule
        from ..tools.protocol import Asking

        calls = [] if done else calls_by_rule(prompt.message, [tool.name for tool in tools])
        if not calls and not any(outcome.allowed for outcome in done):
            if done:  # all was refused, and the reply says so
                return Asking(**_reply(prompt, Answer("", True), max_tokens).model_dump())
            return Asking(**(await self.reply(prompt, max_tokens=max_tokens)).model_dump())
        return Asking(
            **_reply(prompt, Answer(told_by_rule(done), True), max_tokens).model_dump(), calls=calls
        )

    async def extract(self, turns: Sequence[Turn], known: Sequence[Known] = ()) -> Extraction:
        """The facts and preferences that the user stated; what is over is told by their slots, not judged here."""
        return await asyncio.to_thread(extract, turns)

    async def summarise(
        self, turns: Sequence[Turn], *, previous: str | None = None, max_tokens: int = 400
    ) -> str:
        """The sentences of these turns that hold facts, within `max_tokens`."""
        return await asyncio.to_thread(summarise, turns, previous=previous, max_tokens=max_tokens)

    async def aclose(self) -> None:
        """Nothing to give back."""


def _reply(prompt: Prompt, found: Answer, max_tokens: int) -> Reply:
    text, stop_reason = found.text, "end_turn"
    while estimate_tokens(text) > max(1, max_tokens) and " " in text:
        text, stop_reason = text[: max(1, len(text) * 3 // 4)].rsplit(" ", 1)[0].rstrip(), "max_tokens"
    return Reply(
        text=text,
        provider=PROVIDER,
        model=MODEL,
        usage=Usage(input_tokens=prompt.tokens(), output_tokens=estimate_tokens(text), estimated=True),
        stop_reason=stop_reason,
        metadata={"offline": True, "answered": found.answered, "preferences_applied": list(found.applied)},
        sources=found.sources,
    )
