"""Was something that is known said to have ended since: a job left, a car sold, a dog that died?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text import stem
from .evidence import Statement
from .kinds import PERSONS
from .lexicon import LIGHT, RELATIONS

_ENDED = re.compile(
    r"\b(?:left|quit|resigned|retired|sold|lost|died|dead|passed away|broke up|split up|divorced|cancell?ed"
    r"|called off|no longer|any ?more|stopped|gave up|gave away|got rid of|moved out|stolen|fired|laid off"
    r"|postponed|rescheduled|replaced|swapped|switched|closed down)\b",
    re.IGNORECASE,
)
_SAYS_LITTLE = RELATIONS | LIGHT
_PERSON_STEMS = frozenset(stem(word) for word in PERSONS)


def ended(answer: Statement, known: Sequence[Statement]) -> Statement | None:
    """The newest thing said later than the answer by which what it says is over."""
    if answer.place == "preference" or _ENDED.search(answer.text):
        return None
    about = answer.terms - _SAYS_LITTLE
    found = [
        entry
        for entry in known
        if entry.role == answer.role == "user"
        and entry.order > answer.order
        and about & entry.terms
        and _ENDED.search(entry.text)
        and not (entry.subject & _PERSON_STEMS) - answer.terms
    ]
    # A clause says it more plainly than the sentence it is part of, unless it loses what came instead.
    return max(found, key=lambda entry: (entry.order, len(entry.text)), default=None)
