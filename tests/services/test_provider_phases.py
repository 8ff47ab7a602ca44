"""At which moment does a connection fail, and did the provider work by then? Sockets that misbehave, in both dialects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from turngraph.services import Connection, ModelUnavailable, Policy, Prompt, ProviderModel

from .provider.does import Does
from .provider.gates import RecordingGate
from .provider.server import ProviderServer

PROMPT = Prompt(message="Hello.")


@pytest.fixture(params=["anthropic", "openai"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a server whose queue is full, so that connecting never ends."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = server.getsockname()[1]
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


async def failed(url: str, dialect: str, prompt: Prompt = PROMPT) -> tuple[ModelUnavailable, RecordingGate]:
    gate = RecordingGate()
    connection = Connection(dialect, "m", api_key="sk-canary", base_url=url, timeout=0.5)
    model = ProviderModel(connection, gate=gate, policy=Policy(attempts=2, backoff=0.01))
    with pytest.raises(ModelUnavailable) as caught:
        await model.reply(prompt, max_tokens=9)
    await model.aclose()
    return caught.value, gate


async def test_connecting_takes_too_long_and_nothing_was_asked(full: int, dialect: str) -> None:
    error, gate = await failed(f"http://127.0.0.1:{full}", dialect)
    assert gate.endings == ["released", "released"] and "timeout" in str(error)


async def test_sending_takes_too_long_and_nobody_knows_what_arrived(deaf: int, dialect: str) -> None:
    error, gate = await failed(f"http://127.0.0.1:{deaf}", dialect, Prompt(message="word " * 3_000_000))
    assert gate.endings == ["uncertain", "uncertain"] and "timeout" in str(error)


async def test_waiting_takes_too_long_and_the_request_is_there(deaf: int, dialect: str) -> None:
    error, gate = await failed(f"http://127.0.0.1:{deaf}", dialect)
    assert gate.endings == ["uncertain", "uncertain"] and "timeout" in str(error)


async def test_where_no_tls_is_spoken_nothing_was_asked(dialect: str) -> None:
    with ProviderServer() as server:
        _, gate = await failed(server.base_url(dialect).replace("http:", "https:"), dialect)
    assert gate.endings == ["released", "released"] and server.seen == []


async def test_a_connection_that_was_kept_and_closed_meanwhile_is_tried_anew(dialect: str) -> None:
    # The server drops the kept connection after its first answer, and the second request runs into that.
    gate = RecordingGate()
    with ProviderServer(Does(), Does(instead="close"), Does()) as server:
        connection = Connection(dialect, "m", api_key="sk-canary", base_url=server.base_url(dialect))
        model = ProviderModel(connection, gate=gate, policy=Policy(backoff=0.01))
        replies = [(await model.reply(PROMPT)).text for _ in range(2)]
        await model.aclose()
    assert replies == ["Biscuit.", "Biscuit."]
    assert gate.endings == ["settled", "uncertain", "settled"]


async def test_a_hundred_calls_at_once_are_each_answered_once(dialect: str) -> None:
    gate = RecordingGate()
    with ProviderServer(Does(tokens=None)) as server:
        connection = Connection(dialect, "m", api_key="sk-canary", base_url=server.base_url(dialect))
        model = ProviderModel(connection, gate=gate)
        replies = await asyncio.gather(*(model.reply(PROMPT, max_tokens=50) for _ in range(100)))
        await model.aclose()
    assert {reply.text for reply in replies} == {"Biscuit."} and len(server.seen) == 100
    settled = [entry.usage for entry in gate.entries if entry.usage and entry.ending == "settled"]
    assert server.billed == (sum(u.input_tokens for u in settled), sum(u.output_tokens for u in settled))
