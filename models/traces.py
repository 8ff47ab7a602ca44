"""Does a text hold what was forgotten? It does where it has an id of it, or the same few words in a row.

A run's state seldom holds a message as it is: it is cut, quoted, put into a prompt, or stands in JSON within JSON.
So the words are compared and nothing between them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from ..engine.codec import TAG

IN_A_ROW: Final = 6
TELLING_ID: Final = 16
_CJK: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORDS: Final = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class Traces:
    """What was forgotten, as ids and as runs of words."""

    def __init__(self, ids: Collection[str], texts: Iterable[str]) -> None:
        self._ids = frozenset(ids)
        self._rows: dict[int, set[tuple[str, ...]]] = {}
        # A short id may be a common word; only as a whole value is it the id.
        self._note(one for id_ in ids if len(id_) >= TELLING_ID for one in [_words(id_)])
        for text in texts:
            words = _words(text)
            self._note(words[i : i + IN_A_ROW] for i in range(max(1, len(words) - IN_A_ROW + 1)))

    def in_text(self, text: str) -> bool:
        """Whether a text holds any of it."""
        return self._among(_words(text))

    def in_json(self, *texts: str | None) -> bool:
        """Whether values, each as JSON text, hold any of it."""
        return self.in_values(_parsed(text) for text in texts if text is not None)

    def in_values(self, values: Iterable[Any]) -> bool:
        """Whether JSON values hold any of it."""
        words: list[str] = []
        for value in values:
            for text in _strings(value):
                if text in self._ids:
                    return True
                words += _words(text)
        return self._among(words)

    def _note(self, rows: Iterable[list[str]]) -> None:
        for row in rows:
            if row:
                self._rows.setdefault(len(row), set()).add(tuple(row))

    def _among(self, words: list[str]) -> bool:
        return any(
            tuple(words[i : i + length]) in rows
            for length, rows in self._rows.items()
            for i in range(len(words) - length + 1)
        )


def names_user(tenant: str, user: str, *texts: str | None) -> bool:
    """Whether values, each as JSON text, say of themselves that they are that user's."""
    return any(
        found.get("user_id") == user and found.get("tenant_id", "default") == tenant
        for text in texts
        if text is not None
        for found in _mappings(_parsed(text))
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        if value.get(TAG) in ("bytes", "bytearray"):
            yield _bytes(value.get("v"))
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _bytes(value: Any) -> str:
    try:
        return base64.b64decode(value).decode("utf-8", "ignore")
    except (TypeError, ValueError, binascii.Error):
        return ""


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _mappings(inner)


def _words(text: str) -> list[str]:
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return " " if match[2] in "nrtbf" else match[2]
