"""About whom is a clause, and what does a short answer say in full?"""

from __future__ import annotations

import re
from typing import Final

from ..text import is_question, sentences, word_set, words
from .facts_themes import places_of, themes_of
from .kinds import PERSONS
from .lexicon import members

USER: Final = "user"
SOMEONE: Final = "someone"

PEOPLE: Final = PERSONS | word_set(
    """mate buddy bestie pal intern coworker co-worker coach trainer tutor tenant client customer patient student pupil
    sis bro gran granny nana grandad granddad papa mama mummy daddy mother-in-law father-in-law in-laws sister-in-law
    brother-in-law stepmother stepfather stepson stepdaughter twin ex ex-husband ex-wife housemate lodger classmate
    teammate guy girl woman man lady folks parents siblings cousins kids people girlfriend's boyfriend's team-mate
    gf bf hubby missus lad lass fella bloke mam mammy da nan nanna gramps stepdad stepmum locum nanny childminder
    godparents babysitter au-pair cleaner gardener carer vicar headteacher supervisor trainee lodger penpal colleague's
    apprentice assistant ceo cto supervisor professor lecturer neighbours neighbors godmother godson goddaughter"""
)
_OPEN: Final = re.compile(
    r"^(?:so|anyway|and|but|well|also|plus|today|yesterday|apparently|funny thing|turns out),? ",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(
    r"^(?P<whose>my|our|the|a|an|some|his|her|their)\s+(?P<rest>(?:[\w'-]+,?\s+){0,5})", re.IGNORECASE
)
_OWN: Final = word_set("mom mum dad mother father granny grandma grandpa gran nana papa mama mummy daddy")
_KIN: Final = re.compile(
    rf"(?:{'|'.join(sorted(PEOPLE, key=len, reverse=True))})(?:'s| has| (?:has|is|was|will|just|also|can|does|doesn't|isn't|got|gave|went|took|came|bought|sold|left|quit|\w{{2,}}(?:ed|s)))\b",
    re.IGNORECASE,
)
"""Somebody without whose they are: "husband switched to a Samsung"."""
_PRONOUN: Final = re.compile(
    r"^(?:he|she|they|his|her|their|him|he's|she's|they're|they've|he'll|she'll)\b", re.IGNORECASE
)
_WITH_ME: Final = re.compile(
    r"^(?:my|our) .{1,40}? and (?:i|me)\b|^me and\b|^(?-i:[A-Z])[\w-]+ and (?:i|me)\b", re.IGNORECASE
)
_NAMES: Final = re.compile(
    rf"^(?i:my|our) (?:(?i:new|little|big|older|younger|best) )?(?:{'|'.join(sorted(PEOPLE, key=len, reverse=True))})(?:'s name)?"
    rf"(?: now)?(?: is|'s)(?: now)?(?: called| named)? [A-Z][\w-]+(?: [A-Z][\w-]+)?(?:$|,| now)"
    r"|^[A-Z][\w' -]+ is (?:now )?(?:home|where (?:i|we))\b|^[\w' -]{2,60}? is (?i:now )?(?:my|our)\b"
)
_TO_ME: Final = re.compile(
    r"^(?:they|he|she|(?:(?:my|the) )?(?:doctor|gp|boss|manager|company|dietician|dentist|landlord|bank|school|hospital|work))(?: just| have| has| finally)*"
    r" (?:made|took|told|\w+(?:ed|ut|t|ve)) (?:me|us|my|our)\b(?! that)",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    r"^(?P<name>[A-Z][a-zà-ÿ]{2,})(?:'s)? (?:is|has|was|just|also|got|moved|lives|works|started|likes|loves|hates|says|said|went|wants|needs"
    r"|switched|bought|became|will|can|does|doesn't|isn't)\b"
)
_LIVES: Final = re.compile(
    r"^(?:my|our) (?:[\w-]+ )?(?P<who>[\w-]+) (?:lives|thinks|swears|refuses|hates|loves|studies|teaches|earns|earned|married|moved (?:to|in|out))\b",
    re.IGNORECASE,
)
"""Somebody by what only people do: "my locum lives in Knighton"."""
_NO_NAME: Final = word_set(
    """it this that there here what everyone everything nothing something someone anyone today yesterday my our the their
    work life dinner lunch breakfast one both all most some monday tuesday wednesday thursday friday saturday sunday"""
)
_YES_NO: Final = word_set(
    "yes no yeah yep nope sure ok okay thanks right exactly maybe mostly never always sometimes lots none nothing"
)
_ASKED: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (r"\bwhere (?:do|are|did) you (?:\w+ )?(?:live|living|based|staying|call home)", "I live in {}"),
        (r"\bwhere(?:'s| is) (?:your )?(?:home|house)", "I live in {}"),
        (r"\b(?:which|what) (?:city|town|country|place|district) (?:do|are) you", "I live in {}"),
        (r"\bwhere (?:do|are) you (?:\w+ )?work", "I work at {}"),
        (r"\bwho do you (?:\w+ )?work for", "I work at {}"),
        (r"\bwhat do you do\b|\bwhat(?:'s| is) your (?:job|occupation|profession|work)", "I work as {}"),
        (r"\bwhat(?:'s| is) your name|\bwhat should i call you|\bwho am i (?:talking|speaking)", "My name is {}"),
        (r"\bhow old are you|\bwhat(?:'s| is) your age", "I am {}"),
        (r"\bwhat(?:'s| is| are) your (?P<k>[\w ]{2,40}?)(?: now| these days| at the moment)?\?", "My {k} is {}"),
        (r"\bwh(?:ich|at) (?P<k>[\w ]{2,30}?) (?:do|are) you (?P<verb>\w+)(?: \w+){0,3}\?", "I {verb} {} ({k})"),
        (r"\bwho(?:'s| is) your (?P<k>[\w ]{2,30})\?", "My {k} is {}"),
    )
)  # fmt: skip


def person_of(clause: str) -> str | None:
    """Whom a clause is about when it is somebody else; "user" where it is the user; None where only a pronoun tells."""
    line = _OPEN.sub("", clause)
    if _NAMES.match(line) or _TO_ME.match(line):
        return USER
    if _PRONOUN.match(line):
        return None
    if _WITH_ME.match(line) or re.match(r"(?:i|we|i'm|we're|i've|we've|im|ive)\b", line, re.IGNORECASE):
        return USER
    first = words(line)[:1]
    if first and (first[0] in _OWN or _KIN.match(line)):
        return first[0].removesuffix("'s")
    if match := _OTHER.match(line):
        nouns: list[str] = []
        for word in words(match["rest"]):
            bare = word.removesuffix("'s")
            nouns.append(bare)
            if bare in PEOPLE:
                name = re.match(rf".*?\b(?i:{re.escape(word)})\b,? (?P<name>[A-Z][\w-]+)", line)
                called = name["name"] if name else ""
                return f"{bare}:{called.lower()}" if called else bare
            if bare in ("is", "are", "was", "has", "of", "for"):
                break
        lives = _LIVES.match(line)
        return lives["who"].lower() if lives else USER
    if (match := _NAME.match(line)) and _may_be_a_name(match["name"].lower()):
        return match["name"].lower()
    return USER


def _may_be_a_name(word: str) -> bool:
    return word not in _NO_NAME and not themes_of(word) and not places_of(word.capitalize())


def standing_for(clause: str) -> bool:
    """Whether a clause begins with a pronoun for somebody spoken of before."""
    return bool(_PRONOUN.match(_OPEN.sub("", clause)))


def about_user(clause: str) -> str:
    """Somebody of the user's whom a clause introduces: the "my son" of "my son is learning the violin"."""
    people = "|".join(sorted(PEOPLE | members("pet"), key=len, reverse=True))
    match = re.search(rf"\b(?i:my|our|the) (?i:{people})s?(?: [A-Z][\w-]+)?", clause)
    if match:
        return match.group()
    pets = "|".join(sorted(members("pet"), key=len, reverse=True))
    got = re.search(
        rf"\b(?:got|have|adopted|bought|rescued|there's) an? (?:\w+ )?(?P<pet>{pets})\b(?: (?:called|named) (?P<called>[\w-]+))?",
        clause,
        re.IGNORECASE,
    )
    return f"my {got['pet']} {got['called'] or ''}".strip() if got else ""


def answered(line: str, question: str) -> str | None:
    """A short answer as a statement: "Cardiff now." to "Where do you live?" is "I live in Cardiff now."."""
    said = words(line)
    if not said or len(said) > 6 or is_question(line) or said[0] in _YES_NO:
        return None
    if re.match(r"(?:i|we|my|i'm|it's|im|he|she|they|that's)\b", line, re.IGNORECASE):
        return None
    asked = [sentence for sentence in sentences(question[-2000:]) if is_question(sentence)]
    for pattern, form in _ASKED:
        if asked and (match := pattern.search(asked[-1])):
            value = re.sub(r"^(?:in|at|as) ", "", line.strip(" .!"), flags=re.IGNORECASE)
            return form.format(value, **match.groupdict()) + "."
    return None
