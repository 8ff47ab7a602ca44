"""What one message shows of how somebody likes things: style, length, topics, and what they work with.

One message proves nothing; the repository counts what is seen, and from the third time on it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ...services.text import word_set, words

BRIEF, DETAILED = 50, 150
_LONGEST = 8_000

_FORMAL = re.compile(r"\b(please|thank you|appreciate|kindly|would you|could you)\b", re.IGNORECASE)
_CASUAL = re.compile(r"\b(hey|thanks|cool|awesome|gonna|wanna|yeah|lol)\b", re.IGNORECASE)
_OWN = re.compile(r"\b(i|i'm|i've|my|mine|we|our|me|us)\b", re.IGNORECASE)
_AGAINST = re.compile(
    r"\b(not|never|no longer|don't|doesn't|didn't|can't|won't|without|hate|dislike|instead of|rather than)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"^\s*>.*$|```.*?```|\"[^\"\n]{0,500}\"|“[^”\n]{0,500}”", re.MULTILINE | re.DOTALL)
_METRIC = re.compile(
    r"\d ?(?:km|kg|cm|°c)\b|\b(?:celsius|kilomet(?:re|er)s?|kilograms?|kilos?)\b", re.IGNORECASE
)
_IMPERIAL = re.compile(
    r"\d ?(?:lbs?|°f|mph)\b|\b(?:fahrenheit|miles?|pounds of|inches|feet)\b", re.IGNORECASE
)
_TWELVE = re.compile(r"\b(?:1[0-2]|[1-9])(?:[:.][0-5]\d)? ?(?:am|pm|a\.m\.|p\.m\.)(?!\w)", re.IGNORECASE)
_TWENTY_FOUR = re.compile(r"\b(?:1[3-9]|2[0-3]):[0-5]\d\b")

TOPICS: Final = {
    "login": word_set(
        "login log-in sign-in signin password passwords passcode authentication authenticator 2fa otp"
    ),
    "billing": word_set(
        """billing bill bills invoice invoices payment payments charge charged charges refund refunds receipt
        price pricing paid overcharged"""
    ),
    "technical": word_set(
        """error errors bug bugs crash crashes crashed install installing installation exception traceback
        server timeout debug deploy compile"""
    ),
    "account": word_set("account accounts profile subscription subscriptions membership"),
    "travel": word_set("trip trips flight flights travel hotel train airport journey passport visa"),
    "food": word_set("recipe recipes cook cooking restaurant dinner lunch breakfast bake baking meal meals"),
    "health": word_set("doctor medicine hospital symptoms allergy allergic sleep diet therapy"),
    "sport": word_set("football tennis running gym workout marathon cycling swimming training match"),
    "music": word_set("music song songs concert band album guitar piano playlist"),
    "work": word_set("boss colleague colleagues meeting meetings office deadline salary overtime"),
}
_LOGGING_IN = re.compile(r"\b(?:log|sign|logging|signing|logged|signed)[ -]in(?:to)?\b", re.IGNORECASE)

# Key, category, and the words that each stand for one value.
_USED: Final = (
    ("programming_language", "technical", word_set(
        "python javascript typescript java rust golang ruby php kotlin scala haskell perl elixir clojure c++ c#"
    )),
    ("operating_system", "technical", word_set("linux windows macos ubuntu debian fedora android ios")),
    ("editor", "technical", word_set("vim neovim emacs vscode pycharm intellij sublime")),
    ("database", "technical", word_set("postgresql mysql sqlite mongodb redis mariadb")),
)  # fmt: skip
_WRITTEN: Final = {
    name.lower(): name
    for name in [
        "C++",
        "C#",
        "PHP",
        "iOS",
        "macOS",
        "JavaScript",
        "TypeScript",
        "PostgreSQL",
        "MySQL",
        "SQLite",
        "MongoDB",
        "MariaDB",
        "PyCharm",
        "IntelliJ",
        "vim",
        "neovim",
    ]
} | {"vscode": "VS Code", "golang": "Go"}
_SHADES: Final = (
    ("dark mode", re.compile(r"\bdark[ -](?:mode|theme)\b", re.IGNORECASE)),
    ("light mode", re.compile(r"\blight[ -](?:mode|theme)\b", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Observation:
    """Something seen in a message; without a value it speaks against every value of its key."""

    key: str
    value: str | None
    category: str


def observed(message: str) -> list[Observation]:
    """What a message shows, at most one value a key, and several topics; quoted text shows nothing."""
    text = _QUOTED.sub(" ", message[:_LONGEST]).replace("’", "'")
    if not text.strip():
        return []
    found = [Observation("response_length", _length(text), "communication")]
    formal, casual = bool(_FORMAL.search(text)), bool(_CASUAL.search(text))
    if formal != casual:
        found.append(Observation("response_style", "formal" if formal else "casual", "communication"))
    low = set(words(text)) | set(re.findall(r"c\+\+|c#", text.lower()))
    for topic, signs in TOPICS.items():
        if low & signs or (topic == "login" and _LOGGING_IN.search(text)):
            found.append(Observation("topics", topic, "topics"))
    if _OWN.search(text) and not _AGAINST.search(text):
        for key, category, names in _USED:
            if len(used := low & names) == 1:
                name = used.pop()
                found.append(Observation(key, _WRITTEN.get(name, name.capitalize()), category))
        shades = [shade for shade, pattern in _SHADES if pattern.search(text)]
        if len(shades) == 1:
            found.append(Observation("theme", shades[0], "ui"))
    for key, values in (
        ("units", (("metric", _METRIC), ("imperial", _IMPERIAL))),
        ("time_format", (("12-hour", _TWELVE), ("24-hour", _TWENTY_FOUR))),
    ):
        seen = [value for value, pattern in values if pattern.search(text)]
        if len(seen) == 1:
            found.append(Observation(key, seen[0], "system"))
    return found


def _length(text: str) -> str | None:
    size = len(text.strip())
    return "brief" if size < BRIEF else "detailed" if size > DETAILED else None
