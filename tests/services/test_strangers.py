"""Does a stranger, with facts and phrasings of their own, get answers from what they told, and no invented ones?

The whole way: each message is a conversation of its own, the question another one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from turngraph.models import DatabaseManager
from turngraph.services import default_embedder, language_model
from turngraph.workflows import ConversationManager

DATA = Path(__file__).parent / "data"
OWNS_UP = re.compile(r"\b(?:don't|do not) (?:know|remember)\b|\bnot told me\b", re.I)

FLOORS = {
    "strangers_first": (58, 19, 1),
    "strangers_second": (40, 13, 1),
    "strangers_third": (36, 9, 1),
    "strangers_fourth": (19, 6, 1),
}
"""Of each file: how many known and unknown ones are right at least, and how many are invented at most."""


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    case: dict[str, Any]
    verdict: str
    """right, unnamed (right, but no source holds the fact), silent (owns up, but was told) or invented."""
    response: str

    @property
    def known(self) -> bool:
        return not self.case.get("unknown")


def judged(case: dict[str, Any], reply: dict[str, Any]) -> str:
    response = reply["response"].casefold()
    owns_up = bool(OWNS_UP.search(response))
    if case.get("unknown"):
        return "right" if owns_up and not holds_any(response, case.get("not", [])) else "invented"
    if not holds_any(response, case["expect"]):
        return "silent" if owns_up else "invented"
    telling = case.get("holds", case["expect"])
    named = any(holds_any(source["content"].casefold(), telling) for source in reply["sources"])
    return "right" if named else "unnamed"


def holds_any(text: str, wanted: list[str]) -> bool:
    return any(str(word).casefold() in text for word in wanted)


async def outcomes(name: str) -> list[Outcome]:
    """Every case has a user of its own, in one database."""
    cases = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    with DatabaseManager("sqlite:///:memory:") as db:
        return [await outcome(db, f"stranger{n}", case) for n, case in enumerate(cases)]


async def outcome(db: DatabaseManager, user: str, case: dict[str, Any]) -> Outcome:
    manager = ConversationManager(user, db, llm=language_model("offline"), embedder=default_embedder())
    for message in case["told"]:
        await manager.send_message(message)
    reply = await manager.send_message(case["ask"])
    return Outcome(case, judged(case, reply), reply["response"])


def counted(found: list[Outcome]) -> tuple[int, int, int]:
    right = Counter(one.known for one in found if one.verdict == "right")
    return right[True], right[False], sum(one.verdict == "invented" for one in found)


@pytest.mark.parametrize("name", FLOORS)
async def test_strangers_are_answered_from_what_they_told(name: str) -> None:
    found = await outcomes(name)
    known, unknown, invented = counted(found)
    misses = "\n".join(f"{o.verdict}: {o.case['ask']} -> {o.response}" for o in found if o.verdict != "right")
    least_known, least_unknown, most_invented = FLOORS[name]
    assert known >= least_known, misses
    assert unknown >= least_unknown, misses
    assert invented <= most_invented, misses


async def test_a_stranger_learns_nothing_of_another() -> None:
    told, ask = ["My dog is called Biscuit and I prefer dark mode."], "What is my dog called?"
    with DatabaseManager("sqlite:///:memory:") as db:
        hers = await outcome(db, "ada", {"told": told, "ask": ask, "expect": ["Biscuit"]})
        his = await outcome(db, "bob", {"told": [], "ask": ask, "unknown": True, "not": ["Biscuit"]})
    assert (hers.verdict, his.verdict) == ("right", "right")
