"""How much later does a piece of an answer arrive because turngraph stands between? `python benchmarks/streaming.py`.

A server in a process of its own speaks Anthropic Messages; each piece that it sends is the moment at which it was sent. The
same stream is read with the SDK alone, with a ProviderModel, and with a whole conversation's `graph.stream()`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

PIECES: Final = 40
GAP: Final = 0.01
WAYS: Final = ("SDK alone", "ProviderModel", "graph.stream")

Stream = Callable[[], AsyncIterator[str]]


# --- the server


def _event(name: str, **data: Any) -> bytes:
    text = f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
    return f"{len(text):x}\r\n".encode() + text + b"\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                line.split(b":")[1]
                for line in head.lower().splitlines()
                if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
            arrived = time.monotonic()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": []}
            usage = {"input_tokens": 9, "output_tokens": 1}
            writer.write(_event("message_start", message={**message, "stop_reason": None, "usage": usage}))
            writer.write(_event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
            for _ in range(PIECES):
                text = f"{arrived!r}:{time.monotonic()!r} "
                writer.write(
                    _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
                )
                await writer.drain()
                await asyncio.sleep(GAP)
            writer.write(
                _event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9})
            )
            writer.write(_event("message_stop") + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve() -> None:
    """Serves until its standard input ends; prints the port first."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The URL of the server in its process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin and process.stdout
    yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    process.stdin.close()
    await process.wait()


# --- the three ways


@asynccontextmanager
async def ways(url: str, folder: str) -> AsyncIterator[dict[str, Stream]]:
    """How the stream is read, each way by its name."""
    from anthropic import AsyncAnthropic

    from turngraph.engine import Token
    from turngraph.models import DatabaseManager
    from turngraph.services import Connection, Prompt, ProviderModel
    from turngraph.workflows import create_conversation_workflow

    client = AsyncAnthropic(api_key="none", base_url=url, max_retries=0)
    model = ProviderModel(Connection("anthropic", "m", api_key="none", base_url=url))
    prompt = Prompt(message="Hello.")

    async def sdk() -> AsyncIterator[str]:
        said: Any = [{"role": "user", "content": "Hello."}]
        async with client.messages.stream(model="m", max_tokens=99, messages=said) as stream:
            async for text in stream.text_stream:
                yield text

    async def alone() -> AsyncIterator[str]:
        async for piece in model.stream(prompt, max_tokens=99):
            if isinstance(piece, str):
                yield piece

    with DatabaseManager(f"sqlite:///{folder}/streaming.db") as db:
        graph = create_conversation_workflow(db, llm=model)

        async def whole() -> AsyncIterator[str]:
            async for event in graph.stream({"user_id": "ada", "current_message": "Hello."}):
                if isinstance(event, Token):
                    yield event.text

        yield dict(zip(WAYS, (sdk, alone, whole), strict=True))
    await client.close()
    await model.aclose()


async def measured(stream: Stream) -> tuple[float, float, list[float]]:
    """Milliseconds before the request was there, until the first piece was, and that each piece took."""
    begun, first, delays = time.monotonic(), 0.0, list[float]()
    arrived = begun
    async for text in stream():
        now = time.monotonic()
        there, sent = text.strip().split(":")
        arrived, first = float(there), first or now
        delays.append((now - float(sent)) * 1000)
    if len(delays) != PIECES:
        raise SystemExit(f"expected {PIECES} pieces, each on its own, found {len(delays)}")
    return (arrived - begun) * 1000, (first - begun) * 1000, delays


async def compare(turns: int) -> dict[str, Any]:
    """The figures of each way; the ways take turns."""
    found: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        async with serving() as url, ways(url, folder) as streams:
            for number in range(turns + 1):
                for name, stream in streams.items():
                    one = await measured(stream)
                    if number:  # the first opens connections and loads modules
                        found[name].append(one)
    figures: dict[str, Any] = {}
    for name, runs in found.items():
        delays = sorted(delay for _, _, all_of_it in runs for delay in all_of_it)
        figures[name] = {
            "before the request": statistics.median(before for before, _, _ in runs),
            "first piece": statistics.median(first for _, first, _ in runs),
            "each piece": statistics.median(delays),
            "each piece, 95 of 100": delays[len(delays) * 95 // 100],
        }
    return figures


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="turns that are measured of each way")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    cpu = time.process_time()
    figures = asyncio.run(compare(options.turns))
    spent = time.process_time() - cpu
    columns = list(figures[WAYS[0]])
    print(f"milliseconds, {options.turns} turns of {PIECES} pieces, one each {GAP * 1000:.0f} ms")
    print(f"{'':16}" + "".join(f"{column:>24}" for column in columns))
    for name in WAYS:
        print(f"{name:16}" + "".join(f"{figures[name][column]:24.2f}" for column in columns))
    added = figures[WAYS[2]]["each piece"] - figures[WAYS[0]]["each piece"]
    print(f"added to each piece by the graph: {added:.2f} ms")
    print(f"CPU {spent:.1f} s; load {os.getloadavg()[0]:.1f}")
    if options.json:
        options.json.write_text(json.dumps({**figures, "added": added}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
