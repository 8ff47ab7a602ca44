"""What does a provider see and bill? A real HTTP server that speaks both dialects and behaves as it is told.

`ProviderServer(Does(), fails(529))` does one thing after the other, the last one for ever; `ProviderServer(decide)` asks
`decide(seen)` for each request. `server.book` is what it bills, kept apart from anything the client believes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import wire
from .does import Does


@dataclass
class Seen:
    """One request that came in."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    dialect: wire.Dialect
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client went away before the answer was whole."""


@dataclass(frozen=True)
class Bill:
    """What one request costs."""

    number: int
    dialect: str
    model: str
    input_tokens: int
    output_tokens: int


class _Left(Exception):
    """The client is gone."""


class ProviderServer:
    """Serves the scripted behaviours on a port of its own, in a thread of its own."""

    def __init__(self, *script: Does | Callable[[Seen], Does]) -> None:
        self.script = list(script) or [Does()]
        self.seen: list[Seen] = []
        self.counted = 0
        """How often tokens were counted."""
        self.book: dict[int, Bill] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        """The base URL for Anthropic Messages; chat completions are under `/v1` too."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def billed(self) -> tuple[int, int]:
        """All input and output tokens in the book."""
        bills = list(self.book.values())
        return sum(bill.input_tokens for bill in bills), sum(bill.output_tokens for bill in bills)

    def base_url(self, dialect: str) -> str:
        """The base URL that the SDK of a dialect wants."""
        return self.url if dialect == "anthropic" else f"{self.url}/v1"

    def __enter__(self) -> ProviderServer:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        # asyncio loses a connection that is being accepted while its server closes.
        await asyncio.sleep(0.02)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        server.close()
        await asyncio.sleep(0.002)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._request(reader, writer):
                pass
        except (_Left, ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; whether another may come on this connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, path, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))) or b"{}")
        if path.endswith("/count_tokens"):
            self.counted += 1
            sent = json.dumps({"input_tokens": len(json.dumps(body)) // 4}).encode()
            await self._plain(writer, 200, {"content-type": "application/json"}, sent)
            return True
        dialect: wire.Dialect = "openai" if path.endswith("/chat/completions") else "anthropic"
        seen = Seen(len(self.seen), path, headers, body, time.monotonic(), dialect)
        self.seen.append(seen)
        step = self.script[min(seen.number, len(self.script) - 1)]
        does = step if isinstance(step, Does) else step(seen)
        watch = asyncio.ensure_future(self._watch(reader, seen))
        try:
            return await self._do(does, seen, writer)
        finally:
            watch.cancel()
            await asyncio.wait([watch])  # else the next request on this connection finds it still reading

    async def _watch(self, reader: asyncio.StreamReader, seen: Seen) -> None:
        try:
            if not await reader.read(1):
                seen.left.set()
        except ConnectionError:
            seen.left.set()

    async def _do(self, does: Does, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        tokens = _tokens(does, seen)
        worked = does.worked if does.worked is not None else does.status == 200 and does.instead == "answer"
        if worked and (does.status != 200 or does.instead != "answer" or does.body is not None):
            self._bill(seen, tokens)
        await self._pause(does.delay, seen)
        if does.instead == "hang":
            await self._pause(60.0, seen)
        if does.instead == "reset":
            _reset(writer)
        if does.instead != "answer":
            return False
        kind = {"content-type": does.content_type or "application/json"}
        if does.body is not None:
            await self._plain(writer, does.status, {**kind, **does.headers}, does.body)
            return True
        if does.status != 200:
            sent = json.dumps(wire.error(seen.dialect, does)).encode()
            await self._plain(writer, does.status, {**kind, **does.headers}, sent)
            return True
        if seen.body.get("stream"):
            return await self._stream(does, seen, writer, tokens)
        return await self._whole(does, seen, writer, tokens)

    async def _whole(
        self, does: Does, seen: Seen, writer: asyncio.StreamWriter, tokens: tuple[int, int]
    ) -> bool:
        if does.then == "error":
            sent = json.dumps(wire.error(seen.dialect, does)).encode()
            await self._plain(writer, 500, {"content-type": "application/json"}, sent)
            return True
        self._bill(seen, tokens)
        model = str(seen.body.get("model"))
        sent = json.dumps(wire.whole(seen.dialect, does, model, tokens), ensure_ascii=False).encode()
        headers = {"content-type": does.content_type or "application/json", **does.headers}
        if does.then == "end":
            await self._plain(writer, 200, headers, sent)
            return True
        # All but the end is sent of what was promised.
        await self._plain(writer, 200, headers, sent[: len(sent) // 2], promised=len(sent))
        if does.then == "hang":
            await self._pause(60.0, seen)
        if does.then == "reset":
            _reset(writer)
        return False

    async def _stream(
        self, does: Does, seen: Seen, writer: asyncio.StreamWriter, tokens: tuple[int, int]
    ) -> bool:
        self._bill(seen, (tokens[0], 0))
        head = {"content-type": does.content_type or "text/event-stream", "transfer-encoding": "chunked"}
        writer.write(_head(200, {**head, **does.headers}))
        await writer.drain()
        given = 0
        model = str(seen.body.get("model"))
        for event, is_piece in wire.events(seen.dialect, does, model, tokens):
            if does.then != "end" and (does.after or 0) <= given and (is_piece or given):
                return await self._breaks(does, seen, writer)
            await self._pause(does.between if is_piece and given else 0.0, seen)
            await self._chunks(writer, event.encode(), does.bytewise)
            if is_piece:
                given += 1
                self._bill(seen, (tokens[0], min(tokens[1], given)))
        self._bill(seen, tokens)
        if does.then != "end":
            return await self._breaks(does, seen, writer)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _breaks(self, does: Does, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if does.then == "hang":
            await self._pause(60.0, seen)
        elif does.then == "reset":
            _reset(writer)
        elif does.then in ("error", "stop"):
            if does.then == "error":
                await self._chunks(writer, wire.broken(seen.dialect, does).encode(), does.bytewise)
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True
        return False

    def _bill(self, seen: Seen, tokens: tuple[int, int]) -> None:
        model = str(seen.body.get("model"))
        self.book[seen.number] = Bill(seen.number, seen.dialect, model, *tokens)

    async def _pause(self, seconds: float, seen: Seen) -> None:
        ends = time.monotonic() + seconds
        while seconds and (left := ends - time.monotonic()) > 0:
            await asyncio.sleep(min(0.01, left))
            if seen.left.is_set():
                raise _Left
        if seen.left.is_set():
            raise _Left

    async def _chunks(self, writer: asyncio.StreamWriter, data: bytes, bytewise: bool) -> None:
        parts = [data[place : place + 1] for place in range(len(data))] if bytewise else [data]
        for part in parts:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()

    async def _plain(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        headers: dict[str, str],
        body: bytes,
        *,
        promised: int | None = None,
    ) -> None:
        length = str(len(body) if promised is None else promised)
        writer.write(_head(status, {**headers, "content-length": length}) + body)
        await writer.drain()


def _tokens(does: Does, seen: Seen) -> tuple[int, int]:
    if does.tokens is not None:
        return does.tokens
    most = seen.body.get("max_tokens") or seen.body.get("max_completion_tokens") or 1
    said = sum(len(piece) // 4 + 1 for piece in does.pieces)
    return max(1, len(json.dumps(seen.body)) // 4), min(most, said)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Status'}"]
    lines += [f"{name}: {value() if callable(value) else value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection as a crash does: with a reset instead of a farewell."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
