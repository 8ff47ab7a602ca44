"""Where does each piece of what a model reads come from, and where a value that it gives back?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ..llm.prompt import Prompt, shown
from .fold import fold, views

Origin = Literal["user", "grant", "default", "history", "memory", "tool", "system", "model"]
"""This turn's user message, a grant, a tool's own default, earlier turns, what was recalled, a tool's result, the
instructions; or the model alone, where a value stands in nothing it read."""

_ORDER: Final = ("memory", "tool", "history", "system")
_GRAM: Final = 4
_ENOUGH: Final = 0.75


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that a model reads, where it comes from, and the id of its message where it has one."""

    origin: Origin
    text: str
    ref: str | None = None


def pieces(prompt: Prompt, message: str) -> list[Piece]:
    """All that a prompt holds, each piece with its origin; `message` is what the user said in this turn.

    The user's are their words of this turn and no others: turns with the role of the system were stored by somebody.
    """
    found = [Piece("system", prompt.instructions), Piece("user", message)]
    if prompt.message != message:
        found.append(Piece("history", prompt.message))
    found += [Piece("history", turn.content, turn.message_id) for turn in prompt.turns]
    found += [Piece("memory", hit.content, hit.message_id) for hit in prompt.memories]
    found += [Piece("memory", turn.content, turn.message_id) for turn in prompt.recent]
    found += [
        Piece("memory", f"{note.category}/{note.key}: {shown(note.value)}") for note in prompt.preferences
    ]
    if prompt.summary:
        found.append(Piece("memory", prompt.summary))
    if prompt.name:
        found.append(Piece("memory", prompt.name))
    return found


class Sources:
    """Tells where a value was read. It explains; what is allowed does not depend on it."""

    def __init__(self, found: Sequence[Piece]) -> None:
        known = sorted((p for p in found if p.origin in _ORDER), key=lambda p: _ORDER.index(p.origin))
        self._pieces = known
        self._views: list[list[str]] | None = None

    def of(self, value: object) -> Piece:
        """The piece that a value stands in, plain or in disguise, whole or for the most part."""
        if self._views is None:
            self._views = [views(piece.text) for piece in self._pieces]
        plain = str(value)
        if (short := fold(plain)) and len(short) < _GRAM:
            whole = re.compile(rf"(?<!\w){re.escape(plain)}(?!\w)", re.IGNORECASE)
            return next((piece for piece in self._pieces if whole.search(piece.text)), _NOWHERE)
        wanted = [view for view in views(plain) if len(view) >= _GRAM]
        for piece, texts in zip(self._pieces, self._views, strict=True):
            if any(one in text for one in wanted for text in texts):
                return piece
        return self._mostly(short) if short else _NOWHERE

    def _mostly(self, wanted: str) -> Piece:
        """The piece that has the largest share of a value that is put together from several."""
        grams = {wanted[start : start + _GRAM] for start in range(len(wanted) - _GRAM + 1)}
        assert self._views is not None
        # The instructions hold most of the language's letters in a row; that says nothing.
        shares: list[set[str]] = [
            {gram for gram in grams if any(gram in text for text in texts)}
            if piece.origin != "system"
            else set()
            for piece, texts in zip(self._pieces, self._views, strict=True)
        ]
        covered = set().union(*shares) if shares else set()
        if len(covered) < _ENOUGH * len(grams):
            return _NOWHERE
        return self._pieces[max(range(len(shares)), key=lambda number: (len(shares[number]), -number))]


_NOWHERE: Final = Piece("model", "")


def first(found: Iterable[Piece]) -> Piece:
    """The piece of the most doubtful origin among some; the model itself where there is none."""
    known = sorted(
        (piece for piece in found if piece.origin in _ORDER), key=lambda piece: _ORDER.index(piece.origin)
    )
    return known[0] if known else _NOWHERE
