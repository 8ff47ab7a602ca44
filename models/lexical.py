"""Which texts have the words of a query? An inverted index in memory, the same on every database.

Words are cut to their stems; what is written without spaces between its words (Chinese, Japanese, Korean) is
indexed by pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..services.text import STOP_WORDS
from ..services.text import stem as services_stem

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

MOST_WORDS: Final = 32
LARGE: Final = 5_000
RAREST: Final = 8
LONGEST_QUERY: Final = 20_000
_WORD: Final = re.compile(r"[^\W_]+")
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_NO_SPACES: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
_DIVIDED: Final = re.compile(
    rf"{_NO_SPACES.pattern}|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+"
)

_stem = lru_cache(maxsize=1 << 16)(services_stem)


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, without accents and without "'s"."""
    low = _POSSESSIVE.sub("", text.lower())
    if low.isascii():
        return _WORD.findall(low)
    low = "".join(c for c in unicodedata.normalize("NFKD", low) if not unicodedata.combining(c))
    low = unicodedata.normalize("NFC", low)
    return [piece for run in _DIVIDED.findall(low) for piece in _pieces(run)]


def _pieces(run: str) -> list[str]:
    if len(run) < 3 or not _NO_SPACES.match(run):
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def keys(words: Sequence[str]) -> list[str]:
    """What the words are indexed by; stop words are not."""
    return [_stem(word) for word in words if word not in STOP_WORDS]


def wanted(query: str, without: Sequence[str] = ()) -> list[str]:
    """The keys of a query, each once, leaving out some words where others are left."""
    every = list(dict.fromkeys(keys(tokens(query[:LONGEST_QUERY]))))
    leave = set(keys([word for name in without for word in tokens(name)]))
    return ([key for key in every if key not in leave] or every)[:MOST_WORDS]


class Words:
    """The rows each word stands in, a row once for every time."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self.postings = 0

    def add(self, row: int, words: Sequence[str]) -> None:
        """Indexes the words of a row, the next or a later one."""
        found = keys(words)
        rows = self._rows
        for key in found:
            there = rows.get(key)
            if there is None:
                rows[key] = there = array("I")
            there.append(row)
        self.postings += len(found)

    def telling(self, wanted: Sequence[str], size: int) -> list[str]:
        """The keys that are anywhere; in a large memory the rarest of them, since what is everywhere tells nothing."""
        there = [key for key in wanted if key in self._rows]
        if size < LARGE or not there:
            return there
        there.sort(key=lambda key: len(self._rows[key]))
        return [key for key in there if len(self._rows[key]) <= size // 10][:RAREST] or there[:1]

    def counts(self, key: str, size: int) -> Numbers | None:
        """How often a word stands in each of the rows, or None where in no one."""
        import numpy as np

        there = self._rows.get(key)
        if there is None:
            return None
        return np.bincount(np.frombuffer(there, np.uint32), minlength=size).astype(np.float32)

    def __contains__(self, key: object) -> bool:
        """Whether a word stands anywhere."""
        return key in self._rows

    def with_any(self, wanted: Iterable[str]) -> Any:
        """The rows in which any of some words stands."""
        import numpy as np

        there = [self._rows[key] for key in wanted if key in self._rows]
        return (
            np.unique(np.concatenate([np.frombuffer(rows, np.uint32) for rows in there]))
            if there
            else np.zeros(0, np.uint32)
        )

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 6 * self.postings + 220 * len(self._rows)
