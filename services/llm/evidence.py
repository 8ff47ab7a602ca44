"""What was said that an answer could rest on?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..text import (
    STOP_WORDS,
    clauses,
    is_question,
    requests_apart,
    second_person,
    sentences,
    stem,
    stems,
    word_set,
    words,
)
from .extract import LONGEST_TEXT, bare, subject_of
from .facts_elided import told_apart
from .kinds import PERSONS, PROFESSIONS
from .lexicon import PHRASES
from .preferences import DOMAIN_WORDS, stated_preferences
from .prompt import NoLonger, PreferenceNote, Prompt, shown
from .recap import lines_of

MOST = 4_000
"""Statements that are looked at, newest first: what one answer may cost is bounded."""

SAME = 0.75
"""The share of their words that a statement and a fact have in common where they are one."""

_NAME = re.compile(r"(?<=[\w,] )(?:[A-Z]|\d)[\w'-]*")
"""A name or a number within a sentence: two that differ in one are not the same."""

_PRONOUN = re.compile(r"(?:he|she|they|it|his|her|their|its|he's|she's|it's|they're)\b", re.IGNORECASE)
_RELATIVE = re.compile(r"(?:which|who|whom|whose|where)\b", re.IGNORECASE)
_IGNORANCE = re.compile(
    r"\b(?:i (?:was|have) not (?:been )?told|i don't know|i do not know|you have not told|you haven't "
    r"told|offline"
    r"|i can only answer)\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:used to|formerly|previously|back then|in those days)\b", re.IGNORECASE)
_FOREIGN = re.compile(r"\b(?:his|her|their|\w+'s)\s+((?:\w+\s+){0,2}?)(\w+)", re.IGNORECASE)
_I_AM = re.compile(r"\b(?:i'm|i am|we are|we're|i was|i became)\b((?:,? [\w-]+){1,6})", re.IGNORECASE)
_SELF_NAMED = re.compile(
    r"\b(?:call me|i go by|my (?:full |first )?name(?:'s| is))\b|^(?:hi|hello|hey)?,? ?(?:i'm|i am|this "
    r"is) (?-i:[A-Z])",
    re.I,
)
_APPOSED = re.compile(r"(?i:my|our) [a-z-]+,? ([A-Z][\w-]+)")
_GREETED = re.compile(r"(?i:hi|hello|hey)\b[,!. ]*(?i:i'm|im|i am|this is) ([a-z]{2,20})[.! ]*$")
_STATES = word_set(
    """fine good ok okay well great tired hungry thirsty sick ill back here new sorry late early busy sad happy
    lost stuck done ready sure home alone single pregnant curious glad angry cold hot nervous vegan unwell"""
)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.\w")
_WORKING_ON = re.compile(r"\bwork(?:s|ing|ed)? on\b", re.IGNORECASE)
_CURRENCY = re.compile(
    r"[$€£¥]|\b\d[\d.,]*k? ?(?:euros?|dollars?|pounds?|bucks|usd|eur|gbp|francs?|crowns|yen|rupees)\b",
    re.IGNORECASE,
)
_ORIGIN = re.compile(
    r"\b(?:i'm|i am|we are|we're|come|comes|is|was|originally|born|grew up)\b.{0,40}?\b(?:from|born in"
    r"|grew up in)\b|\b(?:born|grew up) in\b|\bmade (?:in|by)\b",
    re.I,
)
_HIRED = re.compile(
    r"\b(?:promoted|hired|appointed|employed|head of|director of|in charge of|work(?:s|ing)? (?:as|for|at"
    r"|in))\b",
    re.I,
)
_HOBBY = re.compile(
    r"\b(?:i|we) (?:also |really |still )?(?:love|like|enjoy|adore|collect|play|am into) (?:to )?(?:\w+ing\b"
    r"|pottery|chess|yoga|sports?|music|art|photography|[a-z]+s\b)|\bhobb",
    re.I,
)
_DOSE = re.compile(
    r"\b\d+ ?(?:mg|ml|mcg|µg|units|pills?|tablets?|drops)\b|\b(?:pill|tablet|dose)s?\b", re.IGNORECASE
)
_OPENERS = word_set(
    """last next this every yesterday today tomorrow tonight recently lately currently usually sometimes often
    since when after before during both all one two most monday tuesday wednesday thursday friday saturday
    sunday please"""
)
_ECHO = re.compile(
    r"(?:noted|got it|i have noted|understood|you told me)\b|until \d+ \w+ \d+:|now:", re.IGNORECASE
)
"""Opens what the model says back to a fact: that it was told is known from the user alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One thing that was said, and where from."""

    text: str
    terms: frozenset[str]
    role: str
    source: str | None
    at: datetime | None
    order: float
    """Higher is newer."""
    place: str
    """turn, summary, memory, recent or preference."""
    subject: frozenset[str]
    """Stems of whom it is about; empty for the user."""
    foreign: frozenset[str]
    """Stems of things said to be someone else's."""
    past: bool
    weight: float = 1.0
    key: str = ""
    """The preference's key, where it is one."""
    quoted: str = ""
    """The sentence it is taken from, where that is nobody's own words but a summary's."""
    over: NoLonger | None = None
    """That it holds no more, and what took its place."""

    def spoken(self) -> str:
        """The statement as it is said back to the user."""
        if self.quoted:
            return f'It was noted: "{self.quoted}"'
        if self.place == "preference" or self.role == "assistant":
            return self.text
        return second_person(self.text)


def gather(prompt: Prompt) -> list[Statement]:
    """All statements in a prompt, oldest first, of its turns, memories, other conversations and preferences."""
    said: list[tuple[tuple[int, float, int], str, str, str | None, datetime | None, str]] = []
    seen: set[tuple[str, str]] = set()
    rank = {"recent": 0, "memory": 1, "turn": 2}
    spoken = [
        *((t.role, t.content, t.message_id, t.at, "turn", n) for n, t in enumerate(prompt.turns)),
        *((m.role, m.content, m.message_id, m.at, "memory", m.position or 0) for m in prompt.memories),
        *((t.role, t.content, t.message_id, t.at, "recent", n) for n, t in enumerate(prompt.recent)),
    ]
    for role, content, source, at, place, number in spoken:
        if role not in ("user", "assistant"):
            continue
        # What this conversation holds is newer than what was remembered, whether or not it bears a time.
        order = (
            2 if place == "turn" else 1,
            _seconds(at) if place != "turn" else 0.0,
            rank[place] * 1_000_000 + number,
        )
        said.append((order, role, content, source, at, place))
    said.sort(key=lambda entry: entry[0], reverse=True)
    by_message: list[list[Statement]] = []
    count = 0
    notes = {note.key: shown(note.value).lower() for note in prompt.preferences}
    for age, (_, role, content, source, at, place) in enumerate(said):
        # Said twice, a thing is as new as when it was said last.
        if (role, content) in seen:
            continue
        seen.add((role, content))
        parts = [
            _statement(text, role=role, source=source, at=at, order=-age, place=place)
            for text in itertools.islice(_parts(content[:LONGEST_TEXT], role), MOST)
            if place == "turn" or not _outdated(text, notes)
        ]
        # What the assistant said is as little so as what it was said from.
        if ended := [one for one in prompt.no_longer if one.message_id == source or role == "assistant"]:
            parts = _without_what_ended(parts, ended)
        by_message.append(parts)
        count += len(parts)
        if count >= MOST:
            break
    stated = [preference_statement(note) for note in prompt.preferences]
    told = list(itertools.chain.from_iterable(reversed(by_message)))
    turns = next((n for n, entry in enumerate(told) if entry.place == "turn"), len(told))
    return [*stated, *told[:turns], *_summed_up(prompt, told, notes), *told[turns:]]


def _without_what_ended(parts: Sequence[Statement], ended: Sequence[NoLonger]) -> list[Statement]:
    """The statements of a message, each that holds no more marked so, and none left in which one is told beside others."""
    ends = [next((one for one in ended if _same(part.text, one.content)), None) for part in parts]
    marked = [replace(part, over=end) for part, end in zip(parts, ends, strict=True)]
    gone = [set(stems(part.text)) for part in marked if part.over is not None]
    return [
        replace(part, past=True) if part.over is not None else part
        for part in marked
        if part.over is not None or not any(told <= set(stems(part.text)) for told in gone)
    ]


def same_as(fact: str, known: Sequence[Statement]) -> Statement | None:
    """The newest of the user's statements that says what a fact says."""
    mine = (part for part in reversed(known) if part.role == "user" and part.over is None)
    return next((part for part in mine if _same(part.text, fact)), None)


def _same(one: str, other: str) -> bool:
    said, told = set(stems(one)), set(stems(other))
    named = {word for text in (one, other) for name in _NAME.findall(text) for word in stems(name)}
    return len(said & told) >= max(1, SAME * max(len(told), len(said))) and not named & (said ^ told)


def _summed_up(prompt: Prompt, told: Sequence[Statement], notes: dict[str, str]) -> list[Statement]:
    """What the summary says: older than this conversation's turns, newer than all else, and without a source.

    What is known from a message too is left to that: it has a source.
    """
    known = {(entry.role, " ".join(words(entry.text))) for entry in told}
    newest = max((entry.order for entry in told if entry.place != "turn"), default=-MOST)
    found = [
        (line, text)
        for line in lines_of(prompt.summary or "", prompt.name)
        for text in _parts(line.text, line.role)
        if not _outdated(text, notes) and (line.role, " ".join(words(text))) not in known
    ][:MOST]
    return [
        replace(
            _statement(text, role=line.role, source=None, at=None, order=newest, place="summary"),
            order=newest + (n + 1) / (len(found) + 1),
            quoted=line.quoted,
        )
        for n, (line, text) in enumerate(found)
    ]


def _outdated(text: str, notes: dict[str, str]) -> bool:
    """Whether a remembered wish has another value than the one that is kept: what is kept is the last that was said."""
    return any(
        notes.get(wish.key, value) != value
        for wish in stated_preferences(text)
        for value in [shown(wish.value).lower()]
    )


def _seconds(at: datetime | None) -> float:
    if at is None:
        return 0.0
    try:
        return at.timestamp()
    except (OverflowError, OSError, ValueError):
        return 0.0


def _parts(content: str, role: str) -> Iterator[str]:
    """What is said in a message, in parts that are understood alone: "Her name is Dot." goes with what precedes it."""
    before = ""
    for sentence in sentences(content):
        asks = is_question(sentence)
        parts = clauses(sentence)
        if role == "user":  # what is asked stays whole
            parts = [
                one for part in parts for one in ([part] if asks and part is parts[-1] else told_apart(part))
            ]
        kept = [
            part
            for number, part in enumerate(parts)
            if not (asks and (number == len(parts) - 1 or is_question(part)))
            and not (role == "assistant" and (_IGNORANCE.search(part) or _ECHO.match(part)))
        ]
        for part in kept:
            text = _introduced(part) if role == "user" else bare(part)
            if len(words(text)) < 2 or (part is not parts[0] and _RELATIVE.match(text)):
                continue
            if before and _PRONOUN.match(text):
                text = f"{before}, and {text[0].lower()}{text[1:]}"
            yield text
        whole = bare(sentence)
        requested = len(requests_apart(sentence)) > 1
        if len(parts) > 1 and len(kept) == len(parts) and not requested and len(whole) < 300:
            yield whole
        before = bare(kept[-1]) if kept else ""


def _introduced(part: str) -> str:
    """A clause as it is kept; a name that is typed small, as in "hey i'm ada", is still known for one."""
    if (match := _GREETED.match(part)) and match[1] not in _STATES and not match[1].endswith(("ing", "ed")):
        return f"My name is {match[1]}"
    return bare(part)


def _statement(
    text: str, *, role: str, source: str | None, at: datetime | None, order: float, place: str
) -> Statement:
    line = text.replace("’", "'")
    return Statement(
        text=line,
        terms=terms_of(line),
        role=role,
        source=source,
        at=at,
        order=order,
        place=place,
        subject=_subject(line),
        foreign=frozenset(
            found for match in _FOREIGN.finditer(line) for found in stems(match.group(1) + match.group(2))
        ),
        past=bool(_PAST.search(line)),
    )


def _subject(line: str) -> frozenset[str]:
    about = subject_of(line)
    if about != "user":
        apposed = _APPOSED.match(line)
        return frozenset(stems(f"{about} {apposed[1]}" if apposed else about))
    opening = line.split(maxsplit=3)[:2]
    low = opening[0].lower() if opening else ""
    if (
        low in _OPENERS
        or low in STOP_WORDS
        or low in ("i", "we", "i'm", "i've", "i'd", "we're", "we've", "my", "our", "me")
        or not line[:1].isupper()
    ):
        return frozenset()
    return frozenset(stems(" ".join(opening[:1])))


def terms_of(line: str) -> frozenset[str]:
    """The stems in a statement, with what its shape implies: "I am a nurse" is about a job."""
    found = set(stems(line))
    for word in words(line):
        if "-" in word or "/" in word:
            found.update(stems(word.replace("-", " ").replace("/", " ")))
    for match in _I_AM.finditer(line):
        if PROFESSIONS & set(words(match.group(1))):
            found.add("job")
    if PROFESSIONS & set(words(line)) and (
        PERSONS & set(words(line)) or re.search(r"\b(?:as|is|am|was|become) an? ", line)
    ):
        found.add("job")
    found.update(stem(word) for phrase, word in PHRASES if phrase.search(line))
    if _WORKING_ON.search(line):
        found.discard(stem("work"))
    if _CURRENCY.search(line):
        found.add(stem("money"))
    if _ORIGIN.search(line):
        found.add("origin")
    if _HIRED.search(line):
        found.add("job")
    if _HOBBY.search(line):
        found.add(stem("hobby"))
    if _DOSE.search(line):
        found.add(stem("medication"))
    if "@" in line and _EMAIL.search(line):
        found.update(stems("email address"))
    if _SELF_NAMED.search(line):
        found.add("nam")
    for preference in stated_preferences(line):
        found.add("prefer")
        found.update(stems(DOMAIN_WORDS.get(preference.key, preference.key.replace("_", " "))))
    return frozenset(found)


def preference_statement(note: PreferenceNote) -> Statement:
    """A kept preference as something that was said."""
    value = shown(note.value)
    key = note.key.replace("_", " ")
    text = {
        "name": f"You asked to be called {value}",
        "response_length": f"You prefer {value} answers",
        "response_style": f"You prefer a {value} style",
        "language": f"You prefer {value}",
    }.get(note.key, f"You prefer {value}" if _plain(note.value) else f"Your preference for {key} is {value}")
    if note.key.startswith("favorite_"):
        text = f"Your favourite {key.removeprefix('favorite ')} is {value}"
    if value.startswith(("always ", "never ")):
        text = f"You asked me to {second_person(value)}"
    terms = {
        "prefer",
        *stems(value),
        *stems(key),
        *stems(DOMAIN_WORDS.get(note.key, "")),
        *stems(note.category),
    }
    return Statement(
        text=text,
        terms=frozenset(terms),
        role="user",
        source=None,
        at=None,
        order=-1_000_000,
        place="preference",
        subject=frozenset(),
        foreign=frozenset(),
        past=False,
        weight=0.97,
        key=note.key,
    )


def _plain(value: object) -> bool:
    return (
        isinstance(value, str) and value.lower() not in ("yes", "no", "true", "false") and not value.isdigit()
    )


def sorted_sources(statements: Sequence[Statement]) -> list[str]:
    """The ids of the messages that statements come from, each once."""
    return list(dict.fromkeys(entry.source for entry in statements if entry.source))
