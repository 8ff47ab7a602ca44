"""Where may the fetcher go? To public addresses, over http and https, on the usual ports; judged on what is connected to."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

from ...errors import AddressRefused, SettingError
from ..thread import in_thread

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host's name."""

LONGEST_URL: Final = 2_000
PORTS: Final = {"http": 80, "https": 443}

_NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)
_SAFE: Final = "/%:@!$&'()*+,;=~-._[]|"
_LOCAL: Final = ("localhost", ".localhost", ".local", ".internal", ".home.arpa", ".lan")
# Python's own tables differ from version to version; these are refused by all of them.
_NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Guard:
    """Vets what the fetcher would connect to. `allowed` are networks of one's own that it may enter, with all their ports."""

    allowed: tuple[Network, ...] = ()
    resolve: Resolve = field(default_factory=lambda: resolved)

    def url(self, url: str) -> SplitResult:
        """The parts of a URL that may be asked for; AddressRefused says why one may not."""
        if len(url) > LONGEST_URL or any(c.isspace() or ord(c) < 33 or c == "\\" for c in url):
            raise AddressRefused(
                f"expected a URL of at most {LONGEST_URL:,} characters, without spaces and backslashes"
            )
        try:
            parts = _plain(urlsplit(url))
            port = parts.port
        except ValueError as error:
            raise AddressRefused(f"{url[:80]!r} is no URL: {error}") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise AddressRefused(f"expected a URL such as https://example.org/page, found {url[:80]!r}")
        if parts.username is not None or parts.password is not None:
            raise AddressRefused("a URL with a user or a password in it is not fetched; leave them out")
        if port not in (None, *PORTS.values()) and not self.allowed:
            raise AddressRefused(f"only the ports 80 and 443 are fetched from, found {port}")
        literal = _literal(parts.hostname)
        if literal is None and parts.hostname.rstrip(".").endswith(_LOCAL) and not self.allowed:
            raise AddressRefused(
                f"{parts.hostname} is a name of this network, and only public ones are fetched"
            )
        return parts

    async def vetted(self, host: str, port: int) -> list[str]:
        """The addresses of a host, resolved once, each of them vetted: connect to these and to no other."""
        literal = _literal(host)
        found = [str(literal)] if literal is not None else list(await self.resolve(host, port))
        if not found:
            raise AddressRefused(f"{host} has no address")
        for one in found:
            self._vet(host, port, ipaddress.ip_address(one.partition("%")[0]))
        return found

    def _vet(self, host: str, port: int, address: Address) -> None:
        if any(address in network for network in self.allowed if network.version == address.version):
            return
        if not public(address):
            said = str(address) if host.strip("[]") == str(address) else f"{host} is at {address}, which"
            raise AddressRefused(
                f"{said} is no public address; private, local and reserved ones are not fetched"
            )
        if port not in PORTS.values():
            raise AddressRefused(f"only the ports 80 and 443 are fetched from, found {port}")


def _plain(parts: SplitResult) -> SplitResult:
    """The same in ASCII: a name as the network knows it, and the rest escaped. Digits in circles are digits then."""
    if (host := parts.hostname) is not None and not parts.netloc.isascii():
        ascii_host = host.encode("idna").decode()
        parts = parts._replace(netloc=ascii_host if parts.port is None else f"{ascii_host}:{parts.port}")
    return parts._replace(path=quote(parts.path, safe=_SAFE), query=quote(parts.query, safe=_SAFE + "?"))


def public(address: Address) -> bool:
    """Whether an address is one that anybody on the internet could reach, whichever way it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
        if address not in _GLOBAL_6:
            return False
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast


def networks(text: str) -> tuple[Network, ...]:
    """Networks as a setting lists them: "10.1.0.0/16, fd00::/8"."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise SettingError(
            f"Setting 'fetch_allow' lists networks such as 10.1.0.0/16, with commas between; found {text!r} ({error}). "
            f"Set TURNGRAPH_FETCH_ALLOW."
        ) from None


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host's name, asked of the system."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await in_thread(look_up, f"look up {host}")
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{host} cannot be found: {error}") from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _literal(host: str) -> Address | None:
    """The address that a host is written as; None for a name. Spellings that only some programs read are refused."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    if _NUMERIC.fullmatch(bare):
        raise AddressRefused(
            f"{host} is a number, not an address; write it as four numbers from 0 to 255, such as 93.184.216.34"
        )
    return None
