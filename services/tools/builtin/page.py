"""What does a page say? Its title and its text, without what only a browser needs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_SILENT: Final = frozenset(
    (
        "head",
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "iframe",
        "object",
        "canvas",
        "select",
        "textarea",
    )
)
_VOID: Final = frozenset(
    ("meta", "link", "base", "br", "hr", "img", "input", "source", "wbr", "col", "embed", "area", "track")
)
_BLOCKS: Final = frozenset(
    ["address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"]
)  # fmt: skip
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_PEEKED: Final = 2_048


def decoded(body: bytes, content_type: str) -> str:
    """The bytes as text, by the charset that the header or the page names, else as UTF-8."""
    named = _CHARSET.search(content_type) or _CHARSET.search(body[:_PEEKED].decode("latin-1"))
    charset = named[1] if named else "utf-8"
    try:
        text = body.decode(charset, "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def readable_page(html: str) -> tuple[str | None, str]:
    """The title of an HTML page, and its text line by line."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.text).split("\n"))
    title = " ".join("".join(reader.title).split())
    return title or None, "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.title: list[str] = []
        self._silent: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":  # whatever was left open in front of it
            self._silent.clear()
        self._in_title = tag == "title"
        hidden = any(name == "hidden" for name, _ in attrs)
        if tag not in _VOID and (self._silent or tag in _SILENT or hidden):
            if not self._silent or tag == self._silent[0]:
                self._silent.append(tag)
        elif tag in _BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if self._silent:
            if tag == self._silent[-1]:
                self._silent.pop()
        elif tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._silent:
            self.text.append(data)
