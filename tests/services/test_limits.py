"""Does a provider never see more than its limit in any stretch of time, whatever the network does, and in fair order?"""

from __future__ import annotations

import asyncio
import random
import threading
import time

import pytest

from turngraph.services import RateLimited, SettingError
from turngraph.services.llm.gate import Attempt
from turngraph.services.llm.limits import Limit, Limits, parsed_limits
from turngraph.services.llm.price import Price
from turngraph.services.llm.providers import price_of

WINDOW = 0.3


def attempt(tokens: int = 10, deadline: float | None = None, provider: str = "fake") -> Attempt:
    return Attempt("call", 1, provider, "m", tokens, 0, None, deadline)


def most_in_any(times: list[float], seconds: float) -> int:
    """How many of the moments lie in the fullest stretch of so many seconds."""
    ordered = sorted(times)
    return max(sum(1 for t in ordered[i:] if t < start + seconds) for i, start in enumerate(ordered))


async def test_no_stretch_of_time_at_the_server_holds_more_though_the_network_delays_at_random():
    limits = Limits({"fake": Limit(requests=10, seconds=WINDOW)})
    seen: list[float] = []
    dice = random.Random(1)

    async def call() -> None:
        slot = await limits.enter(attempt())
        assert slot is not None
        await asyncio.sleep(dice.random() * WINDOW / 2)
        seen.append(time.monotonic())
        await asyncio.sleep(dice.random() * WINDOW / 4)
        slot.end(1)

    await asyncio.gather(*(call() for _ in range(40)))
    assert len(seen) == 40 and most_in_any(seen, WINDOW) <= 10


async def test_tokens_of_any_stretch_count_at_their_bound_and_then_as_they_were():
    now = [0.0]
    limits = Limits({"fake": Limit(tokens=100, seconds=60)}, clock=lambda: now[0])
    first = await limits.enter(attempt(80))
    assert first is not None
    second = asyncio.create_task(limits.enter(attempt(80)))
    await asyncio.sleep(0)
    assert not second.done()
    first.end(20)
    (slot,) = await asyncio.gather(second)
    assert slot is not None
    with pytest.raises(RateLimited, match="before this one's deadline"):
        slot.end(80)
        await limits.enter(attempt(80, asyncio.get_running_loop().time() + 1))
    now[0] = 60.0
    assert await limits.enter(attempt(80)) is not None


async def test_the_minute_of_a_request_runs_from_when_it_was_heard_of():
    now = [0.0]
    limits = Limits({"fake": Limit(requests=1, seconds=60)}, clock=lambda: now[0])
    slot = await limits.enter(attempt())
    assert slot is not None
    slot.heard()
    now[0] = 60.0
    other = await limits.enter(attempt())
    assert other is not None
    now[0] = 70.0
    slot.end(0)
    with pytest.raises(RateLimited):
        await limits.enter(attempt(deadline=asyncio.get_running_loop().time() + 30))


async def test_those_who_wait_are_served_in_order_and_the_large_are_not_overtaken_for_ever():
    limits = Limits({"fake": Limit(tokens=100, concurrent=3)})
    held = [await limits.enter(attempt(30)) for _ in range(3)]
    order: list[int] = []

    async def enter(number: int, tokens: int) -> None:
        slot = await limits.enter(attempt(tokens))
        order.append(number)
        await asyncio.sleep(0)
        assert slot is not None
        slot.end(0)

    tasks = [asyncio.create_task(enter(n, tokens)) for n, tokens in enumerate((100, 1, 1, 100, 1))]
    await asyncio.sleep(0)
    for slot in held:
        assert slot is not None
        slot.end(0)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_who_is_cancelled_leaves_the_queue_and_gives_back_a_turn_that_came_in_the_same_moment():
    limits = Limits({"fake": Limit(concurrent=1)})
    held = await limits.enter(attempt())
    assert held is not None
    gone, patient = (asyncio.create_task(limits.enter(attempt())) for _ in range(2))
    await asyncio.sleep(0)
    held.end(0)  # serves the first
    gone.cancel()
    slot = await asyncio.wait_for(patient, 5)
    assert gone.cancelled() and slot is not None


async def test_nobody_waits_past_the_deadline_and_one_who_cannot_be_served_in_time_is_told_at_once():
    limits = Limits({"fake": Limit(requests=1, seconds=1000), "busy": Limit(concurrent=1)})
    loop = asyncio.get_running_loop()
    await limits.enter(attempt())
    began = loop.time()
    with pytest.raises(RateLimited, match="TURNGRAPH_LIMITS") as told:
        await limits.enter(attempt(deadline=began + 900))
    assert not told.value.retryable and loop.time() < began + 500
    await limits.enter(attempt(provider="busy"))
    with pytest.raises(RateLimited):
        await limits.enter(attempt(deadline=loop.time() + 0.05, provider="busy"))


async def test_a_call_that_can_never_fit_is_refused():
    limits = Limits({"*": Limit(tokens=100)})
    with pytest.raises(RateLimited, match=r"may need 101 tokens.*no more than 100"):
        await limits.enter(attempt(101))


async def test_the_loops_of_several_threads_share_a_limit():
    limits = Limits({"fake": Limit(requests=5, seconds=WINDOW, concurrent=2)})
    seen: list[float] = []

    async def calls() -> None:
        for _ in range(5):
            slot = await limits.enter(attempt())
            assert slot is not None
            seen.append(time.monotonic())
            await asyncio.sleep(0.001)
            slot.end(0)

    threads = [threading.Thread(target=asyncio.run, args=(calls(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert len(seen) == 15 and most_in_any(seen, WINDOW) <= 5


def test_limits_are_read_from_text():
    found = parsed_limits("anthropic: requests=50 tokens=40_000\n*: concurrent=8;")
    assert found == {"anthropic": Limit(50, 40_000, None), "*": Limit(None, None, 8)}
    assert parsed_limits("z.ai: requests=5; Google: tokens=9").keys() == {
        "zai",
        "gemini",
    }  # as attempts name them


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("anthropic requests=5", "expected parts such as"),
        ("anthropic: request=5", "Did you mean 'requests'"),
        ("anthropic: requests=0", "whole number above zero; found '0'"),
        ("anthropic: tokens=many", "found 'many'"),
        ("antropic: requests=5", "no language model provider 'antropic'. Did you mean 'anthropic'"),
    ],
)
def test_limits_that_cannot_be_read_are_told(text: str, told: str):
    with pytest.raises(SettingError, match=told):
        parsed_limits(text)


def test_a_price_of_a_provider_by_its_other_name_is_its_price(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TURNGRAPH_PRICES", "z.ai:glm-of-tomorrow: input=1 output=2")
    assert price_of("zai", "glm-of-tomorrow") == Price(1, 2)
    assert price_of("openai", "glm-of-tomorrow") is None
