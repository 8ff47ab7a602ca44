"""What does the offline model say?

It answers only from what stands in the prompt, says where it knows it from, and says so when it was not told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..embeddings import Embedder
from ..text import second_person, shortened, words
from .alias import otherwise
from .compound import two_questions
from .ending import ended
from .evidence import Statement, gather, same_as
from .extract import LONGEST_TEXT, bare, noted, statements, subject_of
from .facts import facts_in
from .kinds import PERSONS
from .manner import Manner, manner_of
from .overview import overview
from .preferences import stated_preferences
from .prompt import Prompt, Turn, shown
from .protocol import StatedPreference
from .question import understand
from .rank import Match, answers, related, together
from .small_talk import small_talk
from .telling import TASK, Answer, distinct, joined, lowered, question_in, spoken, told, unknown

_PRONOUN = re.compile(r"\b(?:she|he|they|it|her|him|them|his|their|its)\b", re.IGNORECASE)
_MINE = re.compile(r"\b(?:my|our) (\w+)", re.IGNORECASE)


def answer(prompt: Prompt, embedder: Embedder | None = None) -> Answer:
    """Answers a prompt from what stands in it."""
    message = prompt.message[:LONGEST_TEXT].strip()
    manner = manner_of(prompt)
    if not words(message):
        return Answer(manner.plain("I am here, and I am listening."), True, applied=manner.used)
    found = (
        small_talk(message, manner)
        or _asked(prompt, message, manner, embedder)
        or _told(prompt, message, manner)
    )
    keys = [entry.key for entry in found.used if entry.key]
    found.applied = list(dict.fromkeys([*manner.used, *keys]))
    return found


def _asked(prompt: Prompt, message: str, manner: Manner, embedder: Embedder | None) -> Answer | None:
    question = question_in(message)
    if question is None:
        return None
    known = gather(prompt)
    if everything := overview(question, prompt, known, manner, embedder):
        return everything
    matches: list[Match] = []
    for one in two_questions(message) or (question,):
        found = _found(one, prompt, known, embedder)
        # Of two questions the first is answered by what answers both: "I have a llama called Otto."
        matches += [match for match in found if not _said(match, matches)]
    if not matches:
        return _by_name(question, prompt, manner) or unknown(message, manner)
    used = [match.statement for match in matches]
    parts = [told(entry, manner) for entry in sorted(used, key=lambda entry: entry.order)]
    if (end := used[0].over) is not None:
        if end.instead and (end.slip or not understand(question).past):
            now = same_as(end.instead, known)
            used += [now] if now is not None else []
            said = spoken(now, manner) if now else noted(end.instead)
            parts = [f"{said[:1].upper()}{said[1:]}."] if end.slip else [*parts, f"Now: {lowered(said)}."]
    elif over := ended(used[0], known):
        used.append(over)
        parts.append("Later: " + lowered(spoken(over, manner)) + ".")
    return Answer(joined(parts, used[0], manner), True, used)


def _said(match: Match, before: Sequence[Match]) -> bool:
    return any(match.statement.text in other.statement.text for other in before)


def _found(
    question: str, prompt: Prompt, known: Sequence[Statement], embedder: Embedder | None
) -> list[Match]:
    """What answers one question, in its own words or in those it could mean."""
    asked = understand(question)
    matches = together(asked, answers(asked, known, embedder))
    if not matches:
        # What the same message states is an answer too: "My dog is Rex. What is my dog called?"
        here = gather(Prompt(message="", turns=[Turn(role="user", content=prompt.message)]))
        matches = together(asked, answers(asked, here, embedder))
    if not matches:
        renamed = map(understand, otherwise(question, known))
        matches = next(filter(None, (together(other, answers(other, known)) for other in renamed)), [])
    if not matches and (meant := _meant(question, prompt)):
        matches = together(asked, answers(understand(meant), known, embedder))
    return matches


def _meant(question: str, prompt: Prompt) -> str | None:
    """The question with "she" or "it" replaced by what this conversation was last about."""
    pronoun = _PRONOUN.search(question)
    if not pronoun:
        return None
    thing = pronoun[0].lower() in ("it", "its")
    for turn in reversed(prompt.turns[-8:]):
        if turn.role != "user":
            continue
        said = bare(turn.content[:1_000])
        about = subject_of(said)
        if about == "user":
            named = _MINE.findall(said)
            about = named[-1] if named else ""
        if about and not (thing and PERSONS & set(words(about))):
            return _PRONOUN.sub(f"my {about}", question, count=1)
    return None


def _by_name(question: str, prompt: Prompt, manner: Manner) -> Answer | None:
    asked = understand(question)
    if prompt.name and asked.wants == "name" and asked.of_user:
        return Answer(manner.plain(f"Your name is {shortened(prompt.name, 80)}."), True)
    return None


def _told(prompt: Prompt, message: str, manner: Manner) -> Answer:
    # What the user likes is noted; only how things should be is kept to.
    wishes = _wishes(message)
    said = statements(message) or [fact.content for fact in facts_in(message) if fact.content_type == "fact"]
    facts = [one for one in said if not _wishes(one)]
    parts: list[str] = []
    if facts:
        listed = "; ".join(noted(shortened(one, 160)) for one in facts[: 2 if manner.brief else 4])
        parts.append(manner.noted(listed))
    if wishes:
        parts.append(manner.keeping([(entry.key, shown(entry.value)) for entry in wishes], first=not facts))
    if parts:
        return Answer(" ".join(manner.plain(part) for part in parts), True)
    if TASK.match(message):
        return _task(prompt, message, manner)
    return Answer(manner.acknowledged(shortened(second_person(bare(message)), 120)), True)


def _wishes(said: str) -> list[StatedPreference]:
    return [wish for wish in stated_preferences(said) if wish.category != "general"]


def _task(prompt: Prompt, message: str, manner: Manner) -> Answer:
    used = distinct(related(message, gather(prompt)), 3)
    said = "I can't do that without a language model"
    if not used:
        return Answer(manner.plain(said + "; I can remember what you tell me and answer from it."), False)
    listed = "; ".join(lowered(spoken(entry, manner)) for entry in used)
    return Answer(manner.plain(f"{said}, but this is what I know that bears on it: {listed}."), False, used)
