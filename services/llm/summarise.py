"""What do a few turns come to, by picking rather than by writing?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..text import content_words, is_question, sentences, shortened, stems, words
from ..tokens import estimate_tokens
from .extract import LONGEST_TEXT, bare, category_of, is_statement
from .preferences import stated_preferences
from .prompt import Turn, readable

_LONGEST = 240
_MOST_SENTENCES = 4_000
_NUMBER = re.compile(r"\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'-]+")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    weight: float
    order: int
    cost: int


def summarise(turns: Sequence[Turn], *, previous: str | None = None, max_tokens: int = 400) -> str:
    """The sentences that hold facts, names, numbers and wishes, in the order they were said, within `max_tokens`."""
    lines = _lines(turns, previous)
    kept: list[_Line] = []
    spent = 0
    for line in sorted(lines, key=lambda line: (-line.weight, -line.order)):
        if spent + line.cost <= max_tokens:
            kept.append(line)
            spent += line.cost
    kept.sort(key=lambda line: line.order)
    return "\n".join(line.text for line in kept)


def _lines(turns: Sequence[Turn], previous: str | None) -> list[_Line]:
    found: dict[str, _Line] = {}
    order = itertools.count()

    def keep(text: str, weight: float) -> None:
        line = shortened(readable(text), _LONGEST)
        key = " ".join(words(line))
        if key in found:
            # Said again: it counts more, and where it was said last.
            weight = max(weight, found.pop(key).weight) + 0.05
        found[key] = _Line(line, weight, next(order), estimate_tokens(line) + 2)

    for text in (previous or "")[:LONGEST_TEXT].splitlines():
        if text.strip():
            keep(text.strip(), 1.05)
    for turn in turns:
        if turn.role not in ("user", "assistant"):
            continue
        for sentence in sentences(turn.content[:LONGEST_TEXT])[:_MOST_SENTENCES]:
            weight = _weight(sentence, turn.role)
            if weight > 0:
                who = (turn.name or "User") if turn.role == "user" else "Assistant"
                keep(f"{who}: {bare(sentence)}.", weight)
    return list(found.values())


def _weight(sentence: str, role: str) -> float:
    if len(content_words(sentence[:1_000])) < 2:
        return 0.0
    said = bare(sentence)
    marks = 0.15 * bool(_NUMBER.search(said)) + 0.1 * bool(_NAME.search(said))
    if role == "assistant":
        return 0.15 + marks
    if stated_preferences(sentence):
        return 1.2 + marks
    if is_question(sentence):
        return 0.25 + marks
    if is_statement(said):
        return 0.5 + category_of(said)[1] + marks
    return 0.3 + marks + min(0.1, 0.01 * len(set(stems(said[:400]))))
