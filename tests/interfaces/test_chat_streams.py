"""Does `turngraph chat` show the answer as it arrives, and does going away stop it at the provider?"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ..services.provider.does import Does
from ..services.provider.server import ProviderServer


@asynccontextmanager
async def chat(server: ProviderServer, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    told = {"ANTHROPIC_API_KEY": "sk-canary", "ANTHROPIC_BASE_URL": server.url}
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "turngraph", "chat", "--user", "ada", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **told, **paths},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs the tests may ignore it
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("way", ["--message", "line"])
async def test_a_piece_is_shown_while_the_answer_is_still_made_and_control_c_stops_it(way: str) -> None:
    # After one piece the server is silent for ever: what is shown, is shown before the end.
    with ProviderServer(Does(then="hang", after=1)) as server:
        async with chat(server, *(["--message", "Hello."] if way == "--message" else [])) as process:
            assert process.stdin and process.stdout
            if way == "line":
                process.stdin.write(b"Hello.\n")
                await process.stdin.drain()
            shown = await asyncio.wait_for(process.stdout.readexactly(3), 60)
            assert shown == b"Bis" and not server.seen[0].left.is_set()
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(server.seen[0].left.wait, 20)


async def test_what_was_shown_of_an_answer_that_fails_stands_and_the_failure_is_told() -> None:
    with ProviderServer(Does(then="cut", after=1)) as server:
        async with chat(server, "--message", "Hello.") as process:
            out, err = await asyncio.wait_for(process.communicate(), 60)
    assert out.decode().startswith("Bis\nI could not produce an answer just now")
    assert process.returncode == 1 and b"error: no answer: anthropic:" in err
    assert b"sk-canary" not in out + err
