"""What else is a person or thing called: "my girlfriend" who is Lena, and Lena who is my girlfriend?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text import STOP_WORDS, stem
from .evidence import Statement
from .kinds import PERSONS
from .lexicon import likeness, members

_MOST = 4
_KIN = r"(?:my|our) (?P<kin>[\w-]+(?:-in-law)?)"
_NAME = r"(?P<name>[^\W\d_][\w'-]*)"
_ALIASES = (
    re.compile(rf"\b(?i:{_KIN})(?:,| (?i:is|are|is called|is named|called|named)|'s name is)? {_NAME}"),
    re.compile(rf"(?:^|\b(?i:and|but) ){_NAME},? (?i:is|was)(?: (?i:also|now))? (?i:{_KIN})"),
)
_MINE = re.compile(r"\b(?:my|our) ([\w-]+)(?!['\w-])", re.IGNORECASE)
_ANIMATE = frozenset(stem(word) for word in PERSONS) | members("pet") | members("relative")


def otherwise(question: str, known: Sequence[Statement]) -> list[str]:
    """The question with those it is about called as they were called elsewhere; the newest name first."""
    pairs = list(dict.fromkeys(pair for entry in reversed(known) for pair in _pairs(entry)))
    found = [_named(question, kin, name) for kin, name in pairs]
    found += [
        re.sub(rf"\b{re.escape(name)}(?!\w)", f"my {kin}", question, flags=re.IGNORECASE)
        for kin, name in pairs
    ]
    return [other for other in dict.fromkeys(found) if other != question][:_MOST]


def _pairs(entry: Statement) -> list[tuple[str, str]]:
    if entry.role != "user" or entry.place == "preference" or len(entry.text) > 400:
        return []
    found = []
    for pattern in _ALIASES:
        for match in pattern.finditer(entry.text):
            kin, name = match["kin"].lower(), match["name"].removesuffix("'s")
            named = name[:1].isupper() or (
                entry.text.islower() and re.search(rf"\bis {re.escape(name)}$", entry.text)
            )
            if named and name.lower() not in STOP_WORDS and _animate(kin):
                found.append((kin, name))
    return found


def _animate(kin: str) -> bool:
    return kin.endswith("-in-law") or any(likeness(known, stem(kin)) >= 0.9 for known in _ANIMATE)


def _named(question: str, kin: str, name: str) -> str:
    def instead(asked: re.Match[str]) -> str:
        return name if likeness(stem(asked[1].lower()), stem(kin)) >= 0.85 else asked[0]

    return _MINE.sub(instead, question)
