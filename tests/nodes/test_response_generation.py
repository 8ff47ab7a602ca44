"""Which action does the generating node take, and what does it say, however its model ends?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from turngraph.engine import END, Graph, Token
from turngraph.nodes import ResponseGenerationNode
from turngraph.services import (
    BudgetExceeded,
    ClaudeAPIError,
    ModelRefused,
    ModelUnavailable,
    OfflineModel,
    Prompt,
    RateLimited,
    Reply,
)

ENDINGS = ("failed", "over_budget", "refused", "truncated")


class Ends(OfflineModel):
    """Says some pieces and then ends as it is told."""

    def __init__(self, *pieces: str, how: ClaudeAPIError | str = "end_turn") -> None:
        super().__init__()
        self.pieces, self.how = pieces, how

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        for piece in self.pieces:
            yield piece
        if isinstance(self.how, ClaudeAPIError):
            raise self.how
        yield Reply(text="".join(self.pieces), provider="p", model="m", stop_reason=self.how)


async def ended(model: Ends) -> tuple[Any, str]:
    """The run's result, and all that was shown of it."""
    node = ResponseGenerationNode()
    graph = Graph("g", node >> END, *(node - ending >> END for ending in ENDINGS)).bind(llm=model)
    shown, result = "", None
    async for event in graph.stream({"built_context": Prompt(message="Hello")}):
        shown += event.text if isinstance(event, Token) else ""
        result = getattr(event, "result", result)
    return result, shown


async def test_an_answer_takes_the_default_way() -> None:
    result, shown = await ended(Ends("Hel", "lo."))
    assert (result.action, result["response"], result["generation_success"]) == ("default", "Hello.", True)
    assert shown == "Hello."


@pytest.mark.parametrize("stop", ["max_tokens", "model_context_window_exceeded"])
async def test_an_answer_at_its_limit_says_that_it_ends_there(stop: str) -> None:
    result, shown = await ended(Ends("It was ", "the", how=stop))
    assert (result.action, result["generation_success"], result["stop_reason"]) == ("truncated", True, stop)
    assert result["response"].startswith("It was the\n\n(") and "go on" in result["response"]
    assert shown == result["response"]


async def test_a_limit_before_the_first_word_is_told_too() -> None:
    result, shown = await ended(Ends(how="max_tokens"))
    assert result.action == "truncated" and result["response"] == shown != ""


@pytest.mark.parametrize(
    ("error", "action", "said"),
    [
        (ModelRefused("p:m declined"), "refused", "declined"),
        (BudgetExceeded("ada has 3 left"), "over_budget", "budget"),
        (RateLimited("no room"), "failed", "too many calls"),
        (ModelUnavailable("overloaded"), "failed", "did not respond"),
    ],
)
async def test_no_answer_is_an_action_and_an_honest_text(
    error: ClaudeAPIError, action: str, said: str
) -> None:
    result, _ = await ended(Ends(how=error))
    assert (result.action, result["generation_success"]) == (action, False)
    assert said in result["response"]
    assert result["reply_metadata"] == {"error": type(error).__name__, "reason": str(error)}


async def test_an_empty_answer_is_none() -> None:
    result, _ = await ended(Ends(" "))
    assert (result.action, result["generation_success"]) == ("failed", False)
