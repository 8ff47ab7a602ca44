"""What does a dialect of language model APIs have to offer?

A dialect is thin: a request goes in, one attempt is made, pieces of text and the answer come out. It knows nothing of
retries, budgets and other providers.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ModelReplyInvalid
from .request import Answer, Heard, Request
from .shaped import instructed

if TYPE_CHECKING:
    from .connection import Connection

LARGEST = 16 * 1024 * 1024
"""An answer of more bytes than this is not read to its end."""


class Dialect(Protocol):
    """How one kind of API is spoken."""

    def sdk(self) -> Any:
        """The module of the SDK; ModelNotConfigured where it is not installed."""
        ...

    def client(self, connection: Connection) -> Any:
        """A new client of the SDK."""
        ...

    def body(self, connection: Connection, request: Request) -> dict[str, Any]:
        """The request in this dialect's words."""
        ...

    async def answer(self, client: Any, body: dict[str, Any], heard: Heard) -> Answer:
        """The whole answer at once."""
        ...

    def stream(self, client: Any, body: dict[str, Any], heard: Heard) -> AsyncGenerator[str | Answer]:
        """The answer as pieces of text, and the whole of it last."""
        ...

    async def count(self, client: Any, body: dict[str, Any]) -> int | None:
        """How many tokens the input is by the provider's own count; None where it does not count."""
        ...


def system_text(connection: Connection, request: Request) -> str:
    """The system prompt, with the JSON schema in it where the provider does not keep to one by itself."""
    if request.shape is None or connection.provider.enforces:
        return request.system
    return "\n\n".join(filter(None, (request.system, instructed(request.shape))))


def http_client(sdk: Any, connection: Connection) -> Any:
    """The SDK's own HTTP client, with an end to what it reads, and without following a redirect with the key."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            read = 0
            async for chunk in self._stream:
                read += len(chunk)
                if read > connection.largest:
                    raise ModelReplyInvalid(
                        f"the answer is larger than {connection.largest:,} bytes, and was not read to its end."
                    )
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def bound(response: Any) -> None:
        response.stream = Bounded(response.stream)

    return sdk.DefaultAsyncHttpxClient(
        timeout=timeouts(connection), follow_redirects=False, event_hooks={"response": [bound]}
    )


def timeouts(connection: Connection) -> Any:
    """How long each phase of a request may take."""
    import httpx2

    return httpx2.Timeout(connection.timeout, connect=min(10.0, connection.timeout))


def event_stream(response: Any) -> None:
    """ModelReplyInvalid where a stream was asked for and something else came."""
    kind = response.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        raise ModelReplyInvalid(
            f"expected a stream of events, found content of the type {kind[:80]!r}. Check the base URL."
        )
