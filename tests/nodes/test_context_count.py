"""Who is asked how many tokens a context is, how often, and what comes of the answer?"""

from __future__ import annotations

import asyncio
import logging

import pytest

from turngraph.nodes.conversation import context_count
from turngraph.nodes.conversation.context_budget import Fitted, Wanted, fitted
from turngraph.nodes.conversation.context_count import COUNTS, NEAR, counted
from turngraph.services import LanguageModel, ModelUnavailable, OfflineModel, Prompt

from .test_context import greedy

LIMIT = 2_000


async def built(model: LanguageModel | None, wanted: Wanted | None = None, limit: int = LIMIT) -> Fitted:
    wanted = wanted or greedy()
    return await counted(fitted(wanted, limit), wanted, limit, 1.0, model)


class Counting(OfflineModel):
    """Counts `factor` times the estimate."""

    def __init__(self, factor: float, *, counts: bool = True) -> None:
        super().__init__()
        self.factor, self.counts = factor, counts
        self.asked: list[Prompt] = []

    async def count_tokens(self, prompt: Prompt) -> int:
        self.asked.append(prompt)
        return round(prompt.tokens() * self.factor)


async def test_a_context_near_its_limit_is_counted_by_the_model_and_stands_where_it_fits() -> None:
    model = Counting(0.7)
    found = await built(model)
    estimated = fitted(greedy(), LIMIT)
    assert estimated.report.tokens >= NEAR * LIMIT and not estimated.report.counted
    assert model.asked == [estimated.prompt] and found.prompt == estimated.prompt
    assert found.report.counted and found.report.tokens == await model.count_tokens(found.prompt)


@pytest.mark.parametrize("factor", [1.2, 2.0, 3.5])
async def test_what_the_model_counts_over_the_limit_is_built_again_smaller(factor: float) -> None:
    model = Counting(factor)
    found = await built(model)
    assert found.prompt.tokens() * factor <= LIMIT < fitted(greedy(), LIMIT).prompt.tokens() * factor
    assert 1 <= len(model.asked) <= COUNTS
    assert {left.part for left in found.report.left_out} > {"turns"}


async def test_nobody_is_asked_far_from_the_limit_or_where_nobody_counts() -> None:
    model, guessing = Counting(5.0), Counting(5.0, counts=False)
    far = await built(model, greedy(turns=[], recent=[]), 100_000)
    near = [await built(one) for one in (guessing, OfflineModel(), None)]
    assert not model.asked and not guessing.asked
    assert not any(found.report.counted for found in (far, *near))
    assert all(found.prompt == fitted(greedy(), LIMIT).prompt for found in near)


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_the_estimate_stands_where_no_count_comes(
    trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Troubled(Counting):
        async def count_tokens(self, prompt: Prompt) -> int:
            if trouble == "fails":
                raise ModelUnavailable("down")
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(context_count, "SECONDS", 0.01)
    with caplog.at_level(logging.WARNING, "turngraph"):
        found = await built(Troubled(1.0))
    assert found.prompt == fitted(greedy(), LIMIT).prompt and not found.report.counted
    assert "not counted" in caplog.text
