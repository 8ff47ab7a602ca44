"""Does the fetcher read public pages, keep to its bounds, and go nowhere else, however an address is written?"""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

import httpcore2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turngraph.services import SettingError
from turngraph.services.errors import AddressRefused, ToolError
from turngraph.services.tools import Call, Fetcher, Situation, Sources, decide
from turngraph.services.tools.builtin.guard import Guard, public
from turngraph.services.tools.builtin.page import decoded, readable_page
from turngraph.services.tools.grant import Allowance

from .tool_server import Reply, Web, page

PUBLIC = "93.184.216.34"


class Wire(httpcore2.AsyncNetworkBackend):
    """Stands for the internet: whatever address is connected to, this machine's server answers; it keeps which it was."""

    def __init__(self, web: Web) -> None:
        self.web, self.connected = web, list[tuple[str, int]]()
        self.real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, *rest: Any, **more: Any
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        return await self.real.connect_tcp("127.0.0.1", self.web.port, *rest, **more)


def names(**known: Sequence[str]) -> Any:
    """A resolver that knows a few names; each list of lists is answered one after the other."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return known[host.replace(".", "_").replace("-", "_")]

    resolve.asked = asked  # type: ignore[attr-defined]
    return resolve


@pytest.fixture
def web() -> Iterator[Web]:
    with Web({}) as opened:
        yield opened


def fetcher(web: Web, **more: Any) -> tuple[Fetcher, Wire]:
    wire = Wire(web)
    known = names(
        example_org=[PUBLIC], other_org=["1.1.1.1"], inside_org=["10.0.0.7"], both_org=[PUBLIC, "127.0.0.1"]
    )
    given = {"resolve": known, "inner": wire, **more}
    return Fetcher(**given), wire


async def test_a_page_is_read(web: Web) -> None:
    web.routes["/page"] = page(
        "<html><head><title> The  bees </title><script>steal()</script></head><body><h1>Bees</h1><p>They are <b>well</b>.</p>"
        "<p hidden>not this</p><style>p{}</style><ul><li>one<li>two</ul><noscript>no</noscript>after</body></html>"
    )
    reader, wire = fetcher(web)
    found = await reader.fetch("http://example.org/page?x=1#part")
    assert (found.title, found.text) == ("The bees", "Bees\nThey are well.\none\ntwo\nafter")
    assert (found.url, found.content_type, found.cut) == ("http://example.org/page?x=1", "text/html", False)
    assert wire.connected == [(PUBLIC, 80)]
    (asked,) = web.asked
    assert (asked.headers["host"], asked.query) == ("example.org", {"x": "1"})
    assert "cookie" not in asked.headers and "authorization" not in asked.headers


# --- where it does not go

SPELT = (
    "http://127.0.0.1/", "http://127.0.0.1:80/", "http://localhost/", "http://LOCALHOST./", "http://app.localhost/", "http://db.internal/",
    "http://printer.local/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://127.1/", "http://127.0.1/", "http://0/", "http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://192.0.0.192/", "http://198.18.0.1/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/",
    "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/", "http://[2001:0:53aa:64c:0:fbff:80ff:fffe]/", "http://[2001:db8::1]/", "http://[fec0::1]/", "http://[100::1]/",
    "http://134744072/", "http://8.8.2056/", "http://user@example.org/", "http://user:pass@example.org/", "http://example.org@127.0.0.1/",
    "http://example.org:22/", "http://example.org:8080/", "http://example.org:99999/", "ftp://example.org/", "file:///etc/passwd",
    "gopher://example.org/", "data:text/plain,hello", "javascript:alert(1)", "http://", "http:///x", "http://exa mple.org/", "http://example.org\\@127.0.0.1/",
    "http://example.org/\r\nhost: other", "http://[::1", "http://inside.org/", "http://both.org/", "http://①②⑦.⓪.⓪.①/", "https://" + "a" * 2_000,
)  # fmt: skip


@pytest.mark.parametrize("url", SPELT)
async def test_it_goes_to_public_addresses_only(url: str, web: Web) -> None:
    reader, wire = fetcher(web)
    with pytest.raises(AddressRefused):
        await reader.fetch(url)
    assert wire.connected == [] and web.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "//127.0.0.1/", "http://169.254.169.254/latest/", "http://inside.org/", "file:///etc/passwd",
        "http://[::1]/", "http://0x7f000001/", "http://example.org:22/", "https://user:x@other.org/",
    ],
)  # fmt: skip
async def test_a_redirect_is_vetted_as_the_first_address_was(location: str, web: Web) -> None:
    web.routes["/go"] = Reply(status=302, headers={"location": location})
    reader, wire = fetcher(web)
    with pytest.raises(AddressRefused):
        await reader.fetch("http://example.org/go")
    assert wire.connected == [(PUBLIC, 80)] and len(web.asked) == 1


async def test_names_and_paths_in_other_letters_are_asked_for_in_ascii(web: Web) -> None:
    web.routes["/gr%C3%BC%C3%9Fe"] = page("hallo", "text/plain")

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == "xn--bcher-kva.example"
        return [PUBLIC]

    reader, _ = fetcher(web, resolve=resolve)
    assert (await reader.fetch("http://bücher.example/grüße?q=ü")).text == "hallo"
    assert (web.asked[0].headers["host"], web.asked[0].query) == ("xn--bcher-kva.example", {"q": "ü"})


async def test_redirects_are_followed_and_counted(web: Web) -> None:
    web.routes |= {
        "/one": Reply(status=301, headers={"location": "/two"}),
        "/two": Reply(status=307, headers={"location": "http://other.org/three"}),
        "/three": page("there", "text/plain"),
        "/round": Reply(status=302, headers={"location": "/round"}),
    }
    reader, wire = fetcher(web)
    found = await reader.fetch("http://example.org/one")
    assert (found.text, found.url) == ("there", "http://other.org/three")
    assert wire.connected == [(PUBLIC, 80), (PUBLIC, 80), ("1.1.1.1", 80)]
    with pytest.raises(ToolError, match="sent on more than 5 times"):
        await reader.fetch("http://example.org/round")


async def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(web: Web) -> None:
    web.routes["/"] = page("fine", "text/plain")
    answers = [[PUBLIC], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    reader, wire = fetcher(web, resolve=rebinding)
    assert (await reader.fetch("http://example.org/")).text == "fine"
    # One question, and the connection went to its answer.
    assert wire.connected == [(PUBLIC, 80)] and len(answers) == 1
    with pytest.raises(AddressRefused, match=r"example\.org is at 127\.0\.0\.1, which is no public address"):
        await reader.fetch("http://example.org/")
    assert len(wire.connected) == 1


async def test_the_names_of_this_machine_are_refused_by_the_real_resolver() -> None:
    with pytest.raises(AddressRefused):
        await Fetcher().fetch("http://localhost/")
    with pytest.raises(AddressRefused, match=r"cannot be found|no public address"):
        await Fetcher().fetch("http://no-such-host.invalid/")


def test_what_is_public_is_told_from_what_is_not() -> None:
    for one in ("8.8.8.8", PUBLIC, "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"):
        assert public(ipaddress.ip_address(one)), one
    for one in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "4000::1", "192.0.2.1", "203.0.113.9"):
        assert not public(ipaddress.ip_address(one)), one


async def test_a_network_of_ones_own_is_entered_where_it_is_allowed(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.routes["/"] = page("inside", "text/plain")
    with pytest.raises(AddressRefused):
        await Fetcher().fetch(web.url)
    assert (await Fetcher(["127.0.0.0/8"]).fetch(web.url)).text == "inside"
    monkeypatch.setenv("TURNGRAPH_FETCH_ALLOW", "127.0.0.1/32, fd00::/8")
    assert (await Fetcher().fetch(web.url)).text == "inside"
    with pytest.raises(AddressRefused):
        await Fetcher(()).fetch(web.url)
    with pytest.raises(AddressRefused):
        await Fetcher().fetch("http://127.0.0.2/")
    monkeypatch.setenv("TURNGRAPH_FETCH_ALLOW", "my network")
    with pytest.raises(SettingError, match="TURNGRAPH_FETCH_ALLOW"):
        await Fetcher().fetch(web.url)


# --- what it does not read


async def test_it_reads_text_and_no_more_of_it_than_it_should(web: Web) -> None:
    web.routes |= {
        "/long": page("x" * 5_000, "text/plain"),
        "/bytes": page("y" * 50_000, "text/plain"),
        "/bomb": Reply(gzip.compress(b"z" * 10_000_000), headers={"content-type": "text/plain", "content-encoding": "gzip"}),
        "/packed": Reply(gzip.compress(b"packed"), headers={"content-type": "text/plain", "content-encoding": "gzip"}),
        "/broken": Reply(b"no gzip", headers={"content-type": "text/plain", "content-encoding": "gzip"}),
        "/odd": Reply(b"?", headers={"content-type": "text/plain", "content-encoding": "br"}),
        "/json": page('{"a": 1}', "application/json"),
        "/image": Reply(b"\x89PNG", headers={"content-type": "image/png"}),
        "/bare": Reply(b"no type"),
    }  # fmt: skip
    reader, _ = fetcher(web, most_text=1_000, most_bytes=20_000)

    async def read(path: str) -> Any:
        return await reader.fetch(f"http://example.org{path}")

    for path in ("/long", "/bytes", "/bomb"):
        found = await read(path)
        assert len(found.text) == 1_000 and found.cut, path
    assert [(await read(path)).text for path in ("/packed", "/json", "/bare")] == [
        "packed",
        '{"a": 1}',
        "no type",
    ]
    for path, said in (
        ("/image", "type image/png"),
        ("/broken", "cannot be decoded"),
        ("/odd", "encoding br"),
        ("/none", "404"),
    ):
        with pytest.raises(ToolError, match=said):
            await read(path)


async def test_a_server_that_does_not_answer_is_given_up(web: Web) -> None:
    web.routes |= {
        "/slow": page("late", wait=30.0),
        "/drip": Reply([b"x"] * 100, headers={"content-type": "text/plain"}, wait=0.5),
        "/gone": Reply(breaks=True),
        "/cut": page("half", breaks=True),
    }
    reader, _ = fetcher(web, seconds=0.4)
    for path, said in (
        ("/slow", "did not answer within 0.4 seconds"),
        ("/drip", "within 0.4"),
        ("/gone", "could not be asked"),
        ("/cut", "could not be asked"),
    ):
        with pytest.raises(ToolError, match=said):
            await reader.fetch(f"http://example.org{path}")
    with Web({}) as closed:
        nobody, _ = fetcher(closed)
    with pytest.raises(ToolError, match="could not be asked: ConnectError"):
        await nobody.fetch("http://example.org/")


async def test_a_second_address_is_tried_where_the_first_takes_no_connection(web: Web) -> None:
    web.routes["/"] = page("fine", "text/plain")

    class Half(Wire):
        async def connect_tcp(
            self, host: str, port: int, *rest: Any, **more: Any
        ) -> httpcore2.AsyncNetworkStream:
            if host == PUBLIC:
                self.connected.append((host, port))
                raise httpcore2.ConnectError("no route")
            return await super().connect_tcp(host, port, *rest, **more)

    wire = Half(web)
    reader, _ = fetcher(web, inner=wire, resolve=names(example_org=[PUBLIC, "1.1.1.1"]))
    assert (await reader.fetch("http://example.org")).text == "fine"
    assert wire.connected == [(PUBLIC, 80), ("1.1.1.1", 80)]


async def test_a_certificate_is_asked_for_by_the_name(web: Web) -> None:
    reader, wire = fetcher(web)
    with pytest.raises(ToolError, match=r"example\.org could not be asked"):  # the server speaks no TLS
        await reader.fetch("https://example.org/")
    assert wire.connected == [(PUBLIC, 443)]


# --- pages


@pytest.mark.parametrize(
    ("html", "title", "text"),
    [
        ("plain", None, "plain"),
        ("<p>a<p>b", None, "a\nb"),
        ("<title>T</title><body>x", "T", "x"),
        ("<head><title>T</title><meta charset=utf-8><body>x</body>", "T", "x"),
        ("<script>if (a < b) { '</p>' }</script>x", None, "x"),
        ("a<br>b<hr>c", None, "a\nb\nc"),
        ("<svg><title>no</title><p>no</p></svg>yes", "no", "yes"),
        ("<p>&lt;b&gt; &amp; &#8364;</p>", None, "<b> & €"),
        ("<div hidden><div>in</div></div>out", None, "out"),
        ("<!-- no --><p>x", None, "x"),
        ("<p>unclosed <b>bold", None, "unclosed bold"),
        ("", None, ""),
    ],
)
def test_the_text_of_a_page(html: str, title: str | None, text: str) -> None:
    assert readable_page(html) == (title, text)


def test_bytes_are_read_by_the_charset_that_is_named() -> None:
    assert decoded("Zürich".encode("latin-1"), "text/html; charset=iso-8859-1") == "Zürich"
    assert decoded('<meta charset="latin-1">Zürich'.encode("latin-1"), "text/html").endswith("Zürich")
    assert decoded(b"\xef\xbb\xbfyes", "text/plain; charset=nonsense") == "yes"
    assert decoded(b"\xff\xfe", "text/plain") == "\ufffd\ufffd"


# --- whose word it goes by


@pytest.mark.parametrize(
    ("message", "url", "rule"),
    [
        ("Please read https://example.org/a?b=c for me.", "https://example.org/a?b=c", "asked"),
        ("What does example.org/a say?", "https://example.org/a", "asked"),
        ("Summarise (https://example.org/a).", "https://example.org/a", "asked"),
        ("Open https://example.org/", "https://example.org", "asked"),
        ("Open https://example.org/aaa", "https://example.org/AaA", "argument_not_said"),
        ("Open https://example.org/a", "https://example.org/a?x=secret", "argument_not_said"),
        ("Open https://example.org", "https://evil.example.org", "argument_not_said"),
        ("Open my notes.", "https://evil.example/?q=notes", "argument_not_said"),
        ("I read https://example.org/a yesterday.", "https://example.org/a", "not_asked"),
        ("Don't open https://example.org/a!", "https://example.org/a", "not_asked"),
    ],
)
def test_an_address_is_the_users_to_the_letter(message: str, url: str, rule: str) -> None:
    tool = Fetcher().tool()
    now = Situation(tools={"fetch": tool}, allowance=Allowance(message), sources=Sources([]))
    assert decide(Call(tool="fetch", arguments={"url": url}), now).outcome.rule == rule


def test_the_guard_alone_refuses_before_anything_is_looked_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(f"{host} was looked up")

    guard = Guard(resolve=never)
    for url in SPELT[:40]:
        with pytest.raises(AddressRefused):
            parts = guard.url(url)
            # A literal address needs no look-up, and is refused when it would be connected to.
            coroutine = guard.vetted(parts.hostname or "", parts.port or 80)
            try:
                coroutine.send(None)
            finally:
                coroutine.close()
    assert re.match("https", guard.url("https://example.org/x").scheme)


# --- any private address in any spelling

NETWORKS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
)
PRIVATE = st.sampled_from(NETWORKS).flatmap(
    lambda network: st.integers(
        *(int(end) for end in (ipaddress.ip_network(network)[0], ipaddress.ip_network(network)[-1]))
    )
)


def spelt(number: int, how: int) -> str:
    """One of the ways in which some program reads that number as an address."""
    a, b, c, d = number.to_bytes(4)
    tail = f"{number:08x}"
    return (
        f"{a}.{b}.{c}.{d}", f"{number}", f"0x{number:x}", f"0{number:o}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}.{b}.{(c << 8) + d}", f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{c}.{d}.", f"[::ffff:{a}.{b}.{c}.{d}]", f"[::{a}.{b}.{c}.{d}]",
        f"[64:ff9b::{a}.{b}.{c}.{d}]", f"[2002:{tail[:4]}:{tail[4:]}::1]", f"[0:0:0:0:0:ffff:{tail[:4]}:{tail[4:]}]",
        f"0x{a:x}.{b}.0{c:o}.{d}", f"{a:03}.{b:03}.{c:03}.{d:03}", "".join(chr(0xFF10 + int(x)) if x.isdigit() else "。" for x in f"{a}.{b}.{c}.{d}"),
    )[how]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PRIVATE, st.integers(0, 16), st.sampled_from(["", ":80", ":443"]), st.sampled_from(["http", "https"]))
def test_no_spelling_of_a_private_address_is_connected_to(
    number: int, how: int, port: str, scheme: str
) -> None:
    wanted = f"{scheme}://{spelt(number, how)}{port}/"

    async def never(host: str, port: int) -> Sequence[str]:
        # A resolver may read such a spelling as the address; that is refused as well.
        return [str(ipaddress.IPv4Address(number))]

    async def connected() -> None:
        guard = Guard(resolve=never)
        parts = guard.url(wanted)
        await guard.vetted(parts.hostname or "", parts.port or 80)

    with pytest.raises(AddressRefused):
        asyncio.run(connected())
