"""How many facts that have nothing to do with it does a change retire, in a memory that holds many?

python benchmarks/updates_among.py [SET ...] [--among N] [--show]

Facts of strangers, told before, stand among a user's own while each history is played. None could not be the user's too: a second home, another phone,
or somebody of the same name is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import updates
from learn_successions import conflicts

from turngraph.models import DatabaseManager
from turngraph.services import Fact, WordLlamaEmbedder
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_topic import base_of
from turngraph.workflows import ConversationManager

AMONG: Final = 25
OF_ONE: Final = ("user/home", "user/job", "user/relationship", "user/name")


def bystanders(history: Mapping[str, Any]) -> list[Fact]:
    """The facts of a history that nothing touches."""
    told = [fact for turn in history["turns"] if "user" in turn for fact in facts_in(turn["user"])]
    return [
        fact
        for fact in told
        if fact.content_type == "fact"
        and fact.effect == "holds"
        and base_of(fact.slot) not in OF_ONE
        and any(fragment.casefold() in fact.content.casefold() for fragment in history["bystanders"])
    ]


def strangers(history: Mapping[str, Any], others: Sequence[tuple[str, Fact]], among: int) -> list[Fact]:
    """Facts of others that could be this user's too; the same at each run."""
    said = [turn["user"] for turn in history["turns"] if "user" in turn]
    filled = {base_of(fact.slot) for text in said for fact in facts_in(text)} - {""}
    chance = random.Random(str(history["id"]))
    drawn = chance.sample(others, min(len(others), 5 * among))
    fit = [
        fact
        for id_, fact in drawn
        if id_ != history["id"] and base_of(fact.slot) not in filled and not conflicts(fact, said)
    ]
    found: dict[str, Fact] = {}
    for fact in fit:
        found.setdefault(base_of(fact.slot) or fact.content, fact)
    return list(found.values())[:among]


async def measure(half: str, others: Sequence[tuple[str, Fact]], among: int) -> tuple[int, list[str]]:
    """How many facts of strangers stood among the users' own, and which of them were retired."""
    model, embedder, stood, retired = updates.Scripted(), WordLlamaEmbedder(), 0, list[str]()
    with DatabaseManager("sqlite:///:memory:") as db:
        for history in updates.histories(half):
            user = ConversationManager(str(history["id"]), db, llm=model, embedder=embedder)
            at = updates.PRESENT - timedelta(days=history["turns"][0]["days"] + 1)
            for fact in strangers(history, others, among):
                await user.send_message(fact.content, at=at)
            rows, _ = await db.read(lambda session, scope=user.scope: updates.remembered(session, scope))
            held = {row.id for row in rows if row.valid_to is None}
            stood += len(held)
            await updates.play(history, user, model)
            rows, _ = await db.read(lambda session, scope=user.scope: updates.remembered(session, scope))
            after = {row.id: row.content for row in rows}
            retired += [
                f"{history['id']}: {row.content} <- {after.get(row.superseded_by or '')}"
                for row in rows
                if row.id in held and row.valid_to is not None
            ]
    return stood, retired


def main() -> None:
    """Measures the sets named, or all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help="sets of updates.py; all where none is named")
    parser.add_argument("--among", type=int, default=AMONG, help="how many facts of strangers a user has")
    parser.add_argument(
        "--show", action="store_true", help="prints which were retired, of sets that are tuned on"
    )
    given = parser.parse_args()
    tuned = [history for half in updates.TUNED for history in updates.histories(half)]
    others = [(str(history["id"]), fact) for history in tuned for fact in bystanders(history)]
    for half in given.sets or (*updates.TUNED, *updates.UNTUNED):
        stood, retired = asyncio.run(measure(half, others, given.among))
        print(
            f"{half:8}{len(retired):4} of {stood:6} retired ({len(retired) / max(stood, 1):.3%})", flush=True
        )
        if given.show and half in updates.TUNED:
            print("\n".join(retired))


if __name__ == "__main__":
    main()
