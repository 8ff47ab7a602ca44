"""Which wishes does the user state for how things should be, and under which key are they kept?"""

from __future__ import annotations

import re

from ..text import STOP_WORDS, requests_apart, sentences, shortened, word_set, words
from .lexicon import members
from .protocol import StatedPreference

_LONGEST_VALUE = 80

# key, category, words that make a value belong to it
_DOMAINS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("theme", "ui", word_set("dark light theme mode contrast")),
    ("font_size", "ui", frozenset(["font", "fonts"])),
    ("editor", "technical", members("editor") | {"editor", "ide"}),
    (
        "programming_language",
        "technical",
        word_set(
            """python java javascript typescript rust golang ruby php kotlin swift scala haskell perl c++ c#
            elixir julia clojure lua ocaml fortran zig"""
        ),
    ),
    ("operating_system", "technical", word_set("linux windows macos ubuntu debian fedora")),
    (
        "database",
        "technical",
        word_set("postgresql postgres mysql sqlite mongodb redis mariadb"),
    ),
    ("indentation", "technical", word_set("tabs spaces indentation")),
    (
        "units",
        "system",
        word_set("metric imperial celsius fahrenheit kilometres kilometers miles units"),
    ),
    ("time_format", "system", word_set("24-hour 12-hour clock")),
    ("notifications", "system", word_set("notifications notification alerts reminders")),
    (
        "contact_channel",
        "communication",
        word_set("email e-mail phone sms text whatsapp calls"),
    ),
    ("emoji", "communication", word_set("emoji emojis emoticons")),
    (
        "format",
        "communication",
        word_set("bullet bullets table tables list lists markdown"),
    ),
)
_BRIEF = word_set("short brief concise terse succinct shorter briefer compact crisp")
_DETAILED = word_set(
    """detailed long thorough comprehensive longer elaborate in-depth extensive depth detail"""
)
_CASUAL = word_set("casual informal relaxed friendly playful")
_FORMAL = word_set("formal professional polite businesslike")
_ANSWERS = word_set(
    """answer answers reply replies response responses explanation explanations summary summaries message
    messages tone style language writing briefly concisely it things text"""
)
LANGUAGES = frozenset(
    word
    for word in word_set(
        """english german french spanish italian portuguese dutch japanese chinese mandarin korean russian
        arabic hindi turkish polish swedish norwegian danish finnish greek"""
    )
)

DOMAIN_WORDS: dict[str, str] = {
    "theme": "theme mode dark light interface ui editor screen display appearance colour scheme app",
    "programming_language": "programming language code coding write use",
    "editor": "editor ide write code",
    "response_length": "answer reply response length short long detail",
    "response_style": "answer reply tone style",
    "language": "language speak answer reply",
    "name": "name call",
    "units": "unit temperature distance measure",
    "operating_system": "operating system os computer",
}
"""Words by which people ask for a key."""

_TOLD = (
    r"(?:really |much |strongly |usually |generally |always |definitely |do |would |also |still |now |'d )*"
)
_WISHES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:i|we)(?:'d)? {_TOLD}prefer (?!not\b|that you\b|if\b|when\b)(?:to (?:use|have|see|get|read"
        rf"|work (?:in|with)|be) )?(?P<value>.+)",
        rf"\b(?:i|we) {_TOLD}like (?P<value>.+?) (?:better|more|best|the most)\b",
        r"\b(?:i|we)(?:'d| would) rather (?:have|use|see|get|read|be|work (?:in|with) )?(?P<value>.+)",
        r"\bmy preferred [\w -]{2,30}? (?:is|are) (?P<value>.+)",
        r"\bmy preference is (?:for |to use )?(?P<value>.+)",
        r"^(?:please |kindly |could you |can you |from now on,? |in (?:the )?future,? |and |always "
        r")+(?:please )?"
        r"(?:always )?(?:use|show|give me|prefer|stick (?:to|with)|keep to|switch to) (?P<value>.+)",
        r"^(?:use|stick (?:to|with)|keep to|switch to) (?P<value>.+?) (?:please|from now on|always|in "
        r"future)\b",
    )
)
_FAVOURITE = re.compile(
    r"\b(?:my|our) (?:favou?rite|preferred) (?P<key>[\w -]{2,40}?) (?:is|are) (?P<value>.+)", re.IGNORECASE
)
_NAME = re.compile(
    r"\b(?:call me|address me as|refer to me as|i(?:'d like to| want to|'d prefer to| prefer to) be "
    r"called|i go by"
    r"|you can call me|my friends call me) (?P<value>[^\W\d_][\w'’.-]*(?: [A-Z][\w'’.-]*){0,2})",
    re.IGNORECASE,
)
_NO_NAME = word_set(
    """back later when tomorrow today tonight now soon if a an the at on in by again crazy old"""
)
_IN_LANGUAGE = re.compile(
    r"\b(?:answer|reply|respond|speak|write|talk|answers|replies|it|say it)(?: to)?(?: me| with me)? "
    r"(?:in )?(?P<value>[a-z]+)\b",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"^(?:please |from now on,? |and )*(?P<how>always|never|do not|don't|avoid|no more|stop) "
    r"(?P<value>[a-z][^?]+)",
    re.IGNORECASE,
)
_OVER = re.compile(
    r",? (?:over|rather than|instead of|to (?=\w+$)|than|as opposed to|compared to|versus|vs\.?) .*$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:,? (?:please|from now on|in future|in general|in my \w+|on my \w+|at night|for (?:my|all|the|our"
    r"|everything"
    r"|most|any)\b.*|for (?:it|that|this|them|these|those)|because\b.*|when\b.*|since\b.*|if\b.*|whenever\b.*|now|thanks|thank you|though"
    r"|anyway|too|as well))+$",
    re.IGNORECASE,
)
_TELLING = re.compile(r"^(?:i|we|my|our)\b", re.IGNORECASE)


def stated_preferences(text: str) -> list[StatedPreference]:
    """The preferences in one message of the user, in order, one a key."""
    found: dict[str, StatedPreference] = {}
    for sentence in sentences(text):
        if len(sentence) > 1_000:
            continue
        line = " ".join(sentence.replace("’", "'").split()).strip()
        if line.endswith(("?", "？")) and not re.match(
            r"(?:can|could|would|will) you\b", line, re.IGNORECASE
        ):
            continue
        if re.match(r"(?:if|suppose|imagine|what if)\b|[\"“>]", line, re.IGNORECASE):
            continue
        for part in requests_apart(line.rstrip(".!?。！？ ")):
            for preference in _of_sentence(part):
                found.pop(preference.key, None)
                found[preference.key] = preference
    return list(found.values())


def _of_sentence(line: str) -> list[StatedPreference]:
    if (match := _NAME.search(line)) and match["value"].split()[0].lower() not in _NO_NAME:
        name = re.sub(r"(?<=\w)[.]$", "", match["value"])
        rest = (line[: match.start()] + line[match.end() :]).strip(" ,")
        return [StatedPreference(key="name", value=name, category="personal"), *_of_sentence(rest)]
    if styled := _of_style(line):
        return styled
    if match := _FAVOURITE.search(line):
        value = _trimmed(match["value"])
        key, category = (
            _domain(value) or _domain(match["key"]) or ("favorite_" + _slug(match["key"]), "general")
        )
        return [StatedPreference(key=key, value=value, category=category)] if value else []
    for pattern in _WISHES:
        if match := pattern.search(line):
            return [wish for part in _listed(match["value"]) if (wish := _wish(part))]
    if match := _RULE.match(line):
        how = "always" if match["how"].lower() == "always" else "never"
        value = _trimmed(match["value"])
        key, category = _domain(value) or (f"{how}_" + _slug(value), "general")
        return [StatedPreference(key=key, value=f"{how} {value}", category=category)] if value else []
    return []


def _of_style(line: str) -> list[StatedPreference]:
    """Length, style and language of the answers, in whatever form they are asked for."""
    low = set(words(line))
    asked = bool(
        re.search(
            r"\b(?:prefer|please|keep|be|answer|reply|respond|want|like|write|give me|make|use|rather"
            r"|stay)\b",
            line,
            re.I,
        )
    )
    if not asked or len(low) > 30:
        return []
    about_answers = bool(low & _ANSWERS) or bool(
        re.match(r"(?:please |always |just )*(?:be|answer|reply|respond)\b", line, re.I)
    )
    if not about_answers or re.match(r"(?:he|she|they|it)\b", line, re.I):
        return []
    found: list[StatedPreference] = []
    length = "brief" if low & (_BRIEF | {"briefly", "concisely"}) else "detailed" if low & _DETAILED else None
    if length and low & {"not", "don't", "too", "less", "never"} and not low & {"please"}:
        length = "detailed" if length == "brief" else "brief"
    if length:
        found.append(StatedPreference(key="response_length", value=length, category="communication"))
    style = "casual" if low & _CASUAL else "formal" if low & _FORMAL else None
    if style:
        found.append(StatedPreference(key="response_style", value=style, category="communication"))
    if (match := _IN_LANGUAGE.search(line)) and match["value"].lower() in LANGUAGES and " in " in line:
        found.append(
            StatedPreference(key="language", value=match["value"].capitalize(), category="communication")
        )
    return found


def _listed(value: str) -> list[str]:
    parts = re.split(r", and |,? and |, ", _TAIL.sub("", _OVER.sub("", value)))
    return [part for part in parts if part and not _TELLING.match(part)][:6]


def _wish(part: str) -> StatedPreference | None:
    value = _trimmed(part)
    if not value or not set(words(value)) - STOP_WORDS:
        return None
    key, category = _domain(value) or (_slug(value), "general")
    if key == "theme":
        value = _theme(value)
    return StatedPreference(key=key, value=value, category=category)


def _theme(value: str) -> str:
    low = words(value)
    for shade in ("dark", "light"):
        if shade in low:
            return f"{shade} mode"
    return value


def _domain(value: str) -> tuple[str, str] | None:
    low = words(value.replace("-", " ")) + value.lower().split()
    for key, category, known in _DOMAINS:
        if known & set(low) and (key != "theme" or {"dark", "light", "theme"} & set(low)):
            return key, category
    if "language" in low and "programming" in low:
        return "programming_language", "technical"
    if LANGUAGES & set(low):
        return "language", "communication"
    return None


def _trimmed(value: str) -> str:
    text = _TAIL.sub("", _OVER.sub("", value)).strip(" ,.;:!\"'")
    text = re.sub(r"^(?:the|a|an|some|my|using|having|to) ", "", text, flags=re.IGNORECASE)
    return shortened(text, _LONGEST_VALUE)


def _slug(value: str) -> str:
    kept = [word for word in words(value) if word not in STOP_WORDS] or words(value)
    return "_".join(re.sub(r"\W+", "_", word).strip("_") for word in kept[-2:])[:60] or "preference"
