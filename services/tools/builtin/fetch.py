"""What does a page on the web say? Fetched from public addresses only, within bounds of time and size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urljoin

from pydantic import BaseModel, Field

from ...errors import AddressRefused, ToolError
from ...settings import setting
from ..said import Said
from ..toolbox import Tool
from .guard import Guard, Resolve, networks, resolved
from .http import Answer, asked
from .page import decoded, readable_page

if TYPE_CHECKING:
    import httpcore2

    from ..running import Progress

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
READ: Final = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/csv", "text/xml")
READ_TOO: Final = ("application/json", "application/xml", "application/yaml", "+json", "+xml")
_EDGES: Final = "\"'“”‘’«»()[]{}<>,.;:!?…*`"


def url_said(value: Any, message: str) -> bool:
    """Whether the user wrote this very address, with or without its https://; no letter of it may differ."""
    said = {chunk.strip(_EDGES).rstrip("/") for chunk in message.split()}
    plain = str(value).rstrip("/")
    return bool(plain) and bool({plain, plain.removeprefix("https://"), plain.strip(_EDGES)} & said)


class Page(BaseModel):
    """Which page to fetch."""

    url: Annotated[
        str, Said(url_said), Field(description="The address that the user wrote, such as https://example.org/page.")
    ]  # fmt: skip


class Fetched(BaseModel):
    """What was found there; `url` is where it came from in the end, `cut` says that there was more."""

    url: str
    title: str | None = None
    content_type: str
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pages. `allowed` are networks of one's own that it may enter: none, unless TURNGRAPH_FETCH_ALLOW says so."""

    allowed: Sequence[str] | None = None
    most_bytes: int = 2_000_000
    most_text: int = 20_000
    most_redirects: int = 5
    seconds: float = 20.0
    resolve: Resolve = resolved
    inner: httpcore2.AsyncNetworkBackend | None = field(default=None, repr=False)

    def tool(self) -> Tool:
        """The tool `fetch`. Its address leaves the house, so the user must have written it."""
        return Tool(
            "fetch", "Fetches a web page whose address the user wrote, and gives its text.", Page, self._run,
            asked=(
                "fetch|open|read|visit|get|load|download|summarise|summarize|check|browse|show|see|explain|translate|use",
                "look at", "go to", "tell about", "?",
            ),
            example="fetch {url}", timeout=self.seconds + 5.0, result=Fetched,
        )  # fmt: skip

    async def _run(self, arguments: Page, key: str, progress: Progress) -> Fetched:
        progress(note=f"fetching {arguments.url}")
        return await self.fetch(arguments.url)

    async def fetch(self, url: str) -> Fetched:
        """The text of a page, after at most so many redirects, each vetted as the first address was."""
        from .wire import GuardedBackend

        given = setting("fetch_allow") or "" if self.allowed is None else ",".join(self.allowed)
        guard = Guard(networks(given), self.resolve)
        backend = GuardedBackend(guard, self.inner)
        for _ in range(self.most_redirects + 1):
            parts = guard.url(url if "://" in url else f"https://{url}")
            asks = parts._replace(fragment="", path=parts.path or "/")
            answer = await asked(
                asks.geturl(), headers={"accept": ", ".join(READ[:3])}, most=self.most_bytes, seconds=self.seconds, backend=backend
            )  # fmt: skip
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return self._read(asks.geturl(), answer)
            url = urljoin(asks.geturl(), answer.headers["location"])
            if parts.scheme == "https" and url.startswith("http:"):
                raise AddressRefused(
                    f"{parts.hostname} sends on from https to http, and that is not followed"
                )
        raise ToolError(f"{url[:80]} was sent on more than {self.most_redirects} times")

    def _read(self, url: str, answer: Answer) -> Fetched:
        if answer.status != 200:
            raise ToolError(f"{url[:200]} answered {answer.status}")
        whole = answer.headers.get("content-type", "text/plain")
        kind = whole.partition(";")[0].strip().lower()
        if kind not in READ and not kind.endswith(READ_TOO):
            raise ToolError(
                f"{url[:200]} is of the type {kind[:60]}, and only text is read: {_listed(READ)}, JSON and XML"
            )
        text, title = decoded(answer.body, whole), None
        if kind in READ[:2]:
            title, text = readable_page(text)
        return Fetched(
            url=url, title=title, content_type=kind, text=text[: self.most_text],
            cut=answer.cut or len(text) > self.most_text,
        )  # fmt: skip


def fetch_tool(allowed: Sequence[str] | None = None) -> Tool:
    """The fetcher with its usual bounds."""
    return Fetcher(allowed).tool()


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
