"""Which earlier fact did a message put an end to, where no rule could tell? Judged by likeness, words and turns of phrase.

A logistic regression over few features, each of which can be named; `succession_weights.py` holds what it learned. It is
asked beside the rules, and is set so that it rather keeps an old fact than retires a true one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..services.llm.facts_moods import STILL, mood_of
from ..services.llm.facts_slips import kind_of
from ..services.llm.facts_themes import days_of, places_of, stated_themes, themes_of
from ..services.llm.facts_topic import (
    ANY_NUMBER,
    Topic,
    amounts_differ,
    base_of,
    denies,
    lines_of,
    named_in,
    rivalling,
    stems_of_names,
    telling_stems,
    whose,
)
from ..services.llm.facts_turns import CHANGING, FIRST_PERSON, happened, lasts, remarks, turns
from ..services.llm.vocabulary import ONE
from ..services.text import stem, words
from .passages import passages
from .succession_weights import LEAST, WEIGHTS

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

LEARNED: Final = frozenset(("wordllama:l2_supercat_256", "minilm:l6_v2_int8"))
"""Embedders whose cosines the weights were learned with; with others likeness in meaning does not count."""

APART: Final = 0.25
"""How much likelier in meaning than any other a fact must be, of which the message has no word and no theme."""

LONG: Final = 60
"""Words of a message from which on it is simply long."""

MOST: Final = 2
"""How many facts one message may close in this way."""

SURE: Final = 0.75
"""How likely the second of them must be over."""

SPELT: Final = 0.7
"""How like two names are spelt of which one is a slip of the other."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact and its vector, a unit vector or zeros."""

    topic: Topic
    vector: Numbers


@dataclass(frozen=True, slots=True)
class Nearness:
    """How like the new facts each earlier one is, which of them it is likest, and how far it stands out."""

    like: Numbers
    whole: Numbers
    nearest: list[int]
    lead: Numbers
    of_things: bool
    """Whether all that is new is about a thing, and nothing about the user."""


def nearness(new: Sequence[Told], old: Sequence[Told]) -> Nearness:
    """The likeness in meaning of each earlier fact to the new ones."""
    import numpy as np

    size = max(len(one.vector) for one in (*new, *old))
    after, before = (
        np.stack([one.vector if len(one.vector) == size else np.zeros(size, np.float32) for one in some])
        for some in (new, old)
    )
    like = before @ after.T
    summed = after.sum(axis=0)
    best = like.max(axis=1)
    ranked = np.sort(best)
    second = ranked[-2] if len(ranked) > 1 else 0.0
    others = np.where(best < ranked[-1], ranked[-1], second)
    return Nearness(
        best,
        before @ (summed / (float(np.linalg.norm(summed)) or 1.0)),
        [int(place) for place in like.argmax(axis=1)],
        np.clip(best - others, -0.5, 0.5),
        all(
            _OF_A_THING.match(one.topic.content) and not FIRST_PERSON.search(one.topic.content) for one in new
        ),
    )


def features(
    message: str, new: Sequence[Told], old: Sequence[Told], near: Nearness
) -> list[dict[str, float]]:
    """The features of each earlier fact beside what a message, or a passage of it, says."""
    cues = turns(message)
    cue = max(cues[name] for name in CHANGING)
    said, themes, names = telling_stems(message), themes_of(message), named_in(message)
    stated, places = stated_themes(message), places_of(message)
    speak_of = Counter(theme for one in old for theme in themes_of(one.topic.content) if theme in themes)
    use = Counter(word for one in old for word in telling_stems(one.topic.content) & said)
    long = min(len(words(message)), LONG) / LONG
    days = days_of(message)
    adds = float(STILL.search(message) is not None)
    mine = float(FIRST_PERSON.search(message) is not None)
    found = []
    for place, one in enumerate(old):
        told, then = one.topic, new[near.nearest[place]].topic
        before, of_it, called = telling_stems(told.content), themes_of(told.content), named_in(told.content)
        shared = said & before
        common = {name: min(count, of_it[name]) for name, count in themes.items() if name in of_it}
        if not called:  # "the kids are home" tells of no home
            common.pop("home", None)
        theme = float(bool(common))
        counted = [min(count, 2) / 2 for name, count in common.items() if name in ONE]
        only = max(counted, default=0.0)
        named, differ = float(bool(called & names)), float(bool(called - names and names - called))
        amount = float(amounts_differ(message, told.content) or _same_kind(names - called, called - names))
        rare = max((1 / use[word] for word in shared), default=0.0)
        alone = max((1 / speak_of[name] for name in common), default=0.0)
        lead = float(near.lead[place])
        covered = len(shared) / max(len(before), 1)
        elsewhere = places_of(told.content)
        strong = float(
            bool(
                ({*common} | _WITHOUT)
                & stated
                & (stated_themes(told.content) | _OF_SLOT.get(base_of(told.slot), _NONE))
            )
        )
        planned = float(told.effect == "adds" and _planned(told.content))
        slots = [base_of(topic.slot) for topic in (then, told)]
        rivals = float(rivalling(said - shared, before - shared))
        moved = float(bool(elsewhere and places and not elsewhere & places))
        found.append(
            {
                "like": float(near.like[place]),
                "whole": float(near.whole[place]),
                "lead": lead,
                "lead cue": lead * cue,
                "lead theme": lead * theme,
                "alone": alone,
                "alone cue": alone * cue,
                "rare": rare,
                "rare cue": rare * cue,
                "covered": covered,
                "covered cue": covered * cue,
                "same names": float(bool(called) and called <= names),
                "again": float(cues["ended"] == 0 and not names - called and covered >= 0.5),
                "shared": min(len(shared), 2) / 2,
                "named": named,
                "differ": differ,
                "theme": theme,
                "themes": len(common) / max(len(of_it), 1),
                "apart": float(bool(themes and of_it and not common)),
                "one": only,
                "one ended": only * cues["ended"],
                "one begun": only * cues["begun"],
                "one now": only * cues["now"],
                "one alone": only * alone,
                "one mine": only * mine,
                "places": moved,
                "places cue": moved * cue,
                "places one": moved * float("home" in common),
                "stated": strong,
                "stated ended": strong * cues["ended"],
                "stated begun": strong * cues["begun"],
                "stated now": strong * cues["now"],
                "ended": cues["ended"],
                "begun": cues["begun"],
                "now": cues["now"],
                "mended": cues["mended"],
                "stays": cues["stays"],
                "others": cues["others"],
                "mine": mine,
                "cues": cues["ended"] + cues["begun"] + cues["now"],
                "long": long,
                "theme ended": theme * cues["ended"],
                "theme begun": theme * cues["begun"],
                "theme now": theme * cues["now"],
                "like cue": float(near.like[place]) * cue,
                "named ended": named * cues["ended"],
                "shared ended": min(len(shared), 1) * cues["ended"],
                "shared cue": min(len(shared), 1) * cue,
                "shared differ": min(len(shared), 1) * differ,
                "shared amount": min(len(shared), 1) * amount,
                "amount": amount,
                "plan": planned,
                "plan rare": planned * rare,
                "other line": float(lines_of(told.content) != lines_of(message)),
                "home apart": float(
                    base_of(told.slot) in _OF_SLOT and not _OF_SLOT[base_of(told.slot)] & {*themes}
                ),
                "only names": float(bool(shared) and shared <= stems_of_names(told.content)),
                "rivals": rivals,
                "rivals cue": rivals * cue,
                "many": float(bool(before & _MANY)),
                "adds": adds,
                "days apart": float(
                    bool(days and (then_days := days_of(told.content)) and not days & then_days)
                ),
                "spelt": float(_spelt(names - called, called - names)),
                "of things": float(near.of_things),
                "of another": float((told.subject or "user") != "user"),
                "by another": float(_apart(then, told)),
                "event": float(happened(then.content) or lasts(then.content)),
                "remark": float(remarks(told.content) and "style" not in of_it),
                "lasts": float(lasts(told.content) or happened(told.content)),
                "denied before": float(denies(told.content)),
                "denied now": float(denies(message)),
                "slot": float(bool(slots[0] and slots[0] == slots[1])),
                "slots apart": float(bool(slots[0] and slots[1] and slots[0] != slots[1])),
            }
        )
    return found


_NONE: Final = frozenset[str]()
_OF_SLOT: Final = {
    "user/home": frozenset(("home",)),
    "user/job": frozenset(("work",)),
    "user/relationship": frozenset(("partner",)),
    "user/name": frozenset(("name",)),
}
_MANY: Final = ANY_NUMBER | {
    stem(word) for word in ("son", "daughter", "sister", "brother", "cousin", "aunt", "uncle")
}
_WITHOUT: Final = frozenset(("work", "partner", "name"))


@lru_cache(maxsize=4096)
def _planned(content: str) -> bool:
    return mood_of(content) == "plan"


_OF_A_THING: Final = re.compile(r"(?:the|this|that|these|those|an?) ", re.IGNORECASE)


def _apart(then: Topic, told: Topic) -> bool:
    """Whether what is new is about somebody else than what was told before."""
    return whose(then.subject) != whose(told.subject)


def ended(message: str, new: Sequence[Told], old: Sequence[Told]) -> dict[int, int]:
    """Which of the earlier facts no longer hold, and which of the new ones took the place of each."""
    if not new or not old:
        return {}
    near = nearness(new, old)
    best = [0.0] * len(old)
    spoken_of = [False] * len(old)
    for passage in passages(message):
        for place, given in enumerate(features(passage, new, old, near)):
            if may_end(given):
                best[place] = max(best[place], probability(given))
                spoken_of[place] |= bool(given["rare"] or given["named"])
    likely = sorted(((chance, place) for place, chance in enumerate(best)), reverse=True)[:MOST]
    return {
        place: near.nearest[place]
        for number, (chance, place) in enumerate(likely)
        if chance >= (SURE if number else LEAST) and (number == 0 or spoken_of[place])
    }


def may_end(given: dict[str, float]) -> bool:
    """Whether a passage tells of a change and has anything in common with an earlier fact that can end."""
    if not any(given[name] for name in CHANGING) and not (given["one"] and given["amount"]):
        return False
    if given["slots apart"] or given["remark"] or (given["lasts"] and not given["mended"]):
        return False
    over = given["ended"] or given["mended"]
    if given["event"] and not over:
        return False
    any_number = given["many"] and not (given["one"] or given["rare"] or given["named"])
    if (given["adds"] or any_number) and not over:
        return False
    if given["mended"] and (given["amount"] or given["spelt"]):
        return True
    if given["of another"] and given["mended"] and not (given["cues"] or given["rivals"]):
        return given["shared"] == 1.0  # "sorry! don't tell my wife" puts nothing right about her
    if given["other line"] or (given["only names"] and (given["home apart"] or given["apart"])):
        return False  # to have been in Oban ends nothing else that is there
    if given["days apart"] and not given["rare"]:
        return False
    if given["of things"] and not (given["rare"] or given["named"]):
        return False
    return bool(
        given["theme"] or given["rare"] or given["named"] or given["places"] or given["lead"] >= APART
    )


def probability(given: dict[str, float]) -> float:
    """How likely an earlier fact is the one that ended."""
    total = WEIGHTS["always"] + sum(WEIGHTS[name] * value for name, value in given.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _spelt(fresh: set[str], stale: set[str]) -> bool:
    """Whether a name that is new is nearly spelt as one that was said before."""
    return any(
        one[:1].isalpha() and SequenceMatcher(None, one, other).ratio() >= SPELT
        for one in fresh
        for other in stale
    )


def _same_kind(fresh: set[str], stale: set[str]) -> bool:
    """Whether what is named now and what was named before are values of one kind: two dates, two numbers."""
    kinds = [
        {kind_of(value) for value in values if re.search(r"\d", value)} - {None} for values in (fresh, stale)
    ]
    return bool(kinds[0] & kinds[1])
