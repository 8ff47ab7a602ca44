"""What does somebody put right who says "sorry, I meant Tuesday", and what in an earlier statement was the slip?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..text import content_words, stem, words
from .facts_themes import themes_of
from .facts_topic import telling_stems
from .facts_who import PEOPLE

_ONES: Final = r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty"
_MONTH: Final = r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
_DAY: Final = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_UNIT: Final = r"mg|g|kg|mcg|ml|l|cm|m|km|mm|gb|tb|mb|euros?|dollars?|pounds|usd|eur|hours?|minutes?|days?|weeks?|months?|years?|people|%|pm|am|k"
_TYPES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH}))\b",
        r"\b\d{1,2}(?:[:.]\d\d)? ?(?:am|pm)\b|\b\d{1,2}:\d\d(?::\d\d)?\b",
        rf"\b(?:{_DAY})s?\b",
        rf"\b\d+(?:[.,]\d+)? ?(?:{_UNIT})\b",
        r"\b(?:year|grade|class|room|gate|platform|floor|size|line|level|number|chapter|version|seat|terminal|group|unit|apartment|flat) [A-Z]?\d+[a-z]?\b",
        r"\b\d+[.,]\d+\b",
        r"\b\d{3,}(?:-\d+)*\b",
        r"\b\d{1,2}(?:st|nd|rd|th)?\b",
        rf"\b(?:{_ONES})(?:[ -](?:years?|weeks?|months?|days?|hours?|minutes?|people|guests|children|kids))?\b",
        rf"\b(?:{_MONTH})\b",
        r"(?-i:(?<=\w )[A-Z][\w'à-ÿ-]+(?: [A-Z][\w'à-ÿ-]+)*)",
    )
)
_V: Final = r"(?:the |a |an )?(?P<x>[^,;.!?()]{1,40}(?:[.,]\d+[^,;.!?()]{0,20})?)"
_Y: Final = r"(?:the |a |an |in |on |at )?(?P<y>[^,;.!?()]{1,40}?(?:[.,]\d+)?)"
_NOT_EVEN: Final = r"(?!(?:even|only|just|yet|really|quite|all)\b)"
_IS: Final = (
    r"(?:its(?= (?:a|an|the|in|on|at|\d|[A-Z]))|(?:it|that|she|he|this)(?:'s| is| was| should be| should say| should have been)|they're|they are|i'm|i am|i meant(?! to\b)|i mean(?! to\b)|meant"
    r" to (?:say|write|type)|make that|should (?:be|have been|say|read)|actually|rather|correct (?:one|number|date) is)"
)
_SLIP: Final = re.compile(
    r"\b(?:i meant(?! to (?!say|write|type|put))|auto-?correct\w*|i mean(?=,? (?:the |on |in |at )?[A-Z\d])|meant to (?:say|write|type|put)|typos?|mistyped|misspoke|misremembered|correction"
    r"|my (?:bad|mistake)|no,? wait|wait,? no|scratch that|strike that|wrong (?:\w+)(?! with)|(?:corrected|correcting) (?:me|myself)|oops|whoops"
    r"|mixed (?:\w+ )?up|mixing (?:\w+ )?up|muddled|make that|should (?:be|have been|say|read|have said)|misread|got that wrong|got it wrong"
    r"|for the record|hang on|hold on|i (?:said|wrote|typed|put|told you) (?!earlier that))\b",
    re.IGNORECASE,
)
_FORMS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_IS} {_V},? (?:and )?not {_NOT_EVEN}{_Y}(?:$|[,;.!?])",
        rf"\bnot {_NOT_EVEN}{_Y}[,;.]? (?:but|{_IS}) {_V}",
        rf"\bi (?:said|wrote|typed|put|told you) {_Y}[,;.!]* (?:but |and |oh )?{_IS} {_V}",
        rf"(?:^|sorry,? |no,? |wait,? |oops,? |whoops,? ){_V},? not {_NOT_EVEN}{_Y}(?:$|[,;.!?])",
        rf"\b(?:typo|oops|whoops|no,? wait|wait,? no|scratch that|strike that|correction|sorry)[,:.!]* (?:it's |it is |make it )?{_V}(?:$|[,;.!?])",
        rf"\b(?:i meant(?! to\b)|meant to (?:say|write|type|put)|make that|correction:?|should (?:be|have been|say|read):?) {_V}",
        rf"\b{_IS} {_V}",
        rf"\b(?:is|are) {_V}",
    )
)


_DOUBTED: Final = re.compile(
    rf"\bdid i (?:say|write|put|type|tell you) {_Y}\?+ .{{0,30}}?\b(?:{_IS}|is|are|on|in|at) {_V}",
    re.IGNORECASE,
)


_BARE: Final = re.compile(
    rf"(?:(?:(?:no|sorry|oh|oops|wait|actually|ah|hmm?)[,.! ]+)+(?:(?:it|that)(?:'s|s| is| was| should be| should have been) )?|(?:it|that)(?:'s|s| is) (?=.*\b(?:actually|sorry)\W*$))"
    rf"(?:actually |really |on |at |the )*(?P<x>(?:{_DAY}|(?:{_MONTH}) \d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})|\+?\d[\d.,:/ -]*)(?: ?(?:{_UNIT}))?)[,.! ]*(?:(?:actually|sorry|instead|my bad)[,.! ]*)*",
    re.IGNORECASE,
)
"""A message that gives a value and no more, as one does who was wrong: "sorry, it's 555-0143"."""
_REGRETS: Final = re.compile(r"\b(?:sorry|oops|actually|wait|my bad)\b", re.IGNORECASE)
_THING: Final = re.compile(
    r"(?:(?:no|sorry|oops|wait|hang on),? )*(?:the|my|our) (?P<thing>[a-z][\w ]{2,30}?)(?:'s| is| are)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Slip:
    """What was meant, and what was said instead where that was named."""

    right: str
    wrong: str | None


def slip_in(message: str) -> Slip | None:
    """What a message puts right, or None."""
    line = " ".join(message.replace("’", "'").split())
    if bare := _BARE.fullmatch(line):
        right = bare["x"].strip(" ,.-")
        # "No, 3" may answer anything.
        return Slip(right, None) if len(right) > 2 or _REGRETS.search(line) else None
    marked = _SLIP.search(line)
    if (match := _DOUBTED.search(line)) and (right := _core(match["x"].removesuffix(" of course"), 0)):
        return Slip(right, match["y"].strip())
    for number, form in enumerate(_FORMS):
        for match in form.finditer(line):
            wrong = match["y"].strip() if "y" in form.groupindex else None
            right = _core(match["x"], number)
            if wrong is not None and re.match(r"wrong\b", wrong, re.IGNORECASE):
                wrong = None
            if not right or (wrong is not None and not content_words(wrong) and not re.search(r"\d", wrong)):
                continue
            if wrong is not None and kind_of(right) is None and (number == 1 or not marked):
                continue
            if wrong is None and (not marked or kind_of(right) is None):
                continue
            if wrong is not None and not marked and number not in (0, 3):
                continue
            if number >= len(_FORMS) - 2 and match.start() < (marked.start() if marked else 0) - 60:
                continue
            return Slip(right, wrong)
    return None


def _core(value: str, number: int) -> str:
    """The value itself, where a longer phrase holds one of a known kind."""
    text = re.split(
        r"\b(?:sorry|but|because|since(?! \d)|as|and|though|instead|not that|i had|which)\b", value.strip()
    )[0].strip(" '\"")
    for kind in _TYPES[:-1]:
        if match := kind.search(text):
            return match.group()
    return text if len(text.split()) <= 4 and (number not in (4, 6, 7) or text[:1].isupper()) else ""


def kind_of(value: str) -> int | None:
    """Which kind of value a text is: a date, a time, a quantity, a name; None for anything else."""
    for number, kind in enumerate(_TYPES[:-1]):
        if kind.search(value):
            return number
    return len(_TYPES) - 1 if value[:1].isupper() else None


def put_right(statement: str, slip: Slip) -> str | None:
    """An earlier statement with the slip replaced by what was meant; None where the slip is not in it."""
    if slip.right.lower() in statement.lower():
        return None
    if slip.wrong is not None:
        return _named(statement, slip.wrong, slip.right)
    kind = kind_of(slip.right)
    if kind is None:
        return None
    spans = [match for match in _TYPES[kind].finditer(statement) if _alike(match.group(), slip.right)]
    if kind == len(_TYPES) - 1:
        spans = [match for match in spans if _of_one_kind(match.group(), slip.right)]
    return statement[: spans[-1].start()] + slip.right + statement[spans[-1].end() :] if spans else None


def meant_of(slip: Slip, correction: str, said: str, statements: Sequence[str]) -> int | None:
    """Which of some statements, the newest first, a correction is about; None where the slip is in none.

    Where it names no slip it is about the one whose figure the message repeats, that is not of somebody it does not name,
    and that shares most words with it.
    """
    fit = [place for place, statement in enumerate(statements) if put_right(statement, slip) is not None]
    if not fit or slip.wrong is not None:
        return fit[0] if fit else None
    figures, told, named = _figures(said) - _figures(slip.right), telling_stems(correction), _words(said)

    def near(place: int) -> tuple[bool, bool, int]:
        statement = statements[place]
        another = not PEOPLE.isdisjoint(_words(statement) - named)
        return bool(figures & _figures(statement)), not another, len(told & telling_stems(statement))

    return max(fit, key=near)


def _words(text: str) -> set[str]:
    return {word.removesuffix("'s") for word in words(text)}


def _figures(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)?", text))


def _named(statement: str, wrong: str, right: str) -> str | None:
    for tried in (wrong, *(match.group() for kind in _TYPES if (match := kind.search(wrong)))):
        if match := re.search(rf"(?<!\w){re.escape(tried)}(?!\w)", statement, re.IGNORECASE):
            after = statement[match.end() :]
            last = right.split()[-1]
            doubled = re.match(rf" {re.escape(last)}\b", after, re.IGNORECASE) if " " in right else None
            return statement[: match.start()] + right + (after[doubled.end() :] if doubled else after)
    return None


def thing_of(correction: str) -> frozenset[str]:
    """The stems of what a correction is about, where it says so: the caterer of "the caterer is Fennel & Fig"."""
    found = _THING.match(correction)
    return frozenset(stem(word) for word in content_words(found["thing"])) if found else frozenset()


def _of_one_kind(said: str, meant: str) -> bool:
    """Whether two names may be of one kind of thing: a car is not put right by a garage."""
    first, second = set(themes_of(said)), set(themes_of(meant))
    return bool(first & second) or not (first or second)


def _alike(said: str, meant: str) -> bool:
    """Whether two values of one kind have the same shape: "50 mg" and "75 mg", "room 4" and "room 5"."""
    units = [re.sub(rf"[\d.,]+|\b(?:{_ONES})\b", "", value.lower()).strip() for value in (said, meant)]
    if re.search(r"\d", said) and re.search(r"\d", meant):
        return (
            units[0] == units[1]
            or not re.search(r"[a-z]", units[0] + units[1])
            or bool(re.search(_MONTH, units[0]))
        )
    return True
