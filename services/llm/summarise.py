"""What do a few turns come to, by picking rather than by writing?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..text import content_words, is_question, sentences, shortened, stems, words
from ..tokens import estimate_tokens
from .extract import LONGEST_TEXT, bare, category_of, is_statement, statements
from .preferences import stated_preferences
from .prompt import Turn, readable

_LONGEST = 240
_MOST_SENTENCES = 4_000
_NUMBER = re.compile(r"\d")
_CODE = re.compile(r"\d{3,}|\d[.:/-]\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'-]+")


_ASKS = re.compile(r"(?P<line>.*[?？])\.*$")
_OURS = re.compile(r"(?P<who>[^\s:]{1,40}(?: [^\s:]{1,40}){0,3}): (?P<said>.+)")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    asks: bool
    weight: float
    order: int
    cost: int


def summarise(turns: Sequence[Turn], *, previous: str | None = None, max_tokens: int = 400) -> str:
    """The sentences that hold facts, names, numbers and wishes, in the order they were said, within `max_tokens`."""
    found = _lines(turns, previous)
    # What was asked is carried only when nothing was told.
    lines = [line for line in found if not line.asks] or found
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

    def keep(text: str, weight: float, asks: bool = False) -> None:
        line = shortened(readable(text), _LONGEST)
        key = " ".join(words(line))
        if key in found:
            # Said again: it counts more, and where it was said last.
            weight = max(weight, found.pop(key).weight) + 0.05
        found[key] = _Line(line, asks, weight, next(order), estimate_tokens(line) + 2)

    for text in (previous or "")[:LONGEST_TEXT].splitlines():
        # A line of ours weighs what its sentence weighed when it was said; a model's sentences are all told.
        for said in [text] if (ours := _OURS.match(text)) else sentences(text):
            asked = _ASKS.match(said.strip())
            weight = _weight(ours["said"], _role(ours["who"])) if ours else 0.3 + _weight(said, "user")
            if said.strip():
                keep(asked["line"] if asked else said.strip(), weight + 0.05, bool(asked))
    for turn in turns:
        if turn.role not in ("user", "assistant"):
            continue
        for sentence in sentences(turn.content[:LONGEST_TEXT])[:_MOST_SENTENCES]:
            who = (turn.name or "User") if turn.role == "user" else "Assistant"
            asks = is_question(sentence) and not stated_preferences(sentence)
            # "I fly on Friday, what should I pack?" tells something beside what it asks.
            told = statements(sentence) if asks and turn.role == "user" else []
            for said in told or [sentence]:
                weight = _weight(said, turn.role)
                if weight > 0:
                    keep(f"{who}: {_ended(bare(said))}", weight, asks and not told)
    return list(found.values())


def _role(who: str) -> str:
    return "assistant" if who == "Assistant" else "user"


def _ended(said: str) -> str:
    return said if said.endswith(("?", "？")) else f"{said}."


def _weight(sentence: str, role: str) -> float:
    if len(content_words(sentence[:1_000])) < 2:
        return 0.0
    said = bare(sentence)
    # A phone number, an amount or a time is what nobody can guess.
    marks = (
        0.1 * bool(_NUMBER.search(said)) + 0.15 * bool(_CODE.search(said)) + 0.1 * bool(_NAME.search(said))
    )
    if role == "assistant":
        return 0.15 + marks
    if stated_preferences(sentence):
        return 1.2 + marks
    if is_question(sentence):
        return 0.25 + marks
    if is_statement(said):
        return 0.5 + category_of(said)[1] + marks
    return 0.3 + marks + min(0.1, 0.01 * len(set(stems(said[:400]))))
