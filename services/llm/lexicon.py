"""Which English words mean the same, and which are kinds of another?

General vocabulary only: no names, no facts. What is not here is matched by its letters, or by the embedder.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..text import stem, word_set
from .kinds import KINDS

_SAME = """
call name named title nickname
mother mom mum mama mommy mummy
father dad daddy papa
grandmother grandma granny nana gran
grandfather grandpa granddad
hobby pastime interest
wife spouse
husband spouse
partner spouse
fiance fiancee
girlfriend gf
boyfriend bf
kid child children baby
job work role position profession occupation career employed employer employ
live reside move relocate settle home residence
birthday born birth birthdate
allergy allergic allergies
film movie
favourite favorite like love prefer preferred enjoy preference liking rather
hate dislike detest
colour color
buy purchase bought paid pay cost price spend spent
appointment meeting
deadline due
boss manager supervisor
travel trip visit vacation holiday journey go going
car automobile driving drive
eat food meal diet dinner lunch breakfast ate
study studying studies learn learning
memory ram
phone mobile telephone cellphone
password passcode passphrase
read book novel reading
say tell told said mention mentioned advise advised
doctor physician gp dr
house flat apartment
sick ill illness
amount size
type group category
quit stop
host deploy
fear afraid scared frightened
email mail e-mail
repair fix mend
end finish expire
photo picture photograph image
start begin launch started began
end finish finished
sport exercise workout
recommend suggest advise recommended suggested recommendation suggestion
speak language
cook recipe cooking
married marry wedding spouse
play instrument
park parked parking
keep kept store put hide hid
met meet
wrote write written
taught teach teacher
fly flight plane
drink beverage
grew grow raised
"""

RELATIONS = frozenset(
    stem(word)
    for word in word_set(
        """call live job have go get work favourite like love prefer hate use kind type sort size amount
        number detail say tell time place day date thing person people one make want need currently lately
        recently usually subject city town country colour brand exact full new old long much many best
        better"""
    )
)
"""Words that say how, not what: matching only these is not yet an answer."""


LIGHT = frozenset(stem(word) for word in word_set("use have get go take make do own need want wear"))
"""Verbs that say next to nothing of themselves."""

CLOSED = frozenset(stem(kind) for kind in ("colour", "color", "season", "breed"))
"""Kinds whose members are all known: a statement without one does not tell which."""


PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), word)
    for phrase, word in (
        (r"(?:go|goes|going|went|get|off) to (?:bed|sleep)|fall(?:s|ing)? asleep|bedtime", "bedtime"),
        (r"(?:get|gets|getting|got|wake|wakes|waking|woke) up|get out of bed", "waking"),
        (
            r"can(?:'t|not) (?:stand|bear)|can not stand|not a fan of|don't like|do not like|doesn't like",
            "hate",
        ),
        (r"(?:get|travel|drive|cycle|walk|ride|way|trip|journey) to work", "commute"),
        (
            r"(?:run|own|founded|opened|have) (?:a|an|my own) (?:\w+ ){0,2}(?:\w*(?:shop|store|ery"
            r"|company|business|firm|caf[eé]"
            r"|restaurant|studio|salon|agency|startup))",
            "business",
        ),
        (r"work(?:s|ing|ed)? on", "project"),
        (
            r"(?:do|does|doing|did|done) (?:a|an|my|his|her|the) (?:\w+ )?(?:masters?|phd|doctorate|degree|diploma"
            r"|course|bachelors?|apprenticeship)",
            "study",
        ),
        (r"(?:hand|hands|handed|turn|turned) (?:it |them |\w+ \w+ )?in|submit(?:s|ted)?", "deadline"),
        (r"(?:run|runs|running|ran) out|valid (?:until|till)|good until", "expire"),
        (r"(?:give|gives|giving|gave|given) up", "quit"),
        (r"(?:pass|passes|passed) away", "die"),
        (r"(?:call|calls|called) off", "cancel"),
        (r"put off|push(?:ed)? back", "postpone"),
        (r"(?:pick|picks|picked|picking) up", "collect"),
        (r"(?:set|sets|setting) up", "install"),
        (r"(?:work|works|working|worked) out", "exercise"),
        (
            r"as a (?:child|kid|boy|girl|teenager)|when i was (?:a |an )?(?:little|young|small|child|kid|boy|girl"
            r"|teenager|\d+|five|six|seven|eight|nine|ten|eleven|twelve)",
            "childhood",
        ),
        (r"break up|broke up|split up|separated", "divorce"),
        (r"(?:look|looks|looking|looked) after|take care of", "care"),
        (r"grew up|grow up|brought up|raised", "childhood"),
        (r"kick off|kicks off|go live|goes live|gets? underway", "start"),
        (r"gave birth|was born|were born|am born", "born"),
    )
)
"""Turns of phrase that mean one word, in questions and in what was said."""


@lru_cache(maxsize=1)
def _senses() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _SAME.strip().splitlines():
        group = {stem(word) for word in line.split()}
        for word in group:
            found.setdefault(word, set()).update(group)
    return {word: frozenset(group) for word, group in found.items()}


@lru_cache(maxsize=1)
def _kinds() -> dict[str, frozenset[str]]:
    return {stem(kind): frozenset(stem(word) for word in members.split()) for kind, members in KINDS.items()}


def likeness(asked: str, said: str) -> float:
    """How far a stem that was said stands for one that is asked for: 1 is the same word, 0 is unrelated."""
    if asked == said:
        return 1.0
    senses = _senses().get(asked)
    if senses and said in senses:
        return 0.9
    kinds = _kinds()
    for word in senses or (asked,):
        # A wife is a spouse, and a husband is one: they are not each other.
        if said in kinds.get(word, ()) and asked not in kinds.get(word, ()):
            return 0.85
    if asked in kinds.get(said, ()):
        return 0.6
    # English puts the kind last: a bookshop is a shop.
    if len(asked) >= 4 and said.endswith(asked):
        return 0.85
    return 0.0


def rivals(asked: str, said: str) -> bool:
    """Whether two different stems are members of one kind, as cat and dog are: never the same thing."""
    kinds = _kinds_of()
    return asked != said and not kinds.get(asked, _NONE).isdisjoint(kinds.get(said, _NONE))


_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def _kinds_of() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for kind, listed in _kinds().items():
        for member in listed:
            found.setdefault(member, set()).add(kind)
    return {member: frozenset(kinds) for member, kinds in found.items()}


def members(kind: str) -> frozenset[str]:
    """The stems of the words that are of a kind."""
    return _kinds().get(stem(kind), frozenset())
