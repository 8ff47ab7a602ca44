"""Does a context that is near its limit fit by the provider's own count too?"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ...services import ClaudeAPIError, LanguageModel, Prompt
from ...services.llm.protocol import CountingModel
from .context_budget import Fitted, Wanted, fitted

logger = logging.getLogger("turngraph")

NEAR: Final = 0.9
"""From which share of its limit on a context is counted: below, the estimate is sure enough."""
COUNTS: Final = 2
"""How often one context is counted at most."""
SECONDS: Final = 3.0
"""How long a count is waited for; the estimate stands where none comes."""


async def counted(
    found: Fitted, wanted: Wanted, limit: int, correction: float, llm: LanguageModel | None
) -> Fitted:
    """The context itself, or a smaller one where the model counts it over the limit."""
    for _ in range(COUNTS):
        if found.report.tokens < NEAR * limit or (tokens := await _count(llm, found.prompt)) is None:
            break
        if tokens <= limit:
            found.report.tokens, found.report.counted = tokens, True
            break
        correction = max(correction, tokens / max(1, found.prompt.tokens()))
        found = await asyncio.to_thread(fitted, wanted, limit, correction)
    return found


async def _count(llm: LanguageModel | None, prompt: Prompt) -> int | None:
    if not isinstance(llm, CountingModel) or not llm.counts:
        return None
    try:
        async with asyncio.timeout(SECONDS):
            return await llm.count_tokens(prompt)
    except (ClaudeAPIError, TimeoutError) as error:
        logger.warning("the estimate of a context stands, since it was not counted: %s", type(error).__name__)
        return None
