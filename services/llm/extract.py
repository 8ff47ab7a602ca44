"""Which facts and preferences does the user state, judged by rule?

What counts is the shape of a sentence, never a list of known facts: a first-person statement is a fact,
a question, a hypothesis, a quotation or an order is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text import clauses, is_question, second_person, sentences, shortened, word_set, words
from .kinds import PERSONS, PROFESSIONS
from .lexicon import members
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
_FIRST_PERSON = re.compile(
    r"^(?:(?:yesterday|today|tomorrow|last \w+|this \w+|next \w+|on \w+|in \w+|every \w+|recently|lately"
    r"|currently"
    r"|usually|sometimes|at \w+|since \w+|right now|these days|after \w+|before \w+|both|all|one|two|most)"
    r"(?: of)?,? )?(?:i|we|i'm|i've|we're|we've|i'd rather|my|our|mine|ours|me and my)\b",
    re.IGNORECASE,
)
_OF_ME = re.compile(r"^[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?,? (?:is|was|are)(?: now| also)? (?:my|our)\b")
_INTRODUCTION = re.compile(r"^(?:I'm|i'm|I am|i am|I’m|This is) [A-Z][\w'-]+(?: [A-Z][\w'-]+)?$")
_DEFINITE = re.compile(
    r"^the [\w' -]{2,60}? (?:is|are|was|runs|starts|leaves|costs|expires|ends)\b", re.IGNORECASE
)
_VERB_FIRST = re.compile(r"^(?:is|are|was|has|have|had|do|does|did|am)\b", re.IGNORECASE)
_TELLING = re.compile(r"[A-Z0-9]")

_KINDS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (category, importance, re.compile(pattern, re.IGNORECASE))
    for category, importance, pattern in (
        ("health", 0.9, r"\ballerg|\bintoleran|\bcoeliac|\bceliac|\bdiabet|\basthma|\bepilep|\bpregnan"),
        (
            "health",
            0.8,
            r"\b(?:medication|medicine|doctor|dentist|surgery|hospital|therap|diagnos|blood|illness|injur"
            r"|prescri"
            r"|vegetarian|vegan|gluten|insulin|pills?|symptom|never eat|don't eat|can't eat)",
        ),
        ("personal", 0.9, r"\bmy (?:full |first |last )?name(?: is|'s)\b|\bcall me\b|\bborn\b|\bbirthday\b"),
        (
            "technical",
            0.65,
            r"\b(?:database|server|python|java|javascript|typescript|rust|linux|macos|windows|docker|kuber"
            r"netes|api|laptop|computer|code|coding|programming|repository|sql|vim|emacs|gpu|cpu|wifi"
            r"|password|software"
            r"|framework|version \d)\b",
        ),
        (
            "work",
            0.75,
            r"\bi (?:work|worked)\b|\bmy (?:job|boss|manager|company|team|colleague|client|employer"
            r"|project|salary|career)"
            r"|\bour (?:company|team|client|project|office|product|budget)|\b(?:deadline|budget"
            r"|promot(?:ed|ion)|hired)\b",
        ),
        (
            "personal",
            0.8,
            r"\b(?:live|lives|moved|move|married|engaged|divorced|grew up|come from|i'm from|i am from)\b",
        ),
        (
            "preference",
            0.7,
            r"\b(?:i|we) (?:\w+ )?(?:like|love|hate|prefer|enjoy|dislike|adore|can't stand)\b|\bfavou?rite\b",
        ),
        (
            "event",
            0.7,
            r"\b(?:flight|appointment|meeting|exam|interview|wedding|trip|concert|party|train|holiday"
            r"|vacation|conference)\b",
        ),
    )
)


def extract(turns: Sequence[Turn]) -> Extraction:
    """The facts and preferences that the user stated in these turns, without doubles; the last value of a key wins."""
    facts: dict[str, Fact] = {}
    preferences: dict[str, StatedPreference] = {}
    for turn in turns:
        if turn.role != "user":
            continue
        text = turn.content[:LONGEST_TEXT]
        for fact in facts_of(text):
            key = " ".join(words(fact.content))
            if key not in facts:
                facts[key] = fact
        for preference in stated_preferences(text):
            preferences.pop(preference.key, None)
            preferences[preference.key] = preference
    return Extraction(facts=list(facts.values()), preferences=list(preferences.values()))


def facts_of(text: str) -> list[Fact]:
    """The facts in one message of the user."""
    return [_fact(said) for said in statements(text)]


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
    if _INTRODUCTION.match(said):
        return True
    if said[:1] in _QUOTES or len(words(said)) < 3:
        return False
    if is_question(said) or _HYPOTHESIS.search(said) or _EMPTY.match(said) or _VERB_FIRST.match(said):
        return False
    if _FIRST_PERSON.match(said) or _OF_ME.match(said):
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


def _fact(said: str) -> Fact:
    category, importance = category_of(said)
    content = said[0].upper() + said[1:] + "."
    return Fact(content=content, category=category, importance=importance, subject=subject_of(said))


def category_of(said: str) -> tuple[str, float]:
    """The category of a statement, and how much it matters."""
    if _INTRODUCTION.match(said):
        return "personal", 0.9
    for category, importance, pattern in _KINDS:
        if pattern.search(said):
            return category, importance
    low = set(words(said))
    if low & PROFESSIONS and re.match(r"(?:i'm|i am|we are|we're)\b", said, re.IGNORECASE):
        return "work", 0.8
    if low & PERSONS or low & members("pet"):
        return "personal", 0.75
    if re.match(r"(?:i'm|i am) [A-Z]\w+", said) or re.match(r"my \w+ is called", said, re.IGNORECASE):
        return "personal", 0.8
    return ("personal", 0.6) if _FIRST_PERSON.match(said) else ("general", 0.5)


def noted(said: str) -> str:
    """A statement as it is said back: "your dog is called Biscuit"."""
    spoken = second_person(said).rstrip(".!")
    return spoken[:1].lower() + spoken[1:] if spoken.lower().startswith("you") else spoken
