"""About how many tokens is a text, without asking anyone?

The estimate is meant to be too high rather than too low: a context that overflows is refused by the
model, one that is a little short is not. Characters are weighed by kind, since a fixed four characters a
token undercounts JSON by half and Chinese by three quarters.
"""

from __future__ import annotations

import math
import re

MESSAGE_OVERHEAD = 4
"""Tokens that a message costs beside its text."""

_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_MIXED_RUN = re.compile(r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]+\b")
_WORD_CHARS = re.compile(r"[A-Za-z ]+")
_ACCENTED = re.compile("[\u00a0-\u024f]+")
_BLANKS = re.compile(r"[ \t]{2,}")
_ASCII_REST = re.compile("[\x00-\x1f!-@\\[-`{-\x7f]+")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]+")

_PER_LETTER = 1 / 3.2
_PER_LONG_RUN = 1 / 1.2
_PER_MARK = 0.92
_PER_ACCENTED = 0.9
_PER_OTHER = 1.5
_PER_ASTRAL = 4.0


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, rather too many than too few."""
    if not text:
        return 0
    text = _BLANKS.sub("  ", text)
    rest, long_runs = _taken(_LONG_RUN, text)
    rest, mixed = _taken(_MIXED_RUN, rest)
    rest, letters = _taken(_WORD_CHARS, rest)
    rest, marks = _taken(_ASCII_REST, rest)
    rest, accented = _taken(_ACCENTED, rest)
    rest, astral = _taken(_ASTRAL, rest)
    return math.ceil(
        long_runs * _PER_LONG_RUN
        + mixed
        + letters * _PER_LETTER
        + marks * _PER_MARK
        + accented * _PER_ACCENTED
        + astral * _PER_ASTRAL
        + len(rest) * _PER_OTHER
    )


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, int]:
    rest = pattern.sub("", text)
    return rest, len(text) - len(rest)
