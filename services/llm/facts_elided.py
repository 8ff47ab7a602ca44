"""Which things does one clause tell of one person, who is named only once: "I work as a nurse and live in Leeds"?"""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = (
    r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|no|my|our|the|his|her|their|several|some|\d+)\b"
)
_IN: Final = r"(?:in|at|on|near|with|by|outside|alone|next|just|here|there|from|above|behind|between|close)\b"
_AS: Final = r"(?:as|at|in|for|from|with|on|part|full|night|nights|days|shifts|remotely|weekends|freelance)\b"
_DONE: Final = (
    r"(?:(?:just|recently|finally|then|also|even|already|now) )?(?:moved|started|quit|left|bought|sold|adopted|got|retired|became|joined|married|switched"
    r"|stopped|gave|began|took|lost|changed|rented|graduated|resigned|was|were|had)\b"
)
_SAYS_I: Final = (
    rf"(?:work {_AS}|live {_IN}|have {_NUMBER}|drive {_NUMBER}|own {_NUMBER}|keep {_NUMBER}|rent {_NUMBER}|share {_NUMBER}"
    r"|(?:study|teach|speak|play|collect|love|like|hate|prefer|enjoy|adore|dislike|run|sing|paint|volunteer|can't stand|am|don't|never) (?!and\b|or\b)\w)"
)
_SAYS_THEY: Final = (
    rf"(?:works {_AS}|lives {_IN}|has {_NUMBER}|drives {_NUMBER}|owns {_NUMBER}|keeps {_NUMBER}|rents {_NUMBER}|shares {_NUMBER}"
    r"|(?:studies|teaches|speaks|plays|collects|loves|likes|hates|prefers|enjoys|adores|dislikes|runs|sings|paints|is|doesn't|never) (?!and\b|or\b)\w)"
)
_FIRST: Final = re.compile(r"(?P<who>i|we)(?=(?:'m|'re)? )", re.IGNORECASE)
_SURE: Final = r"(?:is|was|has|had|got|left|became|works|lives|drives|owns|plays|studies|teaches|speaks|loves|likes|hates)"
_THIRD: Final = re.compile(
    r"(?!(?:nobody|no-?one|none|nothing|neither|either|every(?:one|body|thing)|each|any(?:one|body|thing)|who(?:ever)?|what|which|where|when|why|how)\b)"
    r"(?P<who>(?:my|our) (?:[a-z]+ ){0,2}?[a-z-]+(?: (?-i:[A-Z])[\w-]+)?|he|she|(?-i:[A-Z])[\w-]+) "
    rf"(?=(?-i:{_SURE}\b|(?![a-z]+ {_SURE}\b)(?![a-z]+ss\b)[a-z]+(?:s|ed)\b))",
    re.IGNORECASE,
)
_AND: Final = r"(?:,? and (?:also |now |currently )?|, (?:and )?)"
_NEXT_I: Final = re.compile(rf"{_AND}(?={_SAYS_I}|{_DONE})", re.IGNORECASE)
_NEXT_THEY: Final = re.compile(rf"{_AND}(?={_SAYS_THEY}|{_DONE})", re.IGNORECASE)
_OTHER: Final = re.compile(
    r"\b(?:who|whom|whose|that|which|where|when|if|whether|because|will|would|could|can|should|might|may|must|let|lets|make|makes|used|going|wish|hope|want|not|never)\b"
    r"|'ll\b|'d\b|n't\b|\bto (?!(?:the|an?|my|our|his|her|their|work|school|church|town|me|us)\b)(?-i:[a-z])|\b(?:i|we|you|he|she|they|it)\b",
    re.IGNORECASE,
)
"""What makes the verb behind it somebody else's, or not what is so: "friends who live in Bonn and work at Bayer"."""
_HARDLY: Final = re.compile(
    r"(?:'m|'re| am| are| is| was| were)? (?:really |also |just )?(?:no longer (?!married|single|engaged|with\b)|neither|rarely|seldom|hardly|barely|scarcely|almost|nearly|"
    r"supposedly|allegedly|reportedly|pretend(?:s|ed)?|imagined? (?!that))",
    re.IGNORECASE,
)
"""What holds for both halves, though it stands in the first alone: "I rarely drink and drive"."""
_OF_ANOTHER: Final = re.compile(
    r"\b(?:say|says|said|think|thinks|thought|know|knows|knew|hear|hears|heard|believe|believes|believed|guess|guesses|guessed|suppose|supposes|supposed"
    r"|assume|assumes|assumed|claim|claims|claimed|suspect|suspects|suspected|feel|feels|felt|see|sees|saw|watch|watches|watched|notice|notices|noticed"
    r"|help|helps|helped|tell|tells|told|dream|dreams|dreamed|dreamt|remember|remembers|remembered|swear|swears|swore|mention|mentions|mentioned"
    r"|found out|insist|insists|insisted|admit|admits|admitted|fear|fears|feared"
    r"|(?:had|have|has)(?= \w+ \w+ (?:run|play|sing|paint|work|live|drive|study|teach|speak)\b)) "
    r"(?!(?:about|of|to|in|at|on|from|for|with|by|near|off|out|up|and|or)\b)",
    re.IGNORECASE,
)
"""What another's doing is told with: "I heard Bob quit and moved to Rome", "I help refugees study and work"."""


def told_apart(clause: str) -> list[str]:
    """What a clause tells of one person, each with the person named; the clause alone where it is one thing."""
    for opening, following in ((_FIRST, _NEXT_I), (_THIRD, _NEXT_THEY)):
        if match := opening.match(clause):
            return _parted(clause, match["who"], following)
    return [clause]


def _parted(clause: str, who: str, following: re.Pattern[str]) -> list[str]:
    parts, start = [], 0
    for found in following.finditer(clause):
        head = clause[start : found.start()]
        if len(head.split()) < 2:
            continue
        said = head[len(who) :] if start == 0 else f" {head}"
        if _OTHER.search(said) or _OF_ANOTHER.search(said) or _HARDLY.match(said):
            break  # so it is of all that follows
        parts.append(head)
        start = found.end()
    return [part if number == 0 else f"{who} {part}" for number, part in enumerate([*parts, clause[start:]])]
