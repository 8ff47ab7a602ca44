"""Does `turngraph chat` show the answer as it arrives, and does going away stop it at the provider?"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
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


async def test_a_line_without_an_answer_is_told_and_is_in_the_exit_status() -> None:
    with ProviderServer(Does(then="cut", after=1)) as server:
        async with chat(server) as process:
            _, err = await asyncio.wait_for(process.communicate(b"Hello.\n"), 60)
    assert process.returncode == 1 and b"error: no answer: anthropic:" in err


def typed(*lines: bytes) -> tuple[str, int]:
    """What a terminal shows, and the exit status, of a chat in which this is typed, a piece at each prompt."""
    mine, theirs = os.openpty()  # type: ignore[attr-defined,unused-ignore]
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "turngraph", "chat", "--user", "ada", "--model", "offline"],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **paths}, start_new_session=True,
        preexec_fn=_owns_the_terminal,
    )  # fmt: skip
    os.close(theirs)
    shown, left = b"", list(lines)
    try:
        while piece := _read(mine, again=b"\x03" if lines[-1].endswith(b"\x03") else b""):
            shown += piece
            if left and shown.count(b"you  ") > len(lines) - len(left):
                os.write(mine, left.pop(0))
        return shown.decode(errors="replace"), process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def _owns_the_terminal() -> None:
    import fcntl
    import termios

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests may ignore it
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(terminal: int, again: bytes) -> bytes:
    import select

    ready = False
    for _ in range(3):
        if ready := bool(select.select([terminal], [], [], 20)[0]):
            break
        os.write(terminal, again)  # Python loses an interrupt that comes while it destroys something
    assert ready, "the chat neither said anything nor ended"
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so that the other side is closed
        return b""


terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")


@terminal
@pytest.mark.parametrize("lines", [[b"\x03"], [b"Hello.\n", b"half a li\x03"]])
def test_control_c_ends_a_chat_that_waits_for_a_line(lines: list[bytes]) -> None:
    assert typed(*lines)[1] == 130


@terminal
def test_a_line_that_is_no_text_is_told_and_the_chat_goes_on() -> None:
    shown, status = typed(b"My dog is called Rex.\n", b"\xff\xfe\n", b"What is my dog called?\n", b"/exit\n")
    assert "half a character" in shown and "Your dog is called Rex." in shown and status == 0
