"""Which facts and preferences does the user state, judged by rule?

What counts is the shape of a sentence, never a list of known facts: a first-person statement is a fact,
a question, a hypothesis, a quotation or an order is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text import clauses, is_question, second_person, sentences, shortened, word_set, words
from .facts import facts_in, key_of
from .facts_kind import FIRST_PERSON, INTRODUCTION
from .facts_kind import category_of as category_of
from .kinds import PERSONS
from .opener import without_opener
from .preferences import stated_preferences
from .prompt import Turn
from .protocol import Extraction, Fact, StatedPreference

LONGEST_TEXT = 40_000
"""Characters of one message that are read: what is pasted behind that is a document, no statement."""

_LONGEST_FACT = 400
_HYPOTHESIS = re.compile(
    r"^(?:if|unless|suppose|imagine|assuming|perhaps|maybe|let's|let us|say,|what if)\b"
    r"|\b(?:i|we) (?:would|could|might|may|should|wish|hope|guess|suppose|wonder|doubt)\b"
    r"|\b(?:i|we)'d (?!rather|prefer|like to be called)|\bif (?:i|we|my|our)\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:i|we) (?:see|know|think|mean|agree|understand|don't (?:know|think|understand|remember|care|mind"
    r"|get)|do not"
    r" (?:know|think|understand|remember)|can't (?:remember|say|tell)|have no idea|forgot|have a question"
    r"|want to (?:ask"
    r"|know)|need (?:your )?help|need to (?:ask|know)|see what|was wondering|am wondering|asked|said|told you"
    r"|just said|got it)\b|^(?:i'm|i am|we're|we are) (?:not sure|sure|sorry|fine|good|ok|okay|well|back"
    r"|here|great"
    r"|afraid|just|trying to|asking|wondering|glad|happy to)\b|^i(?:'ve| have) (?:a question|no idea)",
    re.IGNORECASE,
)
_OF_ME = re.compile(r"^[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?,? (?:is|was|are)(?: now| also)? (?:my|our)\b")
_DEFINITE = re.compile(
    r"^the [\w' -]{2,60}? (?:is|are|was|runs|starts|leaves|costs|expires|ends)\b", re.IGNORECASE
)
_VERB_FIRST = re.compile(r"^(?:is|are|was|has|have|had|do|does|did|am)\b", re.IGNORECASE)
_TELLING = re.compile(r"[A-Z0-9]")


def extract(turns: Sequence[Turn]) -> Extraction:
    """The facts and preferences that the user stated in these turns, without doubles; the last value of a key wins."""
    facts: dict[str, Fact] = {}
    preferences: dict[str, StatedPreference] = {}
    question: str | None = None
    for turn in turns:
        if turn.role != "user":
            question = turn.content if turn.role == "assistant" else question
            continue
        text = turn.content[:LONGEST_TEXT]
        for fact in facts_in(text, question):
            facts.setdefault(key_of(fact), fact)
        question = None
        for preference in stated_preferences(text):
            preferences.pop(preference.key, None)
            preferences[preference.key] = preference
    return Extraction(facts=list(facts.values()), preferences=list(preferences.values()))


def statements(text: str) -> list[str]:
    """The parts of a message in which the user states something of themselves or theirs."""
    found: list[str] = []
    for sentence in sentences(text):
        asks = is_question(sentence)
        parts = clauses(sentence)
        for number, part in enumerate(parts):
            if asks and (number == len(parts) - 1 or is_question(part)):
                continue
            said = bare(part)
            if part[0] in _QUOTES:
                continue
            if is_statement(said):
                found.append(said)
    return found


def bare(clause: str) -> str:
    """A clause without what only opens it: "Hi, well, actually my dog ..." is "my dog ..."."""
    rest = without_opener(clause[: _LONGEST_FACT * 2].strip(" ,.!\"'"))
    if len(words(rest)) < 2:
        rest = clause
    return shortened(rest.strip(" ,;:-"), _LONGEST_FACT).rstrip(".!。！ ")


def is_statement(said: str) -> bool:
    """Whether a clause states something of the user: no question, hypothesis, quotation, order or empty phrase."""
    if INTRODUCTION.match(said):
        return True
    if said[:1] in _QUOTES or len(words(said)) < 3:
        return False
    if is_question(said) or _HYPOTHESIS.search(said) or _EMPTY.match(said) or _VERB_FIRST.match(said):
        return False
    if FIRST_PERSON.match(said) or _OF_ME.match(said):
        return True
    return bool(_DEFINITE.match(said) and _TELLING.search(said[4:]))


def subject_of(said: str) -> str:
    """Whom a statement is about: "user", or the thing or person of theirs that opens it."""
    match = re.match(r"(?:my|our|the)\s+((?:[\w'’-]+\s+){0,4}?[\w'’-]+)", said, re.IGNORECASE)
    if not match:
        return "user"
    nouns: list[str] = []
    for word in match.group(1).split():
        low = word.lower().removesuffix("'s")
        if low in _VERBS or (word[:1].isupper() and nouns):
            break
        nouns.append(low)
        if low in PERSONS:
            break
    subject = " ".join(nouns[:3])
    return "user" if not subject or subject in ("name", "full name", "birthday") else subject


_QUOTES = "\"“'«>"
_VERBS = word_set(
    """is are was were has have had lives live works work likes loves hates wants needs runs goes told said
    says called named will can does did moved started starts leaves plays studies owns drives died arrives
    in on at from of with for and or who that which to by"""
)


def noted(said: str) -> str:
    """A statement as it is said back: "your dog is called Biscuit"."""
    spoken = second_person(said).rstrip(".!")
    return spoken[:1].lower() + spoken[1:] if spoken.lower().startswith("you") else spoken
