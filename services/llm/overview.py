"""What is answered when everything is asked for, as in "What do you know about me"?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..embeddings import Embedder
from ..text import content_words, word_set
from .evidence import Statement, preference_statement
from .extract import is_statement
from .manner import Manner
from .preferences import stated_preferences
from .prompt import Prompt, shown
from .question import understand
from .rank import answers
from .small_talk import greets
from .telling import ORDER, TASK, Answer, distinct, joined, lowered, spoken, unknown

_TOPICS = re.compile(
    r"\bwhat (?:was i|were we|did (?:we|i)|have (?:we|i)|had (?:we|i)|i was|we were|did you and i) "
    r"(?:just |been )?(?:tell(?:ing)?|told|talk(?:ing|ed)?|say(?:ing)?|said"
    r"|discuss(?:ing|ed)?|mention(?:ing|ed)?|chat(?:ting)?|speak(?:ing)?|spoken|cover(?:ed)?|ask(?:ed"
    r"|ing)?)\b|\bwhere (?:were|did) we (?:leave|left|stop)?"
    r"|\b(?:summari[sz]e|recap|sum up)\b.*\b(?:conversation|talk|chat|discussed|so far|this|earlier)\b"
    r"|\bour (?:last|previous|earlier) (?:conversation|talk|chat)\b",
    re.IGNORECASE,
)
_TOPIC_WORDS = word_set(
    """tell telling told talk talking talked say saying said discuss discussing discussed mention mentioning
    mentioned chat chatting speak speaking earlier before previously last time conversation yesterday today
    remember recall summarize summarise recap sum far previous just already covered cover ask asked asking
    session remind know week morning left leave stop"""
)
_PREFERENCES = re.compile(
    r"\b(?:my|the) (?:\w+ )?(?:preferences|settings|wishes)\b|\bwhat do i prefer\s*\??$|\bwhat (?:do"
    r"|have) i (?:prefer|said i prefer)\b\s*\??$",
    re.I,
)
_KNOWN = re.compile(
    r"\bdo you (?:still )?(?:remember|know) me\b|\bwhat (?:all )?(?:do|have|did|else do) you (?:know"
    r"|remember|remembered|learn(?:ed|t)?|recall|have)\b(?: about me)?|\bwhat (?:have|did) i (?:told"
    r"|tell) you about (?:me|myself)\b|\btell me (?:something )?about (?:me|myself)\b",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?:tell me|do you (?:know|remember|recall)|did i (?:say|tell you)|anything|everything|something) about (?!me\b|myself\b)",
    re.IGNORECASE,
)


def overview(
    question: str, prompt: Prompt, known: Sequence[Statement], manner: Manner, embedder: Embedder | None
) -> Answer | None:
    """The answer to a question about all that was told, or None when it asks for one thing."""
    if _PREFERENCES.search(question) and " or " not in question:
        return _preferences(prompt, known, manner)
    if _KNOWN.search(question) and not about_what(question):
        return _known(prompt, known, manner)
    if _ABOUT.search(question) or _TOPICS.search(question):
        return (
            _on_topic(question, known, manner, embedder) if about_what(question) else _topics(known, manner)
        )
    return None


def about_what(question: str) -> list[str]:
    return [word for word in content_words(question) if word not in _TOPIC_WORDS]


def _preferences(prompt: Prompt, known: Sequence[Statement], manner: Manner) -> Answer:
    lines = {note.key: (note.category, shown(note.value)) for note in prompt.preferences}
    kept = {note.key: shown(note.value) for note in prompt.preferences}
    used: list[Statement] = []
    for entry in known:
        if entry.role != "user" or entry.place == "preference":
            continue
        for preference in stated_preferences(entry.text):
            if preference.key in kept:
                if kept[preference.key] == shown(preference.value):
                    used.append(entry)
            else:
                lines.pop(preference.key, None)
                lines[preference.key] = (preference.category, shown(preference.value))
                used.append(entry)
    if not lines:
        return Answer(manner.plain("You have not told me any preferences yet."), False)
    listed = "; ".join(f"{key.replace('_', ' ')}: {value}" for key, (_, value) in lines.items())
    return Answer(f"Your preferences: {listed}.", True, used)


def _known(prompt: Prompt, known: Sequence[Statement], manner: Manner) -> Answer:
    said = [
        entry
        for entry in known
        if entry.role == "user" and entry.place != "preference" and not _tells_nothing(entry.text)
    ]
    used = distinct(reversed(said), 3 if manner.brief else 6)
    lines = [lowered(spoken(entry, manner)) for entry in reversed(used)]
    wishes = [lowered(preference_statement(note).text) for note in prompt.preferences][:4]
    if not (lines or wishes):
        return Answer(manner.plain("Nothing yet: you have not told me anything about yourself."), False)
    return Answer("I remember that " + "; ".join([*lines, *wishes]) + ".", True, used)


def _tells_nothing(said: str) -> bool:
    """Whether nothing of the user is told: a greeting, or a request."""
    return not is_statement(said) and bool(greets(said) or ORDER.match(said) or TASK.match(said))


def _topics(known: Sequence[Statement], manner: Manner) -> Answer:
    for places in (("turn", "summary"), ("recent", "memory")):
        said = [
            entry
            for entry in known
            if entry.role == "user" and entry.place in places and not greets(entry.text)
        ]
        used = distinct(reversed(said), 2 if manner.brief else 4)
        if used:
            lines = "; ".join(lowered(spoken(entry, manner)) for entry in reversed(used))
            when = "Earlier you told me" if "turn" in places else "In an earlier conversation you told me"
            return Answer(f"{when}: {lines}.", True, used)
    return Answer(
        manner.plain("You have not told me anything before this: our conversation starts here."), False
    )


def _on_topic(question: str, known: Sequence[Statement], manner: Manner, embedder: Embedder | None) -> Answer:
    about = "what about " + " ".join(about_what(question))
    matches = answers(understand(about), [entry for entry in known if entry.role == "user"], embedder)
    used = distinct((match.statement for match in matches), 2 if manner.brief else 4)
    if not used:
        return unknown(question, manner)
    return Answer(joined([spoken(entry, manner) for entry in used], used[0], manner), True, used)
