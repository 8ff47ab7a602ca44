"""Which statement answers a question, if any does?"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..embeddings import Embedder
from ..text import stem, stems, word_set
from .evidence import Statement
from .lexicon import CLOSED, PERSONS, RELATIONS, likeness, rivals
from .question import CUES, Question

THRESHOLD = 0.58
"""How much of a question must be met before a statement answers it; set on the development cases only."""

_NEAR = 0.12
_MOST = 4
_CAPITAL = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]+")
_FIRST_CAPITAL = re.compile(r"^(?!I\b|My\b|Our\b|We\b|The\b|A\b|You\b|It\b|This\b)[A-Z][\w'-]+")
_NAMED = re.compile(
    r"\b(?:called|named|name is|names are|name's|call (?:me|him|her|it|them)|go by|known as)\b", re.IGNORECASE
)
_TOKEN = re.compile(r"[\w'-]+|[,.]")
_ALSO = re.compile(r"\b(?:also|too|as well|another|in addition|besides)\b", re.IGNORECASE)
_PERSON_STEMS = frozenset(stem(word) for word in PERSONS)


@dataclass(frozen=True, slots=True)
class Match:
    """A statement, how well it meets the question, and the words it meets."""

    statement: Statement
    score: float
    met: frozenset[str]
    fits: bool
    """Whether it meets enough of the question; what only lies near it in meaning never does."""


def answers(
    question: Question, statements: Sequence[Statement], embedder: Embedder | None = None
) -> list[Match]:
    """The statements that answer the question, best first; none when nothing was said about it."""
    if not statements or not (question.terms or question.wants in ("name", "age")):
        return []
    rarity = _rarity(question, statements)
    near = _nearness(question, statements, embedder)
    found = [_match(question, entry, rarity, close) for entry, close in zip(statements, near, strict=True)]
    good = [match for match in found if match.fits]
    if not good:
        return []
    best = max(match.score for match in good)
    top = [match for match in good if match.score == best][-1]
    close = [match for match in good if match.score >= best - _NEAR and match.met >= top.met]
    # A shorter statement says the same more plainly than the sentence it is part of.
    close.sort(key=lambda match: (match.statement.order, -len(match.statement.text)), reverse=True)
    first = {id(match) for match in close}
    rest = sorted((match for match in good if id(match) not in first), key=lambda match: -match.score)
    return [*close, *rest]


def together(question: Question, matches: Sequence[Match]) -> list[Match]:
    """The best match, and those that add to it rather than replace it: "I am also allergic to nuts"."""
    if not matches:
        return []
    first = matches[0]
    chosen = [first]
    for other in matches[1:]:
        if len(chosen) == _MOST:
            break
        adds = _ALSO.search(first.statement.text) or _ALSO.search(other.statement.text)
        many = first.score - other.score < 0.02 and _several(first.statement, other.statement)
        many = many or (question.many and first.score - other.score < 0.2)
        same = any(
            other.statement.text in entry.statement.text or entry.statement.text in other.statement.text
            for entry in chosen
        )
        if (adds or many) and not same and other.met >= first.met:
            chosen.append(other)
    return chosen


def related(message: str, statements: Sequence[Statement]) -> list[Statement]:
    """What was said about the things a message names, best first, though it answers nothing."""
    named = {term for term in stems(message) if term not in RELATIONS}
    scored = [
        (sum(1 for term in named if any(likeness(term, said) >= 0.85 for said in entry.terms)), entry)
        for entry in statements
        if entry.role == "user"
    ]
    return [entry for shared, entry in sorted(scored, key=lambda pair: (-pair[0], -pair[1].order)) if shared]


_SEVERAL = frozenset(
    stem(word)
    for word in word_set("""allergic like love hate enjoy speak play visit read know met own collect""")
)


def _several(one: Statement, other: Statement) -> bool:
    return bool(_SEVERAL & one.terms & other.terms) and one.role == other.role


def _rarity(question: Question, statements: Sequence[Statement]) -> dict[str, float]:
    total = len(statements)
    found: dict[str, float] = {}
    for term, weight in question.terms:
        seen = sum(1 for entry in statements if term in entry.terms)
        found[term] = weight * (0.75 + 0.25 * (1 - math.log1p(seen) / math.log1p(total + 1)))
    return found


def _nearness(question: Question, statements: Sequence[Statement], embedder: Embedder | None) -> list[float]:
    if embedder is None:
        return [0.0] * len(statements)
    vectors = embedder.embed([question.text, *(entry.text for entry in statements)])
    return [float(value) for value in vectors[1:] @ vectors[0]]


def _match(question: Question, entry: Statement, rarity: dict[str, float], close: float) -> Match:
    met: set[str] = set()
    got = 0.0
    total = 0.0
    blurred = False
    for term, _ in question.terms:
        weight = rarity[term]
        like = max((likeness(term, said) for said in entry.terms), default=0.0)
        if like == 0.0 and term in question.kinds and question.wants not in ("", "person"):
            continue
        if like and term in question.kinds:
            weight *= 2
        total += weight
        if like:
            met.add(term)
            got += weight * like
        elif any(rivals(term, said) for said in entry.terms):
            blurred = True
    coverage = got / total if total else 0.0
    if total == 0.0 or not question.terms:
        coverage = 0.75 if question.wants in ("name", "age") else 0.0
    score = coverage
    if blurred and coverage < 1:
        score -= 0.1
    score *= _subject_fits(question, entry, met) * _wanted_fits(question, entry, met)
    score *= entry.weight * _voice_fits(question, entry)
    if entry.past != question.past:
        score *= 0.7 if entry.past else 0.8
    fits = score >= THRESHOLD
    if fits:
        density = len(met) / (1 + len(entry.terms))
        score += 0.08 * max(0.0, close) + 0.06 * density
    return Match(entry, round(score, 4), frozenset(met), fits)


def _subject_fits(question: Question, entry: Statement, met: set[str]) -> float:
    solid = {term for term in met if term not in RELATIONS}
    asked = [term for term, _ in question.terms]
    about_them = any(likeness(term, said) for term in asked for said in entry.subject)
    theirs = solid and all(any(likeness(term, said) for said in entry.foreign) for term in solid)
    if theirs and not about_them:
        return 0.5
    if not entry.subject:
        return 1.0
    if about_them:
        others = [
            said
            for said in entry.subject
            if said in _PERSON_STEMS and not any(likeness(t, said) for t in asked)
        ]
        return 0.55 if others else 1.0
    if question.of_self or not solid:
        return 0.5
    if question.wants in ("name", "age") and entry.subject & _PERSON_STEMS:
        return 0.5
    return 1.0


def _wanted_fits(question: Question, entry: Statement, met: set[str]) -> float:
    if entry.place == "preference":
        return 1.0
    if any(kind in CLOSED and kind not in met for kind in question.kinds):
        return 0.5
    if question.wants == "age" and not question.terms:
        return 1.2 if CUES["age"].search(entry.text) and not entry.subject else 0.3
    if question.wants in CUES:
        return 1.0 if CUES[question.wants].search(entry.text) else 0.45
    if question.wants == "name":
        return _name_fits(question, entry)
    if question.wants == "person":
        return 1.0 if _CAPITAL.search(entry.text) or _FIRST_CAPITAL.search(entry.text) else 0.7
    return 1.0


def _name_fits(question: Question, entry: Statement) -> float:
    of_user = not [term for term, _ in question.terms]
    if of_user:
        return 1.2 if "nam" in entry.terms and not entry.subject else 0.3
    if _NAMED.search(entry.text) or (
        entry.subject and _FIRST_CAPITAL.match(entry.text) and re.search(r"\b(?:my|our)\b", entry.text)
    ):
        return 1.0
    tokens = _TOKEN.findall(entry.text)
    wanted = {term for term, _ in question.terms}
    for number, token in enumerate(tokens[:-1]):
        heads = stems(token)
        if not heads or not any(likeness(term, heads[0]) >= 0.6 for term in wanted):
            continue
        after = [
            word for word in tokens[number + 1 : number + 4] if word.lower() not in (",", "is", "are", "was")
        ]
        if after and after[0][:1].isupper() and after[0] != "I":
            return 1.0
    return 0.5


def _voice_fits(question: Question, entry: Statement) -> float:
    if question.of_assistant:
        return 1.0 if entry.role == "assistant" else 0.7
    return 0.75 if entry.role == "assistant" else 1.0
