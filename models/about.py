"""About whom does a message tell that something changed, and whose earlier facts may that end?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..services import Fact
from ..services.llm.facts import earnest
from ..services.llm.facts_moods import STILL
from ..services.llm.facts_states import WISH
from ..services.llm.facts_topic import Topic, named_in, owner_in, whose
from ..services.llm.facts_turns import FIRST_PERSON, happened_to, turns, unchanged
from ..services.llm.facts_who import PEOPLE, SOMEONE
from ..services.llm.facts_words import ONLY
from ..services.text import words

USER: Final = "user"
_TO_US: Final = re.compile(r"\b(?:i|we|me|(?<!help )(?<!of )(?<!between )us)\b", re.IGNORECASE)
_PLEASE: Final = re.compile(r"\b(?:please|pls|plz)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Side:
    """What a message says of one person, which of its facts tell it, and which turns of phrase are in it."""

    who: str
    said: str
    telling: list[int]
    cues: dict[str, float]
    names: frozenset[str] = frozenset()
    """By which names it calls that person, where it does."""

    def may_end(self, told: Topic) -> bool:
        """Whether an earlier fact is one of this person's, or of somebody whom they have one of or name."""
        whose = (told.subject or USER).split(":")
        owner = owner_in(told.content)
        if self.who != USER:
            return whose[0] == self.who and (len(whose) == 1 or not self.names or whose[1] in self.names)
        if whose[0] == USER or (whose[0] in ONLY and len(whose) == 1) or self.cues["mended"]:
            return owner is None or owner in words(self.said.replace("'s", ""))
        if whose[0] == SOMEONE or happened_to(told.content):
            return False
        named = {word.removesuffix("'s") for word in words(self.said)}
        return bool({*whose, *named_in(told.content)} & named)


def sides(message: str, told: Sequence[Fact]) -> list[Side]:
    """What a message tells of the user, and of each other person, that may end an earlier fact."""
    said = _of_the_user(message, told)
    cues = turns(said)
    found = [Side(USER, said, [place for place, fact in enumerate(told) if _may_tell(fact, cues)], cues)]
    for who in {whose(fact.subject) for fact in told if _of_others(fact)} - {SOMEONE}:
        of_them = [place for place, fact in enumerate(told) if whose(fact.subject) == who and _tells(fact)]
        theirs = " ".join(told[place].content for place in of_them)
        names = frozenset(
            name for place in of_them for name in (told[place].subject or "").split(":")[1:] if name
        )
        found.append(Side(who, theirs, of_them, turns(theirs), names))
    return [side for side in found if side.telling and not side.cues["both"]]


def _of_the_user(message: str, told: Sequence[Fact]) -> str:
    """What a message says in earnest of the user: without what is of others, only planned, or so for a while."""
    said, mended = earnest(message), turns(message)["mended"]
    for fact in told:
        aside = _of_others(fact) and not _TO_US.search(fact.content) and not mended
        if fact.content_type in ("plan", "state") or unchanged(fact.content) or aside:
            said = _without(said, fact.content[:-1])
    return said


def _without(said: str, clause: str) -> str:
    """A message without a clause, whose subject may stand further up in it: "my brother lives in Oslo and is a cook"."""
    while len(clause.split()) > 1:
        rest, found = re.subn(re.escape(clause), " ", said, flags=re.IGNORECASE)
        if found:
            return rest
        clause = clause.split(maxsplit=1)[1]
    return said


def _may_tell(fact: Fact, cues: dict[str, float]) -> bool:
    if cues["mended"] or not _tells(fact):
        return _tells(fact)
    if _of_others(fact):  # "they put me in the office"
        return _TO_US.search(fact.content) is not None
    return not cues["others"] or FIRST_PERSON.search(fact.content) is not None


def _tells(fact: Fact) -> bool:
    if fact.content_type != "fact" or STILL.search(fact.content) or unchanged(fact.content):
        return False
    return not _PLEASE.search(fact.content) or WISH.search(fact.content) is not None


def _of_others(fact: Fact) -> bool:
    return whose(fact.subject) in PEOPLE or whose(fact.subject) == SOMEONE or ":" in (fact.subject or "")
