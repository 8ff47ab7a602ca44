"""Which words that were said lie near enough in meaning to a word asked for to stand for it?

The second look, when no statement answers by its letters or by the lexicon: "beekeeping" is about bees.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..embeddings import Embedder
from ..text import STOP_WORDS, stem, words
from .evidence import Statement
from .kinds import PERSONS
from .lexicon import RELATIONS, rivals
from .question import Question

NEAR = 0.45
"""The least likeness of two words; opposites and siblings that are no rivals in the lexicon lie below it."""
LIKENESS = 0.75
_MOST_WORDS = 2_000
_SMALL = re.compile(r"[^\W\d_]{3,24}$")
_PERSON_STEMS = frozenset(stem(word) for word in PERSONS)


def alike(
    question: Question, statements: Sequence[Statement], embedder: Embedder
) -> dict[str, frozenset[str]]:
    """For each stem asked for, the stems that were said and mean much the same."""
    wanted = {term for term, _ in question.terms} - RELATIONS - _PERSON_STEMS
    asked = {found: word for word in _meaning(question.text) if (found := stem(word)) in wanted}
    said: dict[str, str] = {}
    for entry in reversed(statements):
        if len(said) > _MOST_WORDS:
            break
        for word in _meaning(entry.text):
            said.setdefault(stem(word), word)
    if not asked or not said:
        return {}
    vectors = embedder.embed([*asked.values(), *said.values()])
    near = vectors[: len(asked)] @ vectors[len(asked) :].T
    return {
        term: frozenset(
            other
            for other, closeness in zip(said, row, strict=True)
            if closeness >= NEAR and other not in _PERSON_STEMS and not rivals(term, other)
        )
        for term, row in zip(asked, near.tolist(), strict=True)
    }


def _meaning(text: str) -> list[str]:
    """The words of a text without names and numbers, which are like nothing but themselves."""
    names = {word.lower() for word in re.findall(r"(?<!^)\b[A-Z][\w'-]*", text)}
    found = (word.removesuffix("'s") for word in words(text) if word not in names)
    return [word for word in found if _SMALL.match(word) and word not in STOP_WORDS]
