"""Of which category is a statement, and how much does it matter?"""

from __future__ import annotations

import re

from ..text import words
from .kinds import PERSONS, PROFESSIONS
from .lexicon import members

INTRODUCTION = re.compile(r"^(?:I'm|i'm|I am|i am|I’m|This is) [A-Z][\w'-]+(?: [A-Z][\w'-]+)?$")
FIRST_PERSON = re.compile(
    r"^(?:(?:yesterday|today|tomorrow|last \w+|this \w+|next \w+|on \w+|in \w+|every \w+|recently|lately"
    r"|currently"
    r"|usually|sometimes|at \w+|since \w+|right now|these days|after \w+|before \w+|both|all|one|two|most)"
    r"(?: of)?,? )?(?:i|we|i'm|i've|we're|we've|i'd rather|my|our|mine|ours|me and my)\b",
    re.IGNORECASE,
)
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


def category_of(said: str) -> tuple[str, float]:
    """The category of a statement, and how much it matters."""
    if INTRODUCTION.match(said):
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
    return ("personal", 0.6) if FIRST_PERSON.match(said) else ("general", 0.5)
