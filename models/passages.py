"""In which parts of a message may a change be told: what says so and what it is about stand close together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from ..services.text import sentences

SENTENCES: Final = 8
"""How many sentences of a message are looked at one by one."""

NEAR: Final = 20
"""Words of a passage of more than one clause: what stands further apart has little to do with each other."""

MOST: Final = 40
"""Passages of one message."""

_SUBJECT: Final = r"(?:i|i'm|i've|i'd|we|we're|we've|my|our|he|she|they|it|the|his|her|their)\b"
_CLAUSE: Final = re.compile(
    rf"\s*;\s+|\s[-–—]+\s|—|:\s+|,? (?:and|but|so|because|since|while|although|though) (?=(?:now |then |also )?(?:{_SUBJECT}|(?-i:[A-Z])\w+))"
    rf"|, (?={_SUBJECT})",
    re.IGNORECASE,
)


def passages(message: str) -> list[str]:
    """Each clause of a message, and each two clauses, sentence, two sentences and the whole, where they are short."""
    told = [
        [part for part in _CLAUSE.split(sentence) if part.strip(" ,.;:!")]
        for sentence in sentences(message)[:SENTENCES]
    ]
    clauses = [clause for parts in told for clause in parts]
    if len(clauses) < 2:
        return [message]
    found = dict.fromkeys([*clauses, *_short(clauses, [" ".join(parts) for parts in told], message)])
    return list(found)[:MOST]


def _short(clauses: list[str], sentences_: list[str], message: str) -> Iterator[str]:
    for passage in (
        *sentences_,
        *(" ".join(pair) for some in (clauses, sentences_) for pair in pairwise(some)),
        message,
    ):
        if len(passage.split()) <= NEAR:
            yield passage
