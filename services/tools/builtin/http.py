"""How does a tool ask a server? Within bounds of time and size, with errors that hold no key and no address of one.

Nothing is followed, no proxy and no cookie is used, and neither is a request logged.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from ...errors import ToolError
from ...text import shortened

if TYPE_CHECKING:
    import ssl

    import httpcore2

AGENT: Final = "turngraph (+https://pypi.org/project/turngraph/)"
_MOST_JSON: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `cut` where there was more than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


async def asked(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    most: int,
    seconds: float,
    backend: httpcore2.AsyncNetworkBackend | None = None,
) -> Answer:
    """One request and its answer, cut at `most` bytes; ToolError where the server gives none in time."""
    import httpcore2

    where = urlsplit(url).hostname or "the server"
    sent = {
        "user-agent": AGENT, "accept-encoding": "identity", "host": urlsplit(url).netloc.rpartition("@")[2], **(headers or {})
    }  # fmt: skip
    if content is not None:
        sent["content-length"] = str(len(content))
    try:
        async with asyncio.timeout(seconds), _pool(backend) as pool:
            request = pool.stream(
                method, url, headers=[(name.encode(), value.encode()) for name, value in sent.items()], content=content
            )  # fmt: skip
            async with request as response:
                found = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                body, cut = await _read(response.aiter_stream(), found.get("content-encoding", ""), most)
                return Answer(response.status, found, body, cut)
    except ToolError:
        raise
    except (TimeoutError, httpcore2.TimeoutException):
        raise ToolError(f"{where} did not answer within {seconds:g} seconds") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        why = f"{type(error).__name__}: {shortened(str(error), 120)}"
        raise ToolError(f"{where} could not be asked: {why}") from None
    except Exception as error:  # whose text may be the address, and the key with it
        raise ToolError(f"{where} could not be asked: {type(error).__name__}") from None


async def asked_json(
    url: str, what: str, *, key_name: str, query: Mapping[str, str] | None = None, send: Any = None, headers: Mapping[str, str] | None = None,
    seconds: float = 10.0,
) -> dict[str, Any]:  # fmt: skip
    """The JSON object that a service answers with; ToolError says what it answered instead. `key_name` sets its key."""
    address = f"{url}?{urlencode(query)}" if query else url
    sent = {"accept": "application/json", **(headers or {})}
    content = None
    if send is not None:
        content = json.dumps(send).encode()
        sent["content-type"] = "application/json"
    answer = await asked(
        address, method="GET" if content is None else "POST", headers=sent, content=content, most=_MOST_JSON, seconds=seconds
    )  # fmt: skip
    if answer.status in (401, 403):
        raise ToolError(f"{what} refused the key ({answer.status}); set {key_name} to a valid one")
    if answer.status == 429:
        raise ToolError(f"{what} was asked too often (429); try later, or with a larger plan")
    if answer.cut:
        raise ToolError(f"{what} answered with more than {_MOST_JSON:,} bytes, which is not what it should")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if answer.status != 200:
        raise ToolError(f"{what} answered {answer.status}{_told(found)}")
    if not isinstance(found, dict):
        raise ToolError(f"{what} answered with something else than a JSON object")
    return found


def _told(found: Any) -> str:
    """What a service says of an error, if it does; a few words, since they reach the model."""
    said = found.get("message") or found.get("detail") if isinstance(found, dict) else None
    if isinstance(said, dict):
        said = said.get("error")
    return f": {shortened(said, 100)}" if isinstance(said, str) else ""


async def _read(stream: AsyncIterator[bytes], encoding: str, most: int) -> tuple[bytes, bool]:
    """At most so many bytes, decoded; of a stream that grows when it is decoded no more is made than that."""
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        unpacked = None
    elif kind in ("gzip", "x-gzip", "deflate"):
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 32)
    else:
        raise ToolError(
            f"the server answered in the encoding {shortened(kind, 20)}, though none was asked for"
        )
    body = bytearray()
    async for chunk in stream:
        try:
            body += chunk if unpacked is None else unpacked.decompress(chunk, most + 1 - len(body))
        except zlib.error:
            raise ToolError("what the server sent cannot be decoded") from None
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


@asynccontextmanager
async def _pool(
    backend: httpcore2.AsyncNetworkBackend | None,
) -> AsyncIterator[httpcore2.AsyncConnectionPool]:
    import httpcore2

    async with httpcore2.AsyncConnectionPool(
        ssl_context=_tls(), network_backend=backend, max_connections=1
    ) as pool:
        yield pool


@cache
def _tls() -> ssl.SSLContext:
    import httpcore2

    return httpcore2.default_ssl_context()
