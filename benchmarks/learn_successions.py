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

from turngraph.models.succession import Told, features
from turngraph.models.truth import topic
from turngraph.services import Fact, embedder_named
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_moods import STILL
from turngraph.services.llm.facts_split import own_words
from turngraph.services.llm.facts_turns import turns

OUTPUT: Final = Path(__file__).resolve().parents[1] / "models" / "succession_weights.py"
HALVES: Final = ("dev", "varied")
CHANGING: Final = (
    "moved_house", "changed_job", "new_preference", "corrected_mistake", "status_change", "negated", "plan",
)  # fmt: skip
DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
CUES: Final = ("ended", "begun", "now", "mended")
EVERY: Final = 3
"""Of LoCoMo's turns, which share is taken."""
HELD: Final = 60
AMONG: Final = 25
"""How many facts of others stand among a user's own."""
GROUPS: Final = 10
ROUNDS: Final = 30
RIDGE: Final = 2.0
WRONG: Final = 0.001
"""Which share of the facts that still hold may be taken for ended, in the choice of the threshold."""


@dataclass
class Example:
    """One message and the facts that held before it: their features, and which of them it ended."""

    history: str
    features: Any
    ended: Any
    message: str
    contents: list[str]


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
        strangers = [
            fact for fact, id_ in (others[i] for i in chance.permutation(len(others))[: AMONG * 2])
            if id_ != history["id"]
        ][:AMONG]  # fmt: skip
        users = [turn["user"] for turn in history["turns"] if "user" in turn]
        number = 0
        for turn in history["turns"]:
            if "user" not in turn:
                question = turn["assistant"]
                continue
            new = [fact for fact in facts_in(turn["user"], question)]
            last = number == len(users) - 1
            number += 1
            live = [fact for fact in own if fact.content_type == "fact" and fact.effect != "ends"]
            claims = [fact for fact in new if fact.content_type == "fact" and fact.subject == "user"]
            claims = [fact for fact in claims if not STILL.search(fact.content)]
            old = [*live, *strangers]
            if live and claims:
                vectors = embedder.embed([fact.content for fact in [*claims, *old]])
                given, _ = features(
                    own_words(turn["user"]),
                    [told_as(f, v) for f, v in zip(claims, vectors, strict=False)],
                    [told_as(f, v) for f, v in zip(old, vectors[len(claims) :], strict=True)],
                )
                gone = np.array(
                    [ends(history, fact, turn["user"], last) for fact in live] + [False] * len(strangers)
                )
                found.append(
                    Example(history["id"], np.array([list(one.values()) for one in given]), gone, turn["user"],
                            [fact.content for fact in old])
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
        and (fact.slot or "").split(":")[0] not in ("user/home", "user/job", "user/relationship")
    ]


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


def talk(told: Sequence[dialogues.Dialogue], embedder: Any) -> list[Example]:
    """What two people chat about, in which next to nothing ends: every fact is one that holds."""
    found = []
    for one in told:
        for speaker in one.speakers:
            own: list[Fact] = []
            for number, turn in enumerate(turn for turn in one.turns if turn.speaker == speaker):
                new = facts_in(turn.text)
                claims = [fact for fact in new if fact.content_type == "fact" and fact.subject == "user"]
                claims = [fact for fact in claims if not STILL.search(fact.content)]
                said, old = own_words(turn.text), own[-HELD:]
                if number % EVERY == 0 and claims and old and any(turns(said)[cue] for cue in CUES):
                    vectors = embedder.embed([fact.content for fact in [*claims, *old]])
                    given, _ = features(
                        said,
                        [told_as(f, v) for f, v in zip(claims, vectors, strict=False)],
                        [told_as(f, v) for f, v in zip(old, vectors[len(claims) :], strict=True)],
                    )
                    rows = np.array([list(pair.values()) for pair in given])
                    found.append(
                        Example(one.id, rows, np.zeros(len(old), bool), said, [fact.content for fact in old])
                    )
                own += [fact for fact in new if fact.content_type == "fact" and fact.subject == "user"]
    return found


def fit(given: Sequence[Example]) -> Any:
    """Weights by logistic regression."""
    x = np.concatenate([one.features for one in given]).astype(np.float64)
    y = np.concatenate([one.ended for one in given]).astype(np.float64)
    x = np.c_[x, np.ones(len(x))]
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curve = (x * (likely * (1 - likely))[:, None]).T @ x + RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, x.T @ (likely - y) + RIDGE * weights)
    return weights


def chances(one: Example, weights: Any) -> Any:
    """How likely each fact was ended."""
    return 1 / (1 + np.exp(-np.clip(np.c_[one.features, np.ones(len(one.features))] @ weights, -30, 30)))


def main() -> None:
    """Learns, says what is reached without having seen the answers, and writes the weights where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="writes models/succession_weights.py")
    parser.add_argument("--embedders", nargs="+", default=["wordllama", "minilm"])
    parser.add_argument("--show", action="store_true", help="prints what is missed and what is wrong")
    parser.add_argument("--wrong", type=float, default=WRONG)
    given = parser.parse_args()
    histories = [history for half in HALVES for history in updates.histories(half)]
    embedders = [Cached(embedder_named(name)) for name in given.embedders]
    every = [one for embedder in embedders for one in examples(histories, embedder)]
    every += [one for embedder in embedders for one in talk(dialogues.read(DATA), embedder)]
    sample, _ = features(
        "x", [told_as(Fact(content="x"), np.zeros(2))], [told_as(Fact(content="y"), np.zeros(2))]
    )
    names = list(sample[0])
    ids = sorted({one.history for one in every})
    group = {id_: place % GROUPS for place, id_ in enumerate(ids)}
    apart = []
    for number in range(GROUPS):
        weights = fit([one for one in every if group[one.history] != number])
        apart += [(one, chances(one, weights)) for one in every if group[one.history] == number]
    kept = np.sort(np.concatenate([found[~one.ended] for one, found in apart]))[::-1]
    right = np.concatenate([found[one.ended] for one, found in apart])
    for share in (0.0005, 0.001, 0.0015, 0.003, 0.005):
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
