"""What does the summary of a conversation hold that an answer could rest on?

Lines such as "User: My dog is called Rex." are the user's own words. All else is prose in the third person: it is
matched as if the user had said it, and only ever quoted as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..text import is_question, sentences
from .extract import LONGEST_TEXT, is_statement

_SPEAKER = re.compile(r"(?P<who>[^\W\d_][\w .'-]{0,40}?):\s+(?P<said>.+)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_TWICE = re.compile(r"([?!])\.+(?=\s|$)")
_USER = r"the user"
_ASKING = re.compile(
    r"\b(?:ask(?:s|ed|ing)?|wonder(?:s|ed|ing)?|want(?:s|ed)? to know|inquir\w+|enquir\w+|unsure|whether|if)\b",
    re.IGNORECASE,
)
_ASSISTANT = re.compile(r"the (?:assistant|model|bot)\b", re.IGNORECASE)
_BEING = {"is": "am", "has": "have", "was": "was", "does": "do", "goes": "go", "isn't": "am not"}
_OTHER_VERB = re.compile(r"(?:ss|us|is)$")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a summary says."""

    role: str
    text: str
    """In the first person."""
    quoted: str = ""
    """The sentence as it stands, where it is prose."""


def lines_of(summary: str, name: str | None = None) -> Iterator[Line]:
    """What a summary says, in its order; `name` is what prose may call the user."""
    for raw in summary[:LONGEST_TEXT].splitlines():
        line = _TWICE.sub(r"\1", _BULLET.sub("", raw).replace("**", "").strip())
        if (match := _SPEAKER.match(line)) and (role := _role(match["who"], match["said"], name)):
            yield Line(role, match["said"])
            continue
        for sentence in sentences(line):
            if not is_question(sentence) and not _ASKING.search(sentence) and not _ASSISTANT.match(sentence):
                yield Line("user", _first_person(sentence, name), sentence)


def _role(who: str, said: str, name: str | None) -> str | None:
    low = who.lower()
    if low == "assistant":
        return "assistant"
    # Whoever speaks of themselves is a user, by whatever name.
    return "user" if low == "user" or low == (name or "").lower() or is_statement(said) else None


def _first_person(sentence: str, name: str | None) -> str:
    """Prose about the user as they would have said it: "The user's dog is called Rex" is "My dog is called Rex"."""
    who = rf"\b(?:{_USER}|{re.escape(name)})" if name else rf"\b{_USER}"
    text = sentence.replace("’", "'")
    if re.match(rf"{who}(?!'s|\w)", text, re.IGNORECASE):
        text = re.sub(r"\btheir\b", "my", text, flags=re.IGNORECASE)
    text = re.sub(rf"{who}'s(?!\w)", "my", text, flags=re.IGNORECASE)
    text = re.sub(rf"{who} (?P<verb>[\w']+)", _spoken, text, flags=re.IGNORECASE)
    return text[:1].upper() + text[1:]


def _spoken(match: re.Match[str]) -> str:
    verb = match["verb"].lower()
    if verb in _BEING:
        return f"I {_BEING[verb]}"
    if verb.endswith("ies"):
        return f"I {verb[:-3]}y"
    if re.search(r"(?:sh|ch|x|ss)es$", verb):
        return f"I {verb[:-2]}"
    return f"I {verb[:-1]}" if verb.endswith("s") and not _OTHER_VERB.search(verb) else f"I {verb}"
