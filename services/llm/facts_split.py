"""How is a message taken apart into clauses that each tell one thing, and what in it are somebody else's words?"""

from __future__ import annotations

import re
from typing import Final

from ..text import sentences
from .facts_elided import told_apart

_QUOTED: Final = re.compile(
    r"\"[^\"\n]{1,2000}\"|“[^”\n]{1,2000}”|«[^»\n]{1,2000}»|(?<!\w)‘[^’\n]{1,2000}’(?!\w)|(?:^|(?<=[\s:]))>[^<>\n]{3,2000}(?:<|$)",
    re.MULTILINE,
)
_MARK: Final = re.compile(r"(?P<open>(?<![\w'])'(?=[^\s']))|(?P<close>(?<=[^\s'])'(?![\w']))")
_SPEAKS: Final = re.compile(r"\b(?:i|i'm|my|we|our|we're|me|us|is|are|was)\b", re.IGNORECASE)
_SHORT: Final = 4
LONGEST: Final = 600
"""Characters of a sentence: what is longer is no statement, but a document or a heap of letters."""

_I: Final = r"(?:i|i'm|im|i've|ive|i'd|i'll|we|we're|we've|we'll|my|our)\b"
_THEY: Final = r"(?:he|she|they|it|it's|its|he's|she's|they're|there's|there is|his|her|their)\b"
_AND: Final = r",? (?:and|but|so|because|cause|although|though|plus|only that|whereas)"
_WHEN: Final = r"(?:(?:since|from|in|on|last|this|after|before|these) [\w'-]+,? )?"
_BREAK: Final = re.compile(
    rf"\s*;\s+|(?<=[a-z]):\s+(?={_I})|\s[-–—]+\s|—|{_AND}(?: now| then| also| yes| yeah)*,? (?={_WHEN}(?:{_I}|{_THEY}))|, (?:since|while|as) (?={_I})"
    rf"|, (?={_I}|{_THEY})|, (?:also|plus) |,? and (?=the [\w'-]+ (?:[\w'-]+ ){{0,2}}(?:is|are)\b)"
    r"|,? and (?=next \w+ )|,? and (?=(?:lactose|gluten|please)\b)|, (?=no (?!longer|more\b|wait|sorry|not)[a-z])"
    r"|, (?=(?:one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}) (?!till?\b|to\b|until\b|hours?|hrs|days?|weeks?|months?|times|minutes?|per|percent|mcg|mg|miles|euros?|pounds|dollars|and\b)[a-z]{3,} (?!lane|street|road|row|avenue))"
    r"|:\(|:\)| - |,? and (?=every \w+ (?:we|i)\b)|, (?=(?:already|hello|which means|the old)\b)|,? so (?=[\w ]{3,40} (?:please|pls)$)"
    r"|, (?=(?-i:[A-Z])[\w-]+ (?:went|is|are|was|has|died|left|came|moved|got)\b)",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(
    r",? (?:and |but |so )?(?=(?:what|where|when|who|how|which|can|could|do|does|should|would|will|is|are|any|shall|did)\b)",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(
    r"^((?:(?:me|myself) and )?(?:my|our) [\w-]+(?: (?-i:[A-Z])[\w-]+)?|(?-i:[A-Z])[\w-]+) and (i|me)\b",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"^(?P<name>(?-i:[A-Z])[\w-]+), (?P<whose>(?:my|our) [\w-]+),? (?!and\b)(?=\w)", re.IGNORECASE
)
"""Somebody with what they are to the user beside: "Shirin, my wife, is a pilot"."""
_OPENED: Final = re.compile(
    r"^(?:(?:i (?:forgot|should|have|wanted|meant) to (?:mention|say|add|tell you|note)|did i mention|as i (?:said|mentioned|told you)|like i said"
    r"|i told you|guess what|heads up|ok so|so+|well|oh|hey|hi|hello|yep|yeah|yes|ugh|ok|okay|ha|haha|hm+|no wait|wait|actually|anyway|btw"
    r"|remember(?: that)?(?= i)|don't laugh but|bad news|good news|big news|fun fact|honestly|who would have thought(?: it)?|believe it or not|would you believe(?: it)?|you won't believe (?:it|this)|long story short|weird thing happened[\w ]*|funny thing)[,.!:… ]+(?:that )?)+(?=\w)",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(
    r"^(?:update|news|big news|good news|context[\w ]*|setup|btw|fyi|also|note|edit|ps|p\.s\.|oh|remind yourself|bit about me"
    r"[\w ]*|about me|for the record|something different[\w ]*|for [\w ]{2,40}|signature again|background|quick update)\s*:\s+",
    re.IGNORECASE,
)
_GUESSED: Final = re.compile(
    r"^guess who(?:'s| is) (?=.*\b(?:now|these days|since|as of|again|finally)\b)(?P<rest>[^?]*)\?*$",
    re.IGNORECASE,
)
_FIXED: Final = tuple(
    (re.compile(rf"\b{wrong}\b", re.IGNORECASE), right)
    for wrong, right in (
        ("im", "I'm"), ("ive", "I've"), ("dont", "don't"), ("doesnt", "doesn't"), ("isnt", "isn't"), ("cant", "can't"),
        ("didnt", "didn't"), ("wont", "won't"), ("thats", "that's"), ("hes", "he's"), ("shes", "she's"),
        ("arent", "aren't"), ("wasnt", "wasn't"), ("havent", "haven't"), ("fav", "favourite"), ("favorite", "favourite"),
        ("fave", "favourite"),
    )
)  # fmt: skip


def own_words(message: str) -> str:
    """A message without what it quotes: a line of a film, a pasted mail, a sentence to translate."""
    return _single(_QUOTED.sub(_unquoted, message)).replace("’", "'")


def _single(message: str) -> str:
    """A text without what stands between single quotation marks, which an apostrophe is not."""
    kept: list[str] = []
    start, opening = 0, -1
    for mark in _MARK.finditer(message):
        if mark["open"] and opening < 0:
            opening = mark.start()
        elif mark["close"] and opening >= 0:
            kept += [message[start:opening], _stripped(message[opening : mark.end()])]
            start, opening = mark.end(), -1
    return "".join([*kept, message[start:]])


def _unquoted(match: re.Match[str]) -> str:
    return _stripped(match.group())


_SOFTENED: Final = frozenset(
    (
        "let me go",
        "let us go",
        "let go",
        "released me",
        "made me redundant",
        "retired me",
        "moved me on",
        "freed me up",
    )
)
"""What people put in quotation marks because it is no word of theirs, and true nonetheless."""


def _stripped(quoted: str) -> str:
    # A name or a title in quotation marks is the user's own way of writing it.
    inside = quoted[1:-1]
    return (
        inside
        if inside.lower() in _SOFTENED
        else quoted
        if len(inside) < 80 and len(inside.split()) <= _SHORT and not _SPEAKS.search(inside)
        else " … "
    )


def sentences_of(message: str) -> list[str]:
    """The sentences of a message, with a smile after one kept in it."""
    smiling = re.sub(r"(?<![.!])([.!]++)\s*+([😂🤣😜😝🙃🤪]+)", r" \2\1", message)
    found = sentences(re.sub(r"(?<=\w's)\. (?=[A-Z])", ".\n", smiling))
    return [" ".join(sentence.split()) for sentence in found if len(sentence) <= LONGEST]


_LISTED: Final = re.compile(
    r", (?=(?:\d{1,3}(?= ?(?:,|\.|$|years? old|yo\b|y/o\b))|(?:\w+ly )?allergic|(?:mum|mom|dad|mother|father|gran|granny|grandma|grandpa|parent) (?:to|of)"
    r"|single|married|divorced|widowed|engaged|based in|living in|living with|from (?-i:[A-Z])|originally|born|vegan|vegetarian|coeliac|celiac|diabetic|asthmatic"
    r"|left-handed|right-handed|retired|self-employed|unemployed|(?:one|two|three|four|five|six|seven|eight|no|\d) (?:kids?|children|cats?|dogs?|sons?|daughters?|grandkids|grandchildren|siblings)\b"
    r"|hybrid(?=,|$)|remote(?=,|$)|(?:commute|drive|work|live|love|hate|play|study|teach|speak|sing|collect|keep|allergic|left-handed) \w))",
    re.IGNORECASE,
)
"""Where the next of several things begins that somebody says of themselves: "I'm a nurse, 29, allergic to birch"."""
_OF_ONESELF: Final = re.compile(
    r"^(?:(?:hi|hey|hello),? )?(?:i'm|im|i am|i|my|name's|car's) |^\d{1,3},|^[\w-]+,", re.IGNORECASE
)


def clauses_of(sentence: str) -> list[str]:
    """The parts of a sentence that each tell one thing."""
    parts = _clauses_of(sentence)
    return [found for part in parts for found in (_LISTED.split(part) if _OF_ONESELF.match(part) else [part])]


def _clauses_of(sentence: str) -> list[str]:
    line = _NAMED.sub(r"\g<whose> \g<name> ", _PAIR.sub("\\1\u00a0and\u00a0\\2", opened(sentence)))
    if line.endswith("?"):
        asked = list(_ASKED.finditer(line))
        head = (
            [line[: asked[-1].start()], line[asked[-1].end() :]]
            if asked and asked[-1].start() > 3
            else [line]
        )
        return [part for piece in head for found in _BREAK.split(piece) if (part := found.strip(" ,;:"))]
    return [one for found in _BREAK.split(line) if (part := found.strip(" ,;:")) for one in told_apart(part)]


def opened(sentence: str) -> str:
    """A sentence without what only opens it."""
    line = _OPENED.sub("", _ASIDE.sub("", _OPENED.sub("", sentence.strip())))
    return f"I'm {guessed['rest']}" if (guessed := _GUESSED.match(line)) else line


_POLITE: Final = re.compile(
    r",? if (?:you can|possible|you (?:don't )?mind|you (?:would|could)|you like|you please|that's (?:ok|okay|all right|fine))\b",
    re.IGNORECASE,
)


def plain(clause: str) -> str:
    """A clause as rules read it: with its apostrophes, and common short forms written out."""
    line = _POLITE.sub("", " ".join(clause.replace("’", "'").split()))
    for wrong, right in _FIXED:
        line = wrong.sub(right, line)
    return line.strip(" ,.;:!?")
