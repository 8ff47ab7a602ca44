"""When exec is tried again, and what follows the last attempt."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, Retry, Retrying, Token


def failing(
    times: int, error: type[Exception] = OSError, retry: Retry | None = None
) -> tuple[Node, list[int]]:
    calls: list[int] = []

    class Flaky(Node):
        class Outputs(BaseModel):
            attempt: int

        async def exec(self, prepared, *, context):
            calls.append(context.attempt)
            context.token(f"try {context.attempt}")
            if len(calls) <= times:
                raise error(f"failure {len(calls)}")
            return {"attempt": context.attempt}

    return Flaky(retry=retry), calls


async def test_exec_is_tried_as_often_as_attempts_says():
    node, calls = failing(2, retry=Retry(attempts=3, wait=0))
    assert (await Graph("g", node >> END).run({}))["attempt"] == 3
    assert calls == [1, 2, 3]


async def test_the_last_error_is_raised_as_it_was():
    node, calls = failing(9, retry=Retry(attempts=3, wait=0))
    with pytest.raises(OSError, match="failure 3"):
        await Graph("g", node >> END).run({})
    assert len(calls) == 3


async def test_without_retry_there_is_one_attempt():
    node, calls = failing(1)
    with pytest.raises(OSError):
        await Graph("g", node >> END).run({})
    assert calls == [1]


def test_waits_grow_and_are_bounded():
    retry = Retry(attempts=5, wait=4, factor=2, max_wait=10)
    assert [retry.delay(n) for n in (1, 2, 3, 4)] == [4, 8, 10, 10]
    with pytest.raises(ValueError, match="attempts counts the first one too"):
        Retry(attempts=0)


async def test_an_error_that_is_final_is_not_tried_again_unless_asked():
    class Final(Exception):
        final = True

    node, calls = failing(9, Final, Retry(attempts=3, wait=0))
    with pytest.raises(Final):
        await Graph("g", node >> END).run({})
    assert calls == [1]
    node, calls = failing(1, Final, Retry(attempts=3, wait=0, final=True))
    await Graph("g", node >> END).run({})
    assert calls == [1, 2]


async def test_fallback_follows_the_last_attempt_and_its_result_is_validated():
    class Rescued(Node):
        retry = Retry(attempts=2, wait=0)

        class Outputs(BaseModel):
            said: str

        async def exec(self):
            raise OSError("down")

        def fallback(self, prepared, error):
            return {"said": f"sorry: {error}"}

    assert (await Graph("g", Rescued() >> END).run({}))["said"] == "sorry: down"


async def test_parallel_runs_never_share_a_counter():
    calls: dict[int, int] = {}

    class Each(Node):
        retry = Retry(attempts=3, wait=0)

        def prep(self, state):
            return state["n"]

        async def exec(self, n):
            calls[n] = calls.get(n, 0) + 1
            await asyncio.sleep(0)
            raise OSError

    graph = Graph("g", Each() >> END)
    await asyncio.gather(*(graph.run({"n": n}) for n in range(5)), return_exceptions=True)
    assert calls == dict.fromkeys(range(5), 3)


async def test_listeners_are_told_to_discard_a_failed_attempts_tokens():
    node, _ = failing(1, retry=Retry(attempts=2, wait=0))
    events = [event async for event in Graph("g", node >> END).stream({})]
    told = [(type(event).__name__, event.attempt) for event in events if isinstance(event, Token | Retrying)]
    assert told == [("Token", 1), ("Retrying", 1), ("Token", 2)]
