"""What a stream tells, and that leaving it ends the run."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from turngraph.engine import (
    END,
    Emitted,
    Graph,
    Node,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunStarted,
    Token,
)


class Speak(Node):
    class Outputs(BaseModel):
        said: str

    async def exec(self, prepared, *, context):
        for word in ("hello", "world"):
            context.token(word)
            await asyncio.sleep(0)
        return {"said": "hello world"}

    def post(self, state, prepared, result, *, context) -> None:
        context.emit({"length": len(result.said)})


async def test_a_stream_tells_the_way_and_what_was_written():
    graph = Graph("outer", Graph("inner", Speak() >> END) >> END)
    events = [event async for event in graph.stream({}, run_id="r")]
    assert [type(event) for event in events] == [
        RunStarted, NodeStarted, NodeStarted, Token, Token, Emitted, NodeFinished, NodeFinished, RunFinished,
    ]  # fmt: skip
    assert [event.path for event in events if isinstance(event, NodeStarted)] == [
        "r/inner/1",
        "r/inner/1/speak/1",
    ]
    finished = [event for event in events if isinstance(event, NodeFinished)]
    assert [event.keys for event in finished] == [("said",), ("said",)]
    assert events[-1].result["said"] == "hello world"


async def test_a_failed_run_says_so_and_then_raises():
    class Fails(Node):
        async def exec(self):
            raise LookupError

    told = []
    with pytest.raises(LookupError):
        async for event in Graph("g", Fails() >> END).stream({}):
            told.append(type(event))
    assert told == [RunStarted, NodeStarted, NodeFailed, RunFailed]


async def test_leaving_a_stream_cancels_its_run():
    ended = asyncio.Event()

    class Waits(Node):
        async def exec(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

    stream = Graph("g", Waits() >> END).stream({})
    assert isinstance(await anext(stream), RunStarted)
    await anext(stream)
    await stream.aclose()
    assert ended.is_set()


async def test_a_threads_tokens_arrive_in_order():
    class Threaded(Node):
        thread = True

        def exec(self, prepared, *, context) -> None:
            for n in range(20):
                context.token(str(n))

    events = [event async for event in Graph("g", Threaded() >> END).stream({})]
    assert [event.text for event in events if isinstance(event, Token)] == [str(n) for n in range(20)]


async def test_a_steps_path_is_its_idempotency_key():
    keys = []

    class Asks(Node):
        async def exec(self, prepared, *, context) -> None:
            keys.append(context.idempotency_key)

    asks = Asks()
    await Graph("g", asks >> END).run({}, run_id="r7")
    assert keys == ["r7/asks/1"]
