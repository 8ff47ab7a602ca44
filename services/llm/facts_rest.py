"""What is left of a statement of several things when one of them is over: "I teach violin, home is Varna, third floor"?"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final

from ..text import content_words, stem, word_set, words
from .facts_slots import slot_of
from .facts_themes import stated_themes, themes_of
from .facts_topic import telling_stems
from .facts_who import PEOPLE
from .lexicon import members, rivals

_BETWEEN: Final = re.compile(
    r"(\s*[,;]\s+(?:and |but )?|\s[-–—]\s|\s+(?:and|but)\s+|\s+(?=with (?:my|our|an?|one|two|three|four|five|\d+|mum|mom|dad|gran|granny|nan)\b))",
    re.IGNORECASE,
)
_STANDS: Final = re.compile(
    r"(?:i|i'm|i've|we|we're|we've) \w|(?:my|our) [\w' -]+ (?:is|are|has|have|was|were|works?|lives?)\b",
    re.IGNORECASE,
)
_OWN: Final = re.compile(r"(?:(?:for|with|beside|besides) )?(?:my|our) \w", re.IGNORECASE)
_OPENS: Final = re.compile(
    r"(?:after|before|since|when|while|until|as|because|if|for|in|on|at|from|to)\b", re.IGNORECASE
)
_OTHER_LINE: Final = re.compile(r"[a-z]{3,}[\w ]{0,12}:? \+?\d[\d -]{4,}\d$|\S+@\S+\.\S+$", re.IGNORECASE)
_MORE: Final = re.compile(r"\d|(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_AGED: Final = re.compile(r"(?:(?:i'm|i am|im|aged?) )?\d{1,2}(?: years old)?", re.IGNORECASE)
_ASKS: Final = re.compile(
    r"(?:so )?(?:please|pls|kindly|write|send|do not|don't|dont|need|make|remind|put|give|call|keep|no) ",
    re.IGNORECASE,
)
_BARE: Final = frozenset(stem(word) for word in word_set("live living work working stay staying stuff"))
_LASTING: Final = re.compile(
    r"(?:(?:badly |very |also )?(?:allergic|intolerant|coeliac|celiac|diabetic|asthmatic|dyslexic|colou?r-?blind|left-handed|deaf|blind)\b|(?:can't|cannot|can not) )",
    re.IGNORECASE,
)
_WITH: Final = re.compile(r"with (?:an?|one|two|three|four|five|\d+) \w", re.IGNORECASE)
_OF_A_HOUSE: Final = re.compile(
    r"\b(?:views?|garden|balcony|floors?|stairs?|stair\w+|lift|terrace|kitchen|bath\w*|windows?|yard|garage|roof|rooms?|bed\w*|porch|door|damp|mould|parking|tree|rent|moored"
    r"|landlord|lady|guys|others|people|flatmates?|housemates?|roommates?|students?|nurses?|lodgers?)\b",
    re.IGNORECASE,
)
_LIKE: Final = re.compile(r"\b(?:as|like) an? ", re.IGNORECASE)
TELLING: Final = 3
"""Words from which a part tells something by itself, where it holds no figure: "10 to 6" is of the shift that is over."""

_SIDES: Final = frozenset(("work", "partner", "name", "home", "pet", "medication"))
"""Sides of a life that are told one beside another: "nurse, married, in Leeds"."""


def rest_of(content: str, value: str | None, said: str, *, slip: bool = False) -> str | None:
    """What of a statement still holds where a message ended it; None where all of it is over, or that cannot be told.

    Over is the part that holds the value that was replaced; without one, whatever the message speaks of. Another part is
    kept where it speaks of somebody, of something of the user's own, of another side of life, or at some length; beside a
    slip, which changes nothing but the value, wherever it tells anything.
    """
    pieces = _BETWEEN.split(content.rstrip(" ."))
    parts, joints = pieces[::2], pieces[1::2]
    if len(parts) < 2:
        return None
    spoken = telling_stems(said)
    over = [_over(part, content, value, spoken, said) for part in parts]
    if not any(over):
        return None
    aside = {theme for part, gone in zip(parts, over, strict=True) if gone for theme in themes_of(part)}
    aside |= stated_themes(said)
    known = (
        slip
        or value is not None
        or any(
            gone and stated_themes(part) & stated_themes(said) for part, gone in zip(parts, over, strict=True)
        )
    )
    first, text, kept = over.index(True), "", False
    for place, part in enumerate(parts):
        if place < first and not known:
            continue
        kept = not over[place] and (
            (slip and bool(telling_stems(part)) and not _ASKS.match(part))
            or _holds(part, place < first, aside)
            or (kept and bool(_MORE.match(part)))
        )
        if kept:
            text += (
                joints[place - 1] if text and place and not over[place - 1] else ", " if text else ""
            ) + part
    return f"{text[:1].upper()}{text[1:]}." if telling_stems(text) - _BARE else None


_PLACED: Final = re.compile(
    r",? (?:here )?(?:in|near|around|outside|from) (?:the )?[A-ZÀ-Ý][\w'’-]+(?: [A-ZÀ-Ý][\w'’-]+)*"
)


def elsewhere(content: str) -> str | None:
    """A statement of work without where it is done: who moved to York may be a nurse as before."""
    rest = _PLACED.sub("", content.rstrip(" ."))
    return f"{rest}." if rest and f"{rest}." != content and slot_of(rest) is not None else None


def _over(part: str, content: str, value: str | None, spoken: Set[str], said: str) -> bool:
    """Whether a part tells what ended."""
    if value is not None and value.lower() in content.lower():
        return value.lower() in part.lower()
    if value is not None:
        return not {stem(word) for word in content_words(value)}.isdisjoint(map(stem, content_words(part)))
    told = telling_stems(part)
    alike = not told.isdisjoint(spoken) or any(rivals(one, other) for one in told for other in spoken)
    return alike or not themes_of(part).keys().isdisjoint(stated_themes(said))


def _holds(part: str, before: bool, aside: Set[str]) -> bool:
    """Whether a part tells something besides: of somebody, of one's own, of a side of life that is not at issue."""
    if _OWN.match(part) or _LASTING.match(part) or (_WITH.match(part) and not _OF_A_HOUSE.search(part)):
        return True
    if _OPENS.match(part) or _ASKS.match(part) or _LIKE.search(part):
        return False
    of_it = _WITH.match(part) or ("home" in aside and _OF_A_HOUSE.search(part))
    if len(part.split()) >= TELLING and not _MORE.search(part) and not of_it:
        return True
    themes = themes_of(part).keys() & _SIDES
    if themes & aside:
        return False
    people = PEOPLE | members("pet")
    if (
        themes
        or _OTHER_LINE.search(part)
        or _AGED.fullmatch(part)
        or any(word in people or word.removesuffix("s") in people for word in words(part))
    ):
        return True
    return _STANDS.match(part) is not None or (before and slot_of(part) is not None)
