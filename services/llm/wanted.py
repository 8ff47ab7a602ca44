"""Does a statement hold what is asked for: a name, a person, a time, a place, a number?"""

from __future__ import annotations

import re

from ..text import STOP_WORDS, stems, word_set
from .evidence import Statement
from .lexicon import CLOSED, likeness
from .question import CUES, Question

_FIRST_CAPITAL = re.compile(r"^(?!I\b|My\b|Our\b|We\b|The\b|A\b|You\b|It\b|This\b)[A-Z][\w'-]+")
_NAMED = re.compile(
    r"\b(?:called|named|name is|names are|name's|call (?:me|him|her|it|them)|go by|known as)\b", re.IGNORECASE
)
_TOKEN = re.compile(r"[\w'-]+|[,.]")
_WHO_IS = re.compile(
    r"\bwho(?:'s| is| are| was|s)? (?:my|our|the)(?: (?:new|current|old|former|best))? ((?:[\w'-]+ ?){1,3})\??$",
    re.IGNORECASE,
)
_NAMES = ("name", "preferred_name")
_COPULA = word_set("is are was were 's")
_HEDGES = word_set("now still called named actually currently")
_CALENDAR = word_set(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december christmas easter"""
)


def wanted_fits(question: Question, entry: Statement, met: set[str]) -> float:
    """How far a statement holds what is asked for: 1 when it does, less when nothing in it could be that."""
    if entry.place == "preference":
        naming = question.wants in ("name", "age") and not question.terms
        return 0.3 if naming and not (question.wants == "name" and entry.key in _NAMES) else 1.0
    if any(kind in CLOSED and kind not in met for kind in question.kinds):
        return 0.5
    if question.wants == "age" and not question.terms:
        return 1.2 if CUES["age"].search(entry.text) and not entry.subject else 0.3
    if question.wants in CUES:
        return 1.0 if CUES[question.wants].search(entry.text) else 0.45
    if question.wants == "name":
        return _name_fits(question, entry)
    if question.wants == "person":
        return _person_fits(question, entry)
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
            word
            for word in tokens[number + 1 : number + 4]
            if word.lower() not in (",", "is", "are", "was", "the")
        ]
        if after and after[0][:1].isupper() and after[0] != "I":
            return 1.0
    return 0.5


def _person_fits(question: Question, entry: Statement) -> float:
    if (asked := _WHO_IS.search(question.text)) and (head := stems(asked[1])[-1:]):
        return 1.0 if _identifies(entry.text, head[0]) else 0.5
    return 1.0 if any(map(_is_name, _TOKEN.findall(entry.text))) else 0.7


def _identifies(text: str, head: str) -> bool:
    """Whether a text says who a person is: "my boss Ann", "my boss is Ann", "Ann is my boss"."""
    tokens = _TOKEN.findall(text)
    sloppy = text.islower()
    for number, token in enumerate(tokens):
        said = stems(token)
        if not said or likeness(head, said[-1]) < 0.6:
            continue
        if any(map(_is_name, tokens[:number])) and _COPULA & set(tokens[:number]):
            return True
        rest = [word for word in tokens[number + 1 : number + 12] if word != ","]
        if rest and _is_name(rest[0]):
            return True
        copula = next((n for n, word in enumerate(rest) if word.lower() in _COPULA), None)
        after = [word for word in rest[copula + 1 :] if word not in _HEDGES] if copula is not None else []
        if after and (_is_name(after[0]) or (sloppy and after[0] not in STOP_WORDS)):
            return copula == 0 or rest[0].lower() in STOP_WORDS
    return False


def _is_name(token: str) -> bool:
    return token[:1].isupper() and token.lower() not in STOP_WORDS and token.lower() not in _CALENDAR
