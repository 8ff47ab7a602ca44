"""Do two facts speak of the same thing: is one the other in other words, its end, or what is so instead?"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..text import content_words, stem, word_set, words
from .facts_moods import STILL
from .facts_turns import ended_in, over_in
from .kinds import PERSONS
from .lexicon import LIGHT, likeness, rivals

HALF: Final = 0.5
NEARLY: Final = 0.85
"""How like a word must be to another to stand for it."""
ENOUGH: Final = 0.6
"""Which share of a statement's words must have been said before for it to say nothing new."""

_DENIED: Final = re.compile(r"\b(?:not|never|no|stopped|without)\b|n't\b", re.IGNORECASE)
_NEGATIVE: Final = re.compile(
    r"\b(?:not|never|no|stopped|without|hate|dislike|detest|allergic|allergy|intolerant|intolerance|disgusting|afraid|scared|fear|phobia|terrified)\b|n't\b",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"[,;:] |\b(?:so|because|which|but|and|since|as)\b", re.IGNORECASE)
_GRADED: Final = re.compile(
    r"\b(?:better|worse|fine|sore|tired|busy|broken|dirty|full|empty|late|ready)\b", re.IGNORECASE
)
_FILLER: Final = LIGHT | frozenset(
    stem(word)
    for word in word_set(
        """remember remind said tell told say know please just now always usually really actually also too still new
        old already since year month week day today yesterday time thing lot bit much many people way everything
        completely officially finally good bad great well one two three best first last long full whole around
        back again want need like love go going come get got put keep start started feel think plan hope work
        altogether called calls even small big little never ever"""
    )
)
_AGAIN: Final = re.compile(
    r"\b(?:as i|like i|i told you|did i (?:tell|mention)|remember|remind|again|as you know|as ever|as always|you know|already said|don't forget|keep in mind|bear in mind|just so you know)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?:(?<=\S )|(?<=^\*))[A-Z][\w'à-ÿ-]*|\b\d[\w:.,-]*")
_TIME: Final = re.compile(
    r"\b\d{1,2}(?:[:.]\d\d)? ?(?:am|pm)\b|\b\d{1,2}:\d\d\b|\b(?:mornings?|evenings?|afternoons?|nights?|lunch ?time|noon|dawn)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
    re.IGNORECASE,
)


_DIGITS: Final = {
    word: str(number)
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ],
        1,
    )
}
_COUNTED: Final = re.compile(
    rf"\b({'|'.join(_DIGITS)}|\d{{1,2}}) (?!years?\b|months?\b|weeks?\b|days?\b|hours?\b|times\b|minutes?\b|o'clock|of\b|in\b|for\b|and\b|or\b|people\b|till\b|to\b|on\b|at\b|by\b)([a-z]{{3,}}s|kids?|children|men|women|feet)\b",
    re.IGNORECASE,
)
_OWNED: Final = re.compile(
    r"\bis (?P<who>[A-Z]\w+)'s\b|\b(?:deliver(?:ed|y|ies)?|ship|shipped|send|sent|post|posted)\b[^,.]{0,30}? to (?P<to>(?:Mr|Mrs|Ms|Dr)\b|[A-Z][\w-]+(?= [A-Z]))"
)
_AMOUNT: Final = re.compile(
    r"\b(\d+(?:[.,]\d+)?) ?(mg|kg|g|km|cm|euros?|dollars?|pounds|hours?|minutes?|%|(?!\w))(?![\w:.-])"
)
ANY_NUMBER: Final = frozenset(
    stem(word)
    for word in word_set(
        "speak play know enjoy own collect allergic learn read visit watch cook grow hate love like friend kid child job"
    )
)
"""What somebody may do or have any number of: another one ends none."""
_SLIGHT: Final = frozenset(
    stem(word)
    for word in word_set(
        "try hear see look chat speak talk laugh smile happen ask change thank last awesome fun place explore help show let mean"
    )
)
"""What two statements may share that speak of nothing in common."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is compared of a fact: its words, whom it is about, its slot and value, and what it does."""

    content: str
    subject: str | None
    slot: str | None
    value: str | None
    effect: str


_LIKED: Final = frozenset(
    stem(word)
    for word in word_set("stand bear abide use drink eat watch like love listen wear play smoke read")
)
"""What of "I can't stand lavender any more" is not what is over."""
_JOB: Final = frozenset(stem(word) for word in word_set("job work position post company employer firm"))


def retold(new: Topic, old: Topic) -> bool:
    """Whether a statement says again, in other words, what an earlier one said."""
    if (
        whose(new.subject) != whose(old.subject)
        or new.effect in ("changes", "ends")
        or STILL.search(new.content)
    ):
        return False
    said, before = telling_stems(new.content), telling_stems(old.content)
    if not said or not before:
        return False
    if amounts_differ(new.content, old.content):
        return False
    if over_in(new.content) and not over_in(old.content):
        return False  # "I've moved out of halls" is not "I live in halls" over again
    shared = _shared(said, before)
    if not shared or _negative(new.content, shared) != _negative(old.content, _shared(before, said)):
        return False
    if said - shared and 2 * len(shared) < len(before) and shared <= stems_of_names(old.content):
        return False  # something else about somebody who was named
    # What a new statement adds must not be the very thing it tells: another name, number or rival.
    if _names(new.content) - _names(old.content) - _folded(old.content) or _rival(said - shared, before):
        return False
    if ended_in(new.content):
        return shared == said
    again = _AGAIN.search(new.content) is not None
    if len(said) >= 2 or len(words(new.content)) <= 3 or again:
        told = next((stems for part in _parts(new.content) if (stems := telling_stems(part))), said)
        if len(shared) >= ENOUGH * len(said) or (again and len(told & shared) >= HALF * len(told)):
            return True
    # The whole of what was told before, and something about it.
    core = next((stems for part in _parts(old.content) if len(stems := telling_stems(part)) >= 2), before)
    return len(core) >= 2 and core == _shared(core, said)


def _parts(content: str) -> list[str]:
    """The parts of a statement, the main one first."""
    return _PART.split(content)


def _shared(some: Collection[str], others: Collection[str]) -> set[str]:
    """Which of some words are said, or nearly, by others."""
    return {word for word in some if any(likeness(word, other) >= NEARLY for other in others)}


def _rival(fresh: Collection[str], before: Collection[str]) -> bool:
    return any(rivals(word, other) for word in fresh for other in before)


def _negative(content: str, about: Collection[str]) -> bool:
    """Whether those parts of a statement that are about something deny it or say that it is not to be had."""
    return any(
        _NEGATIVE.search(part) is not None
        for part in _parts(content)
        if not telling_stems(part).isdisjoint(about)
    )


def whose(subject: str | None) -> str:
    """Whom a fact is about, without their name: the brother of "brother:oleg"."""
    return (subject or "user").split(":")[0]


def base_of(slot: str | None) -> str:
    """A slot without its facet, the job of "user/job:place"; empty where a fact has none."""
    return (slot or "").split(":")[0]


def akin(new: Topic, old: Topic) -> bool:
    """Whether two statements share words, and every name, number and denial, so that their meaning decides."""
    if (new.subject or "user") != (old.subject or "user") or new.effect in ("changes", "ends"):
        return False
    if bool(_DENIED.search(new.content)) != bool(_DENIED.search(old.content)):
        return False
    if _names(new.content) != _names(old.content):
        return False
    said, before = telling_stems(new.content), telling_stems(old.content)
    return bool(said & before) and not any(rivals(word, other) for word in said for other in before)


def restated(new: Topic, old: Topic) -> bool:
    """Whether half of what a statement tells was told before and it names nothing new, so that its meaning decides."""
    of = [whose(topic.subject) for topic in (new, old)]
    if of[0] != of[1] or new.effect in ("changes", "ends") or denies(new.content) != denies(old.content):
        return False
    said, before = telling_stems(new.content), telling_stems(old.content)
    shared = _shared(said, before)
    if not shared or len(shared) < HALF * len(said):
        return False
    if _names(new.content) - _names(old.content) - _folded(old.content):
        return False
    if amounts_differ(new.content, old.content):
        return False
    return not rivalling(said - shared, before)


def ended_by(new: Topic, old: Topic) -> bool:
    """Whether what a statement says is over is what an earlier one said."""
    gone = telling_stems(new.value or "")
    gone = gone - _LIKED or gone
    if not gone or old.effect == "ends" or _DENIED.search(old.content):
        return False
    named = {word.lower() for word in re.findall(r"[A-Z][\w'-]*|\d+", new.value or "")}
    ours, theirs = (whose(one.subject) for one in (new, old))
    apart = not named & _folded(old.content) or (ours in PERSONS and ours != theirs)
    if (new.subject or "user") != (old.subject or "user") and apart:
        return False
    if gone <= _JOB and (old.slot or "").startswith("user/job"):
        return True
    before = telling_stems(old.content)
    shared = gone & before or {
        word
        for word in gone
        for other in before
        if min(len(word), len(other)) > 4 and (other.startswith(word) or word.startswith(other))
    }
    return bool(shared) and len(shared) >= ENOUGH * len(gone)


def superseded_by(new: Topic, old: Topic) -> bool:
    """Whether a statement of what is so now is about the very thing that an earlier one told otherwise."""
    if (new.subject or "user") != (old.subject or "user") or old.effect == "adds":
        return False
    if _DENIED.search(new.content) or _DENIED.search(old.content) or owner_in(old.content):
        return False
    if new.slot and old.slot and base_of(new.slot) != base_of(old.slot):
        return False
    if lines_of(new.content) != lines_of(old.content):
        return False
    if (new.slot or "").startswith("user/contact") and not old.slot:
        return False
    if _HOLDERS & {*words(old.content)} - {*words(new.content)}:
        return False
    said, before = telling_stems(new.content), telling_stems(old.content)
    shared = said & before
    if not shared or shared <= ANY_NUMBER | _SLIGHT or not any(len(word) > 2 for word in shared):
        return False
    times = [[found.lower() for found in _TIME.findall(text)] for text in (new.content, old.content)]
    if times[0] and times[1] and times[0] != times[1]:
        return True
    if amounts_differ(new.content, old.content):
        return True
    fresh, stale = _names(new.content) - _names(old.content), _names(old.content) - _names(new.content)
    if fresh and stale:
        return not shared <= stems_of_names(old.content) and (len(shared) >= 2 or len(before) <= 3)
    return any(rivals(word, other) for word in said - shared for other in before - shared)


def changeable(new: Topic, old: Topic) -> bool:
    """Whether what is so now may replace a statement that is like it: both affirm, and of one thing there is one."""
    if _GRADED.search(new.content) or _DENIED.search(new.content) or _DENIED.search(old.content):
        return False
    if base_of(new.slot) != base_of(old.slot):
        return False
    said, before = ([stem(word) for word in content_words(text)] for text in (new.content, old.content))
    if not said or not before or said[0] != before[0] or new.subject != "user":
        return False
    return not set(said) & set(before) & ANY_NUMBER


_LINE: Final = re.compile(
    r"\b(office|work|business|shop|club|landline|school|emergency|company|fax|reception)(?:'s)?(?: own)? (?:line|number|phone|mail|e-?mail|address|extension)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def lines_of(text: str) -> frozenset[str]:
    """Of which of several numbers or addresses a text speaks: the office's, the club's."""
    return frozenset(found.lower() for found in _LINE.findall(text))


def owner_in(text: str) -> str | None:
    """Whose something is, where it is no thing of the user's: the Ron of "the next plot is Ron's" and of "send it to Ron Hale"."""
    found = _OWNED.search(text)
    return (found["who"] or found["to"]).lower() if found else None


def denies(text: str) -> bool:
    """Whether a text denies something."""
    return _DENIED.search(text) is not None


def named_in(text: str) -> set[str]:
    """The names and numbers in a text, in lower case."""
    return _names(text)


def rivalling(fresh: Collection[str], stale: Collection[str]) -> bool:
    """Whether a word of one text and one of the other are members of one kind, as cat and dog are."""
    return any(rivals(word, other) for word in fresh for other in stale)


def amounts_differ(one: str, other: str) -> bool:
    """Whether two texts give different amounts of one unit."""
    amounts = _amounts(one), _amounts(other)
    counted = _counted(one), _counted(other)
    return any(
        some[unit] != others.get(unit, some[unit]) for some, others in (amounts, counted) for unit in some
    )


@lru_cache(maxsize=4096)
def _amounts(text: str) -> dict[str, str]:
    return {unit: amount for amount, unit in _AMOUNT.findall(text)}


@lru_cache(maxsize=4096)
def _counted(text: str) -> dict[str, str]:
    """How many of what: the nine of "nine rabbits"."""
    return {stem(noun.lower()): _DIGITS.get(count.lower()) or count for count, noun in _COUNTED.findall(text)}


_HOLDERS: Final = PERSONS | word_set("assistant agent secretary accountant landlord landlady lawyer")
"""Whose an earlier statement is: one that does not name them tells nothing otherwise of them."""
_KEPT: Final = re.compile(
    r"(?P<before>(?:[\w'-]+ ){0,2}[\w'-]+) (?:stays?|remains?|is unchanged|(?:has|have)n't changed|(?:is|are) (?:the same|right|correct|still right|unchanged|(?:good|fine|right) like that|fine as it is)|like before|as before|as ever|as always)\b"
    r"|\b(?:same|keep|keeping|kept) (?:the |my |our )?(?P<behind>(?:[\w'-]+ ){0,2}[\w'-]+)",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def kept_in(message: str) -> frozenset[str]:
    """The stems of what a message says to stay as it is: "the workshop stays where it is", "keep two spaces"."""
    found = (match["before"] or match["behind"] for match in _KEPT.finditer(message))
    return frozenset(one for text in found for one in telling_stems(text) if len(one) > 2 or one.isdigit())


@lru_cache(maxsize=4096)
def telling_stems(text: str) -> frozenset[str]:
    """The stems of the words of a text that tell something."""
    return frozenset(found for word in content_words(text) if (found := stem(word)) not in _FILLER)


def _names(text: str) -> set[str]:
    return {name.lower().rstrip(".,").removesuffix("'s") for name in _NAME.findall(text)} - {
        "i",
        "i'm",
        "i've",
    }


@lru_cache(maxsize=4096)
def stems_of_names(text: str) -> frozenset[str]:
    """The stems of the names and numbers in a text."""
    return frozenset(stem(word) for name in _names(text) for word in words(name))


def _folded(text: str) -> set[str]:
    return {word.removesuffix("'s") for word in re.findall(r"[\w'.-]+", text.lower())} | {
        word.rstrip(".") for word in text.lower().split()
    }
