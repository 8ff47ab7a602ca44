"""Which two questions does one sentence ask, as in "Which pet do I have, and what is it called?"?"""

from __future__ import annotations

import re

from ..text import is_question, sentences, words
from .opener import without_preface

_TWO = re.compile(
    r"(?P<first>.{4,200}?),? and (?P<last>(?:what|where|when|who|how|which|why|is|are|was|were|does|do|did|has|have)"
    r"(?:'s|'re)?\b.{0,200})",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|she|he|they|her|him|them|its|his|their)\b", re.IGNORECASE)
_OF = re.compile(r"\b(?:its|his|their)\b|\bher(?= \w)", re.IGNORECASE)
_THING = re.compile(
    r"\b(?:my|our) (?P<mine>[\w-]+)"
    r"|\b(?:which|what)(?: (?:kind|sort|type|breed) of)? (?!(?:is|are|was|were|do|does|did|have|has|'s)\b)"
    r"(?:[\w-]+ ){0,2}?(?P<which>[\w-]+) (?:do|does|did|have|has|am|are|is|was|were) "
    r"|\b(?:have|got|own|keep) (?:an?|any) (?P<had>[\w-]+)",
    re.IGNORECASE,
)


def two_questions(message: str) -> tuple[str, str] | None:
    """Both questions of a message's last one, the second with its pronoun replaced by what the first is about."""
    asked = [sentence for sentence in sentences(message[:2_000]) if is_question(sentence)]
    match = _TWO.match(without_preface(asked[-1]).replace("’", "'")) if asked else None
    if not match or not is_question(match["first"]) or not (it := _IT.search(match["last"])):
        return None
    thing = _THING.search(match["first"])
    if not thing:
        return None
    about = f"my {(thing['mine'] or thing['which'] or thing['had']).lower()}"
    of = _OF.match(match["last"], it.start())
    last = match["last"][: it.start()] + (f"{about}'s" if of else about) + match["last"][it.end() :]
    return (match["first"] + "?", last) if words(last) else None
