"""What does the fetcher's connection go to? To an address that was vetted, and never to a name looked up again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore2

from .guard import Guard

_MOST_TRIED = 3


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves a host once, vets every address it has, and connects to one of those.

    The name is looked up at the moment of connecting, so a name that answers otherwise the second time gains nothing.
    TLS still checks the certificate against the name.
    """

    def __init__(self, guard: Guard, inner: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._guard = guard
        usual: Any = httpcore2.AnyIOBackend  # a stub of its own where anyio is missing
        self._inner: httpcore2.AsyncNetworkBackend = usual() if inner is None else inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first vetted address that takes one."""
        addresses = (await self._guard.vetted(host, port))[:_MOST_TRIED]
        for number, address in enumerate(addresses, 1):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.NetworkError, httpcore2.TimeoutException):
                if number == len(addresses):
                    raise
        raise AssertionError("a host that was vetted has an address")
