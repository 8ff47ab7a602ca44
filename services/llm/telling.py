"""How is something known said to the user, and how that nothing is?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..text import clauses, content_words, is_question, sentences, shortened
from .evidence import Statement, sorted_sources
from .manner import Manner
from .opener import without_preface

ORDER = re.compile(r"(?:please|kindly|always|never|from now on)\b", re.IGNORECASE)
"""Opens a request for how things should be."""

TASK = re.compile(
    r"^(?:please |can you |could you |would you |now )*(?:write|draft|compose|suggest|recommend|plan|help"
    r"|explain|translate"
    r"|give|make|create|list|find|show|describe|generate|compare|calculate|book|order|send|remember|tell"
    r"|let's|let us)\b",
    re.IGNORECASE,
)
"""Opens a request for something to be done."""


@dataclass(slots=True)
class Answer:
    """What is said, what it rests on, and whether the question was answered."""

    text: str
    answered: bool
    used: list[Statement] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        """Ids of the messages used."""
        return sorted_sources(self.used)


def question_in(message: str) -> str | None:
    """The question a message asks, without what is stated beside it."""
    asked = [sentence for sentence in sentences(message) if is_question(sentence)]
    if not asked:
        return None

    parts = clauses(without_preface(asked[-1]))
    # "I am off to Rome, what should I pack?": the question is its last clause.
    asks_alone = len(parts) > 1 and is_question(parts[-1]) and bool(content_words(parts[-1]))
    return parts[-1] if asks_alone else without_preface(asked[-1])


def spoken(entry: Statement, manner: Manner) -> str:
    """A statement as it is said back, in the user's style."""
    text = shortened(entry.spoken(), 320).strip()
    text = (
        re.sub(r"^(?:you )?(?:actually|also),? ", "", text, flags=re.IGNORECASE)
        if entry.role == "user"
        else text
    )
    if entry.role == "assistant" and re.match(r"i\b|i'", text, re.IGNORECASE):
        text = f'I said: "{text.rstrip(".")}"'
    if entry.quoted:
        return text
    text = text.rstrip(" .!,;")
    if entry.role == "user" and ORDER.match(entry.text):
        text = f'You asked: "{entry.text.rstrip(" .!,;")}"'
    return manner.plain(text[:1].upper() + text[1:] + ".")


def told(entry: Statement, manner: Manner) -> str:
    """A statement as it is said back, with until when it was so where it is no more."""
    said = spoken(entry, manner)
    return f"Until {_date(entry.over.until)}: {lowered(said)}." if entry.over is not None else said


def joined(parts: Sequence[str], first: Statement, manner: Manner) -> str:
    """Parts of an answer, and where they are known from unless brevity is wished for."""
    text = " ".join(dict.fromkeys(parts))
    if manner.brief or first.place == "preference":
        return text
    origin = _origin(first)
    return f"{text} {origin}" if origin else text


def _origin(entry: Statement) -> str:
    if entry.quoted:
        return ""
    who = "You told me" if entry.role == "user" else "I said so"
    if entry.place in ("turn", "summary"):
        return f"{who} earlier in this conversation."
    return f"{who} on {_date(entry.at)}." if entry.at else f"{who} before."


def _date(at: datetime) -> str:
    return f"{at.day} {at:%B} {at.year}"


def unknown(message: str, manner: Manner) -> Answer:
    """Says honestly that nothing told answers this."""
    about = content_words(question_in(message) or message)
    mine = re.search(r"\b(?:my|i|me|our|we)\b", message, re.IGNORECASE)
    if mine:
        said = "I don't know: you have not told me that yet."
        if not manner.brief:
            said += " Tell me, and I will remember it."
    elif about:
        said = "I don't know: nothing you have told me answers that."
        if not manner.brief:
            said += " Without a language model I can only answer from our conversations."
    else:
        said = "I am not sure what you are asking. Could you say it in other words?"
    return Answer(manner.plain(said), False)


def distinct(entries: Iterable[Statement], most: int) -> list[Statement]:
    """The first few statements that do not repeat or contradict one before them."""
    kept: list[Statement] = []
    for entry in entries:
        if any(
            entry.text in other.text or other.text in entry.text or _replaces(other, entry) for other in kept
        ):
            continue
        kept.append(entry)
        if len(kept) == most:
            break
    return kept


def _replaces(newer: Statement, older: Statement) -> bool:
    """Whether one statement gives another value for what the other said: "My dog is called Max now"."""
    shared = newer.terms & older.terms
    return len(shared) >= 2 and len(shared) >= len(older.terms) - 1 and newer.subject == older.subject


def lowered(text: str) -> str:
    """A sentence as part of another."""
    text = text.rstrip(".")
    return text[:1].lower() + text[1:] if text.lower().startswith(("you", "the ", "it was noted")) else text
