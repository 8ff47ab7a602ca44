"""How does the user want to be answered: briefly or at length, casually or formally, under which name?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .preferences import stated_preferences
from .prompt import Prompt, shown

_FORMAL = (
    (re.compile(r"\bI don't\b"), "I do not"),
    (re.compile(r"\bcan't\b"), "cannot"),
    (re.compile(r"\b(you|You)'re\b"), r"\1 are"),
    (re.compile(r"\b(you|You)'ve\b"), r"\1 have"),
    (re.compile(r"\b(you|You)'ll\b"), r"\1 will"),
)
_CASUAL = (
    (re.compile(r"\bI am\b"), "I'm"),
    (re.compile(r"\bI will\b"), "I'll"),
    (re.compile(r"\b(you|You) are\b"), r"\1're"),
    (re.compile(r"\b(you|You) have not\b"), r"\1 haven't"),
)


_RELAXED = ("casual", "friendly", "informal", "relaxed", "playful")
_KEPT = {"response_length": "{} answers", "response_style": "a {} tone"}


@dataclass(slots=True)
class Manner:
    """The wishes that shape an answer, and which of them did."""

    brief: bool = False
    detailed: bool = False
    style: str = ""
    name: str = ""
    used: list[str] = field(default_factory=list)

    def plain(self, text: str) -> str:
        """A text in the user's style."""
        for pattern, instead in (
            _FORMAL if self.style == "formal" else _CASUAL if self.style == "casual" else ()
        ):
            text = pattern.sub(instead, text)
        return text

    def greeting(self) -> str:
        """A greeting, by name where one is known."""
        opening = {"formal": "Good day", "casual": "Hey"}.get(self.style, "Hello")
        rest = "" if self.brief else self.plain(" What would you like to talk about?")
        return f"{self._named(opening)}.{rest}"

    def noted(self, listed: str) -> str:
        """Says that something was understood."""
        opening = {"formal": "I have noted that", "casual": "Got it:"}.get(self.style, "Noted:")
        if self.name and self.style != "formal":
            opening = self._named(opening.rstrip(":")) + ":"
        return f"{opening} {listed}."

    def keeping(self, wishes: Sequence[tuple[str, str]], *, first: bool) -> str:
        """Says that wishes, each a key and a value, will be kept to."""
        opening = {"formal": "Certainly.", "casual": "Sure!"}.get(self.style, "Understood.") if first else ""
        kept = [_KEPT[key].format(value) if key in _KEPT else value for key, value in wishes if key != "name"]
        orders = [value for value in kept if value.startswith(("always ", "never "))]
        kept = [value for value in kept if value not in orders]
        said = [f"I will call you {value}." for key, value in wishes if key == "name"]
        if kept:
            said.append(f"I will keep to {_listed(kept)}.")
        if orders:
            said.append(f"I will {_listed(orders)}.")
        return " ".join([opening, *said]).strip()

    def acknowledged(self, said: str) -> str:
        """Answers what neither asks nor states anything to remember."""
        opening = {"formal": "Thank you", "casual": "Okay"}.get(self.style, "I see")
        if self.brief:
            return f"{self._named(opening)}."
        rest = f' You said: "{said.rstrip(".!")}".' if self.detailed and said else ""
        return f"{self._named(opening)}.{rest} Tell me more, or ask me about anything you told me."

    def _named(self, opening: str) -> str:
        return f"{opening}, {self.name}" if self.name else opening


def _listed(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else ", ".join(values[:-1]) + " and " + values[-1]


def manner_of(prompt: Prompt) -> Manner:
    """The manner that the kept preferences, and those stated in this conversation, ask for; the newest holds."""
    wishes = {note.key: shown(note.value) for note in prompt.preferences}
    for turn in prompt.turns:
        if turn.role == "user":
            wishes.update(
                (entry.key, shown(entry.value)) for entry in stated_preferences(turn.content[:10_000])
            )
    wishes.update((entry.key, shown(entry.value)) for entry in stated_preferences(prompt.message[:10_000]))
    length = wishes.get("response_length", "").lower()
    style = wishes.get("response_style", wishes.get("communication_style", "")).lower()
    name = wishes.get("name", wishes.get("preferred_name", "")).strip()[:60]
    manner = Manner(
        brief=length in ("brief", "short", "concise", "terse"),
        detailed=length in ("detailed", "long", "thorough", "comprehensive"),
        style="formal"
        if "formal" in style and "informal" not in style
        else "casual"
        if any(word in style for word in _RELAXED)
        else "",
        name=name,
    )
    if manner.brief or manner.detailed:
        manner.used.append("response_length")
    if manner.style:
        manner.used.append("response_style")
    if manner.name:
        manner.used.append("name")
    return manner
