"""What does each sign weigh that an earlier fact was put an end to? Learned from the update histories that are no test.

python benchmarks/learn_successions.py [--write]

It never reads the held half. Each history is scored by weights that never saw its group; facts of other histories
stand among a user's own, so that a change has to find the one it means among many.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dialogues
import numpy as np
import updates
from embeddings import Cached

from turngraph.models.about import Side, sides
from turngraph.models.passages import passages
from turngraph.models.succession import MOST, Told, features, may_end, nearness
from turngraph.models.truth import topic
from turngraph.services import Fact, embedder_named
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_themes import stated_themes
from turngraph.services.llm.facts_topic import base_of, named_in
from turngraph.services.llm.vocabulary import ONE

OUTPUT: Final = Path(__file__).resolve().parents[1] / "models" / "succession_weights.py"
CHANGING: Final = (
    "moved_house", "changed_job", "new_preference", "corrected_mistake", "status_change", "negated", "plan",
)  # fmt: skip
STAYING: Final = ("both_hold", "temporary", "hypothetical", "someone_else", "quoted", "joke", "said_twice")
DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
EVERY: Final = 3
"""Of LoCoMo's turns, which share is taken."""
HELD: Final = 60
AMONG: Final = 25
"""How many facts of others stand among a user's own."""
GROUPS: Final = 10
ROUNDS: Final = 30
CHOOSING: Final = 4
"""How often the passage that tells of a change is chosen anew by what was learned so far."""
RIDGE: Final = 3.0
WRONG: Final = 0.00025
"""Which share of the facts that still hold may be taken for ended, in the choice of the threshold."""


@dataclass
class Example:
    """One message and the facts that held before it: for each passage their features and whether it may have ended them."""

    history: str
    features: Any
    may: Any
    ended: Any
    message: str
    contents: list[str]
    own: int = 0
    """How many of them are the user's own; the others are strangers'."""


def told_as(fact: Fact, vector: Any) -> Told:
    """A fact as it is compared."""
    return Told(topic(fact), np.asarray(vector, np.float32))


def examples(histories: Sequence[dict[str, Any]], embedder: Any) -> list[Example]:
    """Each message of a user that states something, and what held before."""
    chance = np.random.default_rng(5)
    others = [fragment for history in histories for fragment in pool(history)]
    found = []
    for history in histories:
        own: list[Fact] = []
        question = None
        users = [turn["user"] for turn in history["turns"] if "user" in turn]
        strangers = [
            fact for fact, id_ in (others[i] for i in chance.permutation(len(others))[: AMONG * 3])
            if id_ != history["id"] and not conflicts(fact, users)
        ][:AMONG]  # fmt: skip
        number = 0
        for turn in history["turns"]:
            if "user" not in turn:
                question = turn["assistant"]
                continue
            new = [fact for fact in facts_in(turn["user"], question)]
            last = number == len(users) - 1
            number += 1
            live = [fact for fact in own if fact.effect != "ends"]
            for side in sides(turn["user"], new):
                mine = [fact for fact in live if side.may_end(topic(fact))]
                around = [fact for fact in strangers if side.may_end(topic(fact))]
                if not mine:
                    continue
                rows, may = looked_at(side, new, [*mine, *around], embedder)
                gone = np.array(
                    [ends(history, fact, turn["user"], last) for fact in mine] + [False] * len(around)
                )
                sure = [
                    end or stays(history, fact, turn["user"]) for fact, end in zip(mine, gone, strict=False)
                ]
                kept = np.flatnonzero([*sure, *(True for _ in around)])
                contents = [fact.content for fact in [*mine, *around]]
                found.append(
                    Example(history["id"], rows[:, kept], may[:, kept], gone[kept], turn["user"],
                            [contents[place] for place in kept], sum(sure))
                )  # fmt: skip
            own += new
    return found


def pool(history: dict[str, Any]) -> list[tuple[Fact, str]]:
    """The facts of a history that nothing touches."""
    every = [fact for turn in history["turns"] if "user" in turn for fact in facts_in(turn["user"])]
    return [
        (fact, history["id"])
        for fact in every
        if any(fragment.casefold() in fact.content.casefold() for fragment in history["bystanders"])
        and history["category"] in CHANGING
        and base_of(fact.slot) not in ("user/home", "user/job", "user/relationship")
    ]


def conflicts(fact: Fact, said: Sequence[str]) -> bool:
    """Whether a stranger's fact cannot stand among a user's own: a second job, or the same name for another."""
    text = " ".join(said)
    one = {theme for message in said for theme in stated_themes(message)} & ONE
    return bool(one & stated_themes(fact.content) or named_in(fact.content) & named_in(text))


def ends(history: dict[str, Any], fact: Fact, message: str, last: bool) -> bool:
    """Whether a message ends a fact, by what the history asks."""
    if history["category"] not in CHANGING:
        return False
    low, content = message.casefold(), fact.content.casefold()
    for ask in history["ask"]:
        if ask["about"] != "now" or not any(value.casefold() in content for value in ask["outdated"]):
            continue
        if any(value.casefold() in content for value in [*ask["current"], *ask.get("unless", ())]):
            continue
        aside = " ".join(history["bystanders"]).casefold()
        if history["category"] == "negated" or any(value.casefold() in aside for value in ask["current"]):
            return last
        if any(value.casefold() in low for value in ask["current"]):
            return True
    return False


def stays(history: dict[str, Any], fact: Fact, message: str) -> bool:
    """Whether a fact surely outlives a message: nothing touches it, or the message has no part in what changes."""
    aside = any(fragment.casefold() in fact.content.casefold() for fragment in history["bystanders"])
    asked = [
        value
        for ask in history["ask"]
        for key in ("current", "outdated", "past")
        for value in ask.get(key, ())
    ]
    apart = not any(value.casefold() in message.casefold() for value in asked)
    return aside or history["category"] in STAYING or (apart and history["category"] != "negated")


def talk(told: Sequence[dialogues.Dialogue], embedder: Any) -> list[Example]:
    """What two people chat about, in which next to nothing ends: every fact is one that holds."""
    found = []
    for one in told:
        for speaker in one.speakers:
            own: list[Fact] = []
            for number, turn in enumerate(turn for turn in one.turns if turn.speaker == speaker):
                new = facts_in(turn.text)
                for side in sides(turn.text, new) if number % EVERY == 0 else ():
                    old = [fact for fact in own[-HELD:] if side.may_end(topic(fact))]
                    if not old:
                        continue
                    rows, may = looked_at(side, new, old, embedder)
                    found.append(
                        Example(one.id, rows, may, np.zeros(len(old), bool), turn.text,
                                [fact.content for fact in old])
                    )  # fmt: skip
                own += [fact for fact in new if fact.content_type == "fact" and fact.subject == "user"]
    return found


def looked_at(side: Side, facts: Sequence[Fact], old: Sequence[Fact], embedder: Any) -> tuple[Any, Any]:
    """The features of each earlier fact beside each passage of a message, and which of those may tell its end."""
    new = [facts[place] for place in side.telling]
    vectors = embedder.embed([fact.content for fact in [*new, *old]])
    after = [told_as(fact, vector) for fact, vector in zip(new, vectors, strict=False)]
    before = [told_as(fact, vector) for fact, vector in zip(old, vectors[len(new) :], strict=True)]
    near = nearness(after, before)
    given = [features(passage, after, before, near) for passage in passages(side.said)]
    rows = np.array([[list(pair.values()) for pair in passage] for passage in given])
    return rows, np.array([[may_end(pair) for pair in passage] for passage in given])


def fit(given: Sequence[Example]) -> Any:
    """Weights by logistic regression, each fact beside the passage that speaks most of its end."""
    y = np.concatenate([one.ended[one.may.any(axis=0)] for one in given]).astype(np.float64)
    weights = None
    for _ in range(CHOOSING):
        x = np.concatenate([_chosen(one, weights) for one in given]).astype(np.float64)
        weights = _regressed(np.c_[x, np.ones(len(x))], y)
    return weights


def _chosen(one: Example, weights: Any) -> Any:
    scores = one.features.sum(axis=2) if weights is None else one.features @ weights[:-1]
    best = np.where(one.may, scores, -np.inf).argmax(axis=0)
    return one.features[best, np.arange(len(best))][one.may.any(axis=0)]


def _regressed(x: Any, y: Any) -> Any:
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curve = (x * (likely * (1 - likely))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, x.T @ (likely - y) + RIDGE * weights)
    return weights


def chances(one: Example, weights: Any) -> Any:
    """How likely each fact was ended, as far as one message may end any."""
    scores = np.where(one.may, one.features @ weights[:-1] + weights[-1], -30.0)
    found = 1 / (1 + np.exp(-np.clip(scores.max(axis=0), -30, 30)))
    found[np.argsort(-found)[MOST:]] = 0.0
    return found


def main() -> None:
    """Learns, says what is reached without having seen the answers, and writes the weights where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="writes models/succession_weights.py")
    parser.add_argument("--embedders", nargs="+", default=["wordllama", "minilm"])
    parser.add_argument("--show", action="store_true", help="prints what is missed and what is wrong")
    parser.add_argument("--wrong", type=float, default=WRONG)
    given = parser.parse_args()
    histories = [history for half in updates.TUNED for history in updates.histories(half)]
    embedders = [Cached(embedder_named(name)) for name in given.embedders]
    every = [one for embedder in embedders for one in examples(histories, embedder)]
    every += [one for embedder in embedders for one in talk(dialogues.read(DATA), embedder)]
    new, old = ([told_as(Fact(content=text), np.zeros(2))] for text in ("x", "y"))
    names = list(features("x", new, old, nearness(new, old))[0])
    ids = sorted({one.history for one in every})
    group = {id_: place % GROUPS for place, id_ in enumerate(ids)}
    apart = []
    for number in range(GROUPS):
        weights = fit([one for one in every if group[one.history] != number])
        apart += [(one, chances(one, weights)) for one in every if group[one.history] == number]
    kept = np.sort(np.concatenate([found[~one.ended] for one, found in apart]))[::-1]
    right = np.concatenate([found[one.ended] for one, found in apart])
    for share in (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.0015, 0.003, 0.005):
        least = kept[int(share * len(kept))]
        print(
            f"wrong {share}: threshold {least:.3f}, found {float((right > least).mean()):.3f} of {len(right)}; {len(kept)} kept"
        )
    least = float(kept[int(given.wrong * len(kept))])
    if given.show:
        for one, found in apart:
            for place, chance in enumerate(found):
                if one.ended[place] != (chance > least):
                    print(
                        f"{'MISSED' if one.ended[place] else 'WRONG '} {chance:.2f} {one.history}: {one.contents[place]} <- {one.message}"
                    )
    weights = fit(every)
    print({name: round(float(w), 2) for name, w in zip([*names, "always"], weights, strict=True)})
    if given.write:
        body = "".join(
            f'    "{name}": {round(float(w), 3)},\n'
            for name, w in zip([*names, "always"], weights, strict=True)
        )
        head = '"""What each sign weighs that a fact ended. Made by benchmarks/learn_successions.py; not edited by hand."""'
        OUTPUT.write_text(
            f"{head}\n\nfrom typing import Final\n\nWEIGHTS: Final = {{\n{body}}}\nLEAST: Final = {least:.3f}\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
