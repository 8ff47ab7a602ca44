"""What does a question ask for: whose words, when, how many, who or where, of which day?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .lexical import wanted

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

_WHEN: Final = re.compile(r"\s*(?:when|how long|what date|which (?:month|year)|what (?:month|year|day))\b")
_COUNT: Final = re.compile(r"\s*how (?:many|much|often|old)\b")
_NAMED: Final = re.compile(
    r"\s*(?:who|where|which|what (?:(?:is|are|was|were) )?the name|what (?:book|game|song|movie|film|country|city|state|band))\b"
)
_BEFORE: Final = re.compile(
    r"\b(?:used? to|former(?:ly)?|previous(?:ly)?|before|back then|originally|initially|in the (?:past|beginning)|at (?:first|the (?:start|beginning|time|outset))|earlier|prior|old|ex"
    r"|first|until|once|(?:in|of) (?:former|earlier|old|those) (?:times|days))\b|\bin the old days\b"
)
"""What says that a question is of how things were and are no more."""
_PAST: Final = re.compile(
    r"\b(?:did|was|were|had) (?:i|we|my|our)\b|^\s*(?:which|what|who|where)\b.*\b(?:had|was|were)\b"
)
_LASTED: Final = re.compile(
    r"\b(?:was|were) (?:i|we|my|our)\b|\bdid (?:i|we) (?:have|live|work|smoke|drive|ride|like|love|drink|eat|do|play|own|report|pay|use|prefer|read"
    r"|wear|believe|teach|study|stay|rent|want|keep|belong|support|bank|train|speak)\b"
)
"""What says that a question is of a state that lasted, not of something that happened once."""
_FIRST: Final = re.compile(
    r"\b(?:first|original(?:ly)?|initial(?:ly)?|in the beginning|at the (?:start|beginning|outset))\b"
)
_ME: Final = re.compile(r"\b(?:i|me|my|mine|i'm|i've)\b")
_YOU: Final = re.compile(r"\b(?:you|your|yours)\b")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH: Final = re.compile(
    rf"\b(?:(?:in|on|of|during|since|until|last|early|late|mid|by|(?P<before>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?),? )?(?P<month>{'|'.join(_MONTHS)})"
    r"\b(?: (?P<after>\d{1,2})(?:st|nd|rd|th)?\b(?!\d))?",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Date:
    """A month that a question names, and the day and year where it does."""

    month: int
    day: int | None = None
    year: int | None = None

    def fit(self, seconds: Any) -> Numbers:
        """1 for what was said in that month, or within a week of that day; a little for the days after a month."""
        import numpy as np

        found = np.zeros(len(seconds), np.float32)
        if not len(seconds):
            return found
        first, last = (
            datetime.fromtimestamp(float(edge), UTC).year for edge in (seconds.min(), seconds.max())
        )
        for year in range(first - 1, last + 1) if self.year is None else (self.year,):
            begin, end = self._month(year)
            if self.day is None:
                found[(seconds >= begin) & (seconds < end)] = 1.0
                found[(seconds >= end) & (seconds < end + 9 * DAY)] = 0.3
            else:
                day = begin + (self.day - 1) * DAY
                found[(seconds >= begin) & (seconds < end)] = 0.3
                found[(seconds >= day) & (seconds < day + 8 * DAY)] = 1.0
        return found

    def _month(self, year: int) -> tuple[float, float]:
        after = (year + self.month // 12, self.month % 12 + 1)
        return (
            datetime(year, self.month, 1, tzinfo=UTC).timestamp(),
            datetime(after[0], after[1], 1, tzinfo=UTC).timestamp(),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as ranking sees it."""

    keys: list[str]
    speaker: int | None
    when: bool
    count: bool
    named: bool
    past: bool
    before: bool
    first: bool
    date: Date | None


def understood(query: str, called: Mapping[str, int], speakers: Mapping[str, int]) -> Asked:
    """What a query asks for, where the speakers go by those names."""
    low = query.lower().replace("’", "'")
    when = _WHEN.match(low) is not None
    before = _BEFORE.search(low) is not None or (_LASTED.search(low) is not None and not when)
    return Asked(
        keys=wanted(query, [name for name in called if name in query]),
        speaker=_speaker(query, low, called, speakers),
        when=when,
        count=_COUNT.match(low) is not None,
        named=_NAMED.match(low) is not None,
        past=before or _PAST.search(low) is not None,
        before=before,
        first=_FIRST.search(low) is not None,
        date=_date(low),
    )


def _speaker(query: str, low: str, called: Mapping[str, int], speakers: Mapping[str, int]) -> int | None:
    """The one who is named; the user where they say I or my; the assistant where they only say you."""
    asked = {
        one for name, one in called.items() if name in query and re.search(rf"\b{re.escape(name)}\b", query)
    }
    if len(asked) == 1:
        return asked.pop()
    if asked or "user" not in speakers or "assistant" not in speakers:
        return None
    me, you = _ME.search(low) is not None, _YOU.search(low) is not None
    return None if me == you else speakers["user" if me else "assistant"]


def _date(low: str) -> Date | None:
    found = [match for match in _MONTH.finditer(low) if match["month"] != "may" or match.group() != "may"]
    if not found:
        return None
    year = _YEAR.search(low)
    day = next((int(d) for match in found for d in (match["before"], match["after"]) if d), None)
    return Date(
        _MONTHS.index(found[0]["month"]) + 1,
        day if day is not None and 1 <= day <= 31 else None,
        int(year.group()) if year else None,
    )


def neutral(query: str, names: Iterable[str]) -> str:
    """A query without the names of those who speak: they would draw in every turn of theirs by likeness."""
    for name in names:
        if name in query:
            pattern = rf"\b{re.escape(name)}('s)?\b"
            query = re.sub(pattern, lambda match: "their" if match.group(1) else "they", query)
    return query
