"""Which statement answers a question, if any does?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..embeddings import Embedder
from ..text import stem, stems, word_set
from .alike import LIKENESS, alike
from .evidence import Statement
from .kinds import PERSONS
from .lexicon import LIGHT, RELATIONS, likeness, members, rivals
from .question import Question, pairs_of
from .wanted import wanted_fits

THRESHOLD = 0.58
"""How much of a question must be met before a statement answers it; set on the development cases only."""

_NEAR = 0.12
_MOST = 4
_ALSO = re.compile(r"\b(?:also|too|as well|another|in addition|besides)\b", re.IGNORECASE)
_NONE: frozenset[str] = frozenset()
_NOTHING: Mapping[str, frozenset[str]] = {}
_BEING = re.compile(r"\b(?:am|are|was|were) (?:i|we)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"(?:i|we|i'm|we're|i've|we've|i'll|we'll)\b", re.IGNORECASE)
_ME = re.compile(r"\b(?:me|us|my|our)\b", re.IGNORECASE)
_VAGUE = RELATIONS | frozenset(stem(word) for word in word_set("little younger older elder big small young"))
_PERSON_STEMS = frozenset(stem(word) for word in PERSONS)


@dataclass(frozen=True, slots=True)
class Match:
    """A statement, how well it meets the question, and the words it meets."""

    statement: Statement
    score: float
    met: frozenset[str]
    fits: bool
    """Whether it meets enough of the question, word by word."""


def answers(
    question: Question, statements: Sequence[Statement], embedder: Embedder | None = None
) -> list[Match]:
    """The statements that answer the question, best first; none when nothing was said about it."""
    if not statements or not (question.terms or (question.of_user and question.wants in ("name", "age"))):
        return []
    rarity = _rarity(question, statements)
    near = _nearness(question, statements, embedder)
    found = [_match(question, entry, rarity, close) for entry, close in zip(statements, near, strict=True)]
    good = [match for match in found if match.fits]
    if not good and embedder is not None and (means := alike(question, statements, embedder)):
        found = [
            _match(question, entry, rarity, close, means)
            for entry, close in zip(statements, near, strict=True)
        ]
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


def _match(
    question: Question,
    entry: Statement,
    rarity: dict[str, float],
    close: float,
    means: Mapping[str, frozenset[str]] = _NOTHING,
) -> Match:
    met: set[str] = set()
    got = 0.0
    total = 0.0
    blurred = False
    for term, _ in question.terms:
        weight = rarity[term]
        like = _likest([term], entry)
        # Of "tea or coffee" one is enough.
        if not like and term in question.others and _likest(question.others, entry):
            continue
        if like == 0.0 and not means.get(term, _NONE).isdisjoint(entry.terms):
            like = LIKENESS
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
    if _otherwise_told(question, entry, met):
        score *= 0.75
    if _of_another_matter(question, entry, met):
        score *= 0.75
    if coverage < 1 and not question.of_self and _of_user(entry) and not _ME.search(question.text):
        # What the user does names in passing what is asked about.
        score *= 0.8
    score *= _subject_fits(question, entry, met) * wanted_fits(question, entry, met)
    score *= entry.weight * _voice_fits(question, entry)
    if entry.past != question.past:
        score *= 0.7 if entry.past else 0.8
    fits = score >= THRESHOLD
    if fits:
        density = len(met) / (1 + len(entry.terms))
        score += 0.08 * max(0.0, close) + 0.06 * density
    return Match(entry, round(score, 4), frozenset(met), fits)


def _otherwise_told(question: Question, entry: Statement, met: set[str]) -> bool:
    """Whether what is asked about is told of another: of the staging server, not of the production server."""
    heads = {
        head
        for which, head in question.pairs
        if head in met and which not in met and not {which, head} & (question.kinds | LIGHT | _VAGUE)
    }
    if heads.isdisjoint(entry.terms):
        return False
    return any(head in heads and which not in _VAGUE for which, head in pairs_of(entry.text))


def _of_another_matter(question: Question, entry: Statement, met: set[str]) -> bool:
    """Whether a statement says nothing of what is done: who she is does not tell what she hates."""
    if (
        question.does in met
        or question.does in LIGHT
        or not 0 < dict(question.terms).get(question.does, 0) < 1
    ):
        return False
    return not (question.wants == "place" and entry.subject and met)


def _of_user(entry: Statement) -> bool:
    return not entry.subject and bool(_FIRST_PERSON.match(entry.text))


def _likest(terms: Iterable[str], entry: Statement) -> float:
    return max((likeness(term, said) for term in terms for said in entry.terms), default=0.0)


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
        # "My daughter Adaeze is nine": asked for by her name, she is no other.
        if any(term in entry.subject and term not in _PERSON_STEMS for term in asked):
            return 1.0
        others = [
            said
            for said in entry.subject
            if said in _PERSON_STEMS and not any(likeness(t, said) for t in asked)
        ]
        return 0.55 if others else 1.0
    if question.of_self and met & question.kinds and _BEING.search(question.text):
        # "Which seat am I in?" is told by where the flight has one; a person's or an animal's is theirs.
        return 0.5 if entry.subject & (_PERSON_STEMS | members("pet")) else 1.0
    if question.of_self and question.wants in ("money", "time", "count") and question.does not in entry.terms:
        # "How much can I spend on the kitchen?" is told by what my budget for it is.
        return 0.5 if entry.subject & (_PERSON_STEMS | members("pet")) or not solid else 0.9
    if question.of_self or not solid:
        return 0.5
    if question.wants in ("name", "age") and entry.subject & _PERSON_STEMS:
        return 0.5
    return 1.0


def _voice_fits(question: Question, entry: Statement) -> float:
    if question.of_assistant:
        return 1.0 if entry.role == "assistant" else 0.7
    return 0.75 if entry.role == "assistant" else 1.0
