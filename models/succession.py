"""Which earlier fact did a message put an end to, where no rule could tell? Judged by likeness, words and turns of phrase.

A logistic regression over few features, each of which can be named; `succession_weights.py` holds what it learned. It is
asked only where the rules closed nothing, and is set so that it rather keeps an old fact than retires a true one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..services.llm.facts_slips import kind_of
from ..services.llm.facts_themes import stated_themes, themes_of
from ..services.llm.facts_topic import (
    ANY_NUMBER,
    Topic,
    amounts_differ,
    denies,
    named_in,
    rivalling,
    telling_stems,
)
from ..services.llm.facts_turns import FIRST_PERSON, turns
from ..services.text import words
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


@dataclass(frozen=True, slots=True)
class Told:
    """A fact and its vector, a unit vector or zeros."""

    topic: Topic
    vector: Numbers


def features(
    message: str, new: Sequence[Told], old: Sequence[Told]
) -> tuple[list[dict[str, float]], list[int]]:
    """The features of each earlier fact, and which of the new ones is likest it."""
    import numpy as np

    size = max(len(one.vector) for one in (*new, *old))
    after, before_all = (
        np.stack(
            [
                np.resize(one.vector, size) if len(one.vector) == size else np.zeros(size, np.float32)
                for one in some
            ]
        )
        for some in (new, old)
    )
    like = before_all @ after.T
    summed = after.sum(axis=0)
    whole = before_all @ (summed / (float(np.linalg.norm(summed)) or 1.0))
    nearest = like.argmax(axis=1)
    best = like.max(axis=1)
    ranked = np.sort(best)
    cues = turns(message)
    cue = max(cues["ended"], cues["begun"], cues["now"], cues["mended"])
    said, themes, names = telling_stems(message), themes_of(message), named_in(message)
    speak_of = Counter(theme for one in old for theme in themes_of(one.topic.content) & themes)
    use = Counter(word for one in old for word in telling_stems(one.topic.content) & said)
    long = min(len(words(message)), LONG) / LONG
    found = []
    for place, one in enumerate(old):
        told, then = one.topic, new[int(nearest[place])].topic
        before, of_it, called = telling_stems(told.content), themes_of(told.content), named_in(told.content)
        shared, common = said & before, themes & of_it
        if not called:  # "the kids are home" tells of no home
            common = common - _NAMED
        theme = float(bool(common))
        other = ranked[-1] if best[place] < ranked[-1] else (ranked[-2] if len(ranked) > 1 else 0.0)
        named, differ = float(bool(called & names)), float(bool(called - names and names - called))
        amount = float(amounts_differ(message, told.content) or _same_kind(names - called, called - names))
        rare = max((1 / use[word] for word in shared), default=0.0)
        alone = max((1 / speak_of[name] for name in common), default=0.0)
        lead = float(np.clip(best[place] - other, -0.5, 0.5))
        covered = len(shared) / max(len(before), 1)
        stated = (
            (common | _WITHOUT)
            & stated_themes(message)
            & (stated_themes(told.content) | _OF_SLOT.get(base_of(told), _NONE))
        )
        strong = float(bool(stated))
        slots = [base_of(topic) for topic in (then, told)]
        found.append(
            {
                "like": float(best[place]),
                "whole": float(whole[place]),
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
                "long": long,
                "theme ended": theme * cues["ended"],
                "theme begun": theme * cues["begun"],
                "theme now": theme * cues["now"],
                "like cue": float(best[place]) * cue,
                "named ended": named * cues["ended"],
                "shared ended": min(len(shared), 1) * cues["ended"],
                "shared cue": min(len(shared), 1) * cue,
                "shared differ": min(len(shared), 1) * differ,
                "shared amount": min(len(shared), 1) * amount,
                "amount": amount,
                "rivals": float(rivalling(said - shared, before - shared)),
                "many": float(bool(before & ANY_NUMBER)),
                "denied before": float(denies(told.content)),
                "denied now": float(denies(message)),
                "slot": float(bool(slots[0] and slots[0] == slots[1])),
                "slots apart": float(bool(slots[0] and slots[1] and slots[0] != slots[1])),
            }
        )
    return found, [int(place) for place in nearest]


_NONE: Final = frozenset[str]()
_OF_SLOT: Final = {
    "user/home": frozenset(("home",)),
    "user/job": frozenset(("work",)),
    "user/relationship": frozenset(("partner",)),
    "user/name": frozenset(("name",)),
}


_OF_A_THING: Final = re.compile(r"(?:the|this|that|these|those|an?) ", re.IGNORECASE)


_NAMED: Final = frozenset(("home",))
"""Themes of which a fact speaks only where it names something."""
_WITHOUT: Final = frozenset(("work", "partner", "name"))


def base_of(topic: Topic) -> str:
    """The slot of a fact without its facet."""
    return (topic.slot or "").split(":")[0]


def ended(message: str, new: Sequence[Told], old: Sequence[Told]) -> dict[int, int]:
    """Which of the earlier facts no longer hold, and which of the new ones took the place of each."""
    if not new or not old:
        return {}
    found, nearest = features(message, new, old)
    of_things = all(
        _OF_A_THING.match(one.topic.content) and not FIRST_PERSON.search(one.topic.content) for one in new
    )
    chances = [
        (probability(one), place)
        for place, one in enumerate(found)
        if _speaks_of(one) and (not of_things or one["rare"] or one["named"])
    ]
    likely = sorted(chances, reverse=True)[:MOST]
    return {place: nearest[place] for chance, place in likely if chance >= LEAST}


def _speaks_of(given: dict[str, float]) -> bool:
    """Whether a message has anything but a change in common with an earlier fact."""
    return not given["slots apart"] and bool(
        given["theme"] or given["rare"] or given["named"] or given["lead"] >= APART
    )


def probability(given: dict[str, float]) -> float:
    """How likely an earlier fact is the one that ended."""
    total = WEIGHTS["always"] + sum(WEIGHTS[name] * value for name, value in given.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _same_kind(fresh: set[str], stale: set[str]) -> bool:
    """Whether what is named now and what was named before are values of one kind: two dates, two numbers."""
    kinds = [
        {kind_of(value) for value in values if re.search(r"\d", value)} - {None} for values in (fresh, stale)
    ]
    return bool(kinds[0] & kinds[1])
