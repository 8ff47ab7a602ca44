"""What does a question ask for, and about whom?"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from ..text import QUESTION_WORDS, STOP_WORDS, stem, stems, word_set, words
from .lexicon import LIGHT, PHRASES, RELATIONS, likeness

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty"
    r"|hundred|thousand"
    r"|million|dozen|half|once|twice|several|many|both|no)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:january|february|march|april|may \d+|\d+ may|(?:in|of|last|next|until|since) may|june|july|august|september|october|november"
    r"|december|jan|feb|mar|apr"
    r"|aug|sept?|oct|nov|dec)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:today|tomorrow"
    r"|tonight|yesterday"
    r"|noon|midnight|morning|evening|afternoon|weekend|week|weeks|month|months|year|years|spring|summer"
    r"|autumn|winter"
    r"|o'clock|half past|quarter (?:past|to)|christmas|easter|daily|weekly|monthly|ago)\b"
    r"|\b\d{1,2}:\d\d\b|\b\d{1,2} ?(?:am|pm)\b|\b(?:19|20)\d\d\b|\b\d{1,2}[./]\d{1,2}\b"
    r"|\b(?:at|around|about|by|until|from|since|before|after) (?:one|two|three|four|five|six|seven|eight"
    r"|nine|ten|eleven|twelve|\d{1,2})\b|\b\d+(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|on|near|from|to|under|behind|inside|by|beside|into|above|below|between|next to|around"
    r"|outside|for|address"
    r"|opposite|along|across|through|via|number)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[$€£¥]|\b\d[\d.,]*k?\b.*\b(?:euros?|dollars?|pounds?|bucks|usd|eur|gbp|francs?|crowns|yen|rupees|a "
    r"(?:month|year|week))\b|\bfree\b"
    r"|\b\d[\d.,]+\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:years?|months?|weeks?)[ -]old\b|\b(?:am|is|are|turn\w*|aged?|be) (?:\w+ )?(?:\d+"
    r"|\w+ty(?:-\w+)?|\w+teen|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b|\bborn\b",
    re.I,
)
_REASON = re.compile(r"\b(?:because|since|so that|due to|in order|reason|to \w+|as i|for)\b", re.IGNORECASE)

_MAKE = re.compile(r"(?<!^)\b[A-Z]|\d|^[^A-Z]*$")

_OFTEN = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|yearly|annually|once|twice|times?|always|never|usually|seldom|rarely"
    r"|often|per|a (?:day|week|month|year)|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b",
    re.IGNORECASE,
)

CUES = {
    "make": _MAKE,
    "often": _OFTEN,
    "time": _TIME,
    "place": _PLACE,
    "count": _NUMBER,
    "money": _MONEY,
    "age": _AGE,
    "reason": _REASON,
}

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (
            r"\b(?:do|does|did) (i|my \w+(?: \w+)?|we) do (?:for a living|for work|professionally)",
            r"is \1's job",
        ),
        (
            r"\bwhat (?:do|does) (i|we|my \w+|[A-Z]\w+) do\b(?! (?:on|in|at|to|with|for|about|every|after"
            r"|before|during|when))",
            r"what is \1's job",
        ),
        (r"\bfor a living\b", "job"),
        (r"\bmake (?:a|my) living\b", "job"),
        (r"\bgoes by\b", "is called"),
        (r"\bwho am i\b(?=\W*$)", "what is my name"),
        (r"\bgo(?:es|ing)? for a (\w+)\b", r"go \1"),
        (r"\bwhere (.+) from\b", r"where \1 origin"),
        (r"\bwhat time\b", "when"),
        (r"\bwhat (?:date|day)\b|\bwhich (?:date|day|days|month|year)\b", "when"),
        (r"\bwhat (?:colou?r)\b", "which colour"),
    )
)
_ASIDE = re.compile(
    r"\b(?:(?:can|could|would|will) you |please |do you (?:still |happen to )?|i(?:'d| would) like to |i want(?:ed)? "
    r"to |hey,? |hi,? |ok(?:ay)?,? )*"
    r"(?:tell me|remind me|remember|recall|know|give me|show me)\b(?: again)?(?: of| about)?(?: that)?|\bi forgot\b|\bby "
    r"the way\b|\bagain\b"
    r"|\bagain\?|\bif you (?:remember|recall)\b|\bany idea\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\b([\w'-]+) or (?:an? |the |to |my |in |with )?([\w'-]+)", re.IGNORECASE)
_DOES = re.compile(
    r"\b(?:do|did|can|could|should|will|have|must|does) (?:i|we|(?:(?:my|our|the) )?[\w'-]+) (?:have to |need to |get to )?(\w+)",
    re.IGNORECASE,
)
_POSSESSED = re.compile(r"(?:'s (?=\w+\W*$)|\b(?=favou?rite\b))(\w+)", re.IGNORECASE)
_WORD = re.compile(r"[\w'-]+")
_NAME = re.compile(r"\b(?:named?|names|called|call)\b", re.IGNORECASE)
_WHICH = re.compile(
    r"\b(?:what|which)(?:'s)?\s+((?:[\w'-]+\s+){1,4}?)(?=(?:do|does|did|am|is|are|was|were|should|have"
    r"|has|had|can|will|would|shall|could)\b)",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:used to|before|formerly|previously|back then|originally|first|old)\b", re.IGNORECASE
)
_OF_ASSISTANT = re.compile(
    r"\b(?:did|have|had|were|do|was it|what) you (?:just |ever |already )?(?:say|said|tell|told"
    r"|recommend\w*|suggest\w*|advise\w*|mention\w*|propose\w*|answer\w*|explain\w*|write|wrote|give"
    r"|given|gave)\b|\byour (?:advice|answer|suggestion|recommendation|last)\b",
    re.I,
)
_MANY = re.compile(
    r"\b(?:what|which) (?:\w+ )?\w+[^s\W]s (?:do|are|have|did)\b|\b(?:what|which|who) are (?:my|our|all)\b|\ball (?:of )?(?:my|our)\b",
    re.IGNORECASE,
)
_USER = re.compile(r"\b(?:i|i'm|me|my|we|us|our)\b", re.IGNORECASE)
_NOW = re.compile(r"\b(?:these days|at the moment|right now|at present|nowadays)\b", re.IGNORECASE)
_SELF = re.compile(
    r"\b(?:do|did|am|was|were|have|had|should|can|could|will|would|are|must|shall) (?:i|we)\b|\bi(?:'m| "
    r"am)\b|\b(?:i|we)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, taken apart."""

    text: str
    wants: str
    """name, person, time, place, count, money, age, make, often, reason, or empty."""
    terms: tuple[tuple[str, float], ...]
    """Stems it is about, each with how much it matters."""
    of_self: bool
    """Whether it is about what the user is or does, rather than about a thing of theirs."""
    of_user: bool
    """Whether it names nothing but the user: "What is my name?"."""
    of_assistant: bool
    past: bool
    many: bool
    """Whether it asks for several things: "What pets do I have?"."""
    choice: bool
    """Whether it is answered by yes or no, or by one of what it names."""
    others: frozenset[str]
    """Stems it names as alternatives: "tea or coffee"."""
    does: str
    """The stem of what is done in it, "spend" in "How much can I spend?", or had: "job" in "my brother's job"."""
    pairs: tuple[tuple[str, str], ...]
    """Neighbouring stems, one telling which the other is: "production server"."""
    kinds: frozenset[str]
    """Stems of the kind asked for: "which colour" asks for a colour."""


def understand(message: str) -> Question:
    """Takes a question apart."""
    text = " ".join(message.replace("’", "'")[:2_000].split())
    text = _NOW.sub(" ", _ASIDE.sub(" ", text))
    wants = _wants(text)
    done = _DOES.search(text) or _POSSESSED.search(text)
    for pattern, instead in _REWRITES:
        text = pattern.sub(instead, text)
    for phrase, word in PHRASES:
        text = phrase.sub(word, text)
    wants = wants or _wants(text)
    of_assistant = bool(_OF_ASSISTANT.search(text))
    kinds: set[str] = set()
    if match := _WHICH.search(text):
        kinds.update(stems(match.group(1)))
    my = re.search(r"\b(?:my|our)\b", text, re.IGNORECASE)
    self_ = _SELF.search(text)
    of_self = bool(self_) and not (my and self_ and my.start() < self_.start())
    asks = words(text)
    choice = bool(asks) and not any(word.partition("'")[0] in QUESTION_WORDS for word in asks)
    # "Is my dog called Rex?" is about the dog; Rex is only what is supposed.
    supposed = (
        frozenset(stems(" ".join(re.findall(r"(?<!^)\b[A-Z]\w+", text)))) if choice and my else frozenset()
    )
    weights: dict[str, float] = {}
    for word in stems(text):
        if word in _FILLERS or (wants and word in _CARRIED.get(wants, ())):
            continue
        if word in kinds:
            weight = 0.25 if of_self else 0.5
        elif word in LIGHT:
            weight = 0.25
        elif (
            word in RELATIONS
            or any(likeness(word, relation) >= 0.9 for relation in ("call", "liv", "job"))
            or word in supposed
        ):
            weight = 0.4
        else:
            weight = 1.0
        weights[word] = max(weights.get(word, 0.0), weight)
    return Question(
        text=text.strip(),
        wants=wants,
        terms=tuple(weights.items()),
        of_self=of_self,
        of_user=not weights and bool(_USER.search(text)),
        of_assistant=of_assistant,
        many=bool(_MANY.search(text)),
        past=bool(_BEFORE.search(text)),
        choice=choice,
        others=frozenset(found for match in _OR.finditer(text) for found in stems(" ".join(match.groups()))),
        does=stem(done[1].lower()) if done else "",
        pairs=tuple(pairs_of(text)),
        kinds=frozenset(kinds),
    )


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The stems of words that follow each other with nothing between but a space."""
    tokens = [(match.group().lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
    return [
        (stem(one.removesuffix("'s")), stem(other.removesuffix("'s")))
        for (one, _, end), (other, start, _) in itertools.pairwise(tokens)
        if start == end + 1 and one not in STOP_WORDS and other not in STOP_WORDS
    ]


_FILLERS = QUESTION_WORDS | frozenset(
    stem(word)
    for word in word_set(
        """best better currently current nowadays exact exactly usually normally generally typically often recently lately
        always present moment still yet ever again"""
    )
)
_CARRIED = {
    "name": frozenset(stem(word) for word in ["name", "called", "call", "named", "names"]),
    "age": word_set("age old ag"),
    "money": frozenset(
        stem(word) for word in word_set("much cost price pay paid expensive spend spent charge money")
    ),
    "count": word_set("mani much number count"),
    "time": word_set("tim dat day"),
    "place": frozenset(("plac", "address")),
    "reason": frozenset(("reason",)),
    "make": frozenset(stem(word) for word in word_set("brand make model")),
}


def _wants(text: str) -> str:
    low = text.lower()
    if (
        _NAME.search(low)
        and not re.search(r"\bdid (?:i|you) (?:call|name)\b", low)
        and not re.search(r"\bwhen\b|\bcall (?:him|her|them|at)\b", low)
    ):
        return "name"
    if re.search(r"\bhow old\b|\b(?:my|'s) age\b|\bage of\b", low):
        return "age"
    if re.search(
        r"\bhow much (?:money|did|does|do|is|was|will|are|were)\b(?!.*\bweigh)|\bhow much\b.*\b(?:pay"
        r"|paid|cost|spen[dt]|earn|owe)\b|\b(?:price|cost) of\b|\bhow expensive\b|\bwhat .*\b(?:cost"
        r"|price|pay|paid)\b",
        low,
    ):
        return "money"
    if re.search(r"\bhow (?:often|frequently|regularly)\b", low):
        return "often"
    if re.search(
        r"\bhow (?:many|much|long|far|tall|big|high|heavy|large|fast)\b|\bwhat number\b|\bnumber of\b",
        low,
    ):
        return "count"
    if re.search(
        r"\bwhen(?:'s)?\b|\bwhat time\b|\b(?:what|which) (?:date|day|days|month|year)\b|\bwhat(?:'s| is) "
        r"the (?:date|day|time)\b|\bhow soon\b",
        low,
    ):
        return "time"
    if re.search(
        r"\bwhere(?:'s|abouts)?\b|\b(?:what|which) (?:city|town|country|place|village|street)\b"
        r"|(?<!mail )(?<!ip )(?<!web )\baddress\b",
        low,
    ):
        return "place"
    if re.search(r"\bwho(?:'s|m|se)?\b", low):
        return "person"
    if re.search(r"\b(?:what|which) (?:brand|make|model)\b", low):
        return "make"
    if re.search(r"\bwhy\b", low):
        return "reason"
    return ""
