"""Learns what each reason to find something weighs, from LoCoMo's conversations.

With --write it writes models/weights.py, and beside this file, for locomo.py, the weights that each conversation is
scored with: those that never saw it.

python benchmarks/learn_weights.py [PATH] [--embedders wordllama minilm] [--write]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import dialogues
import numpy as np
import recall
from embeddings import Cached

from turngraph.models.asked import neutral, understood
from turngraph.models.matrix import Matrix, Row
from turngraph.models.ranking import features
from turngraph.services import Embedder, embedder_named

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
OUTPUT: Final = Path(__file__).resolve().parents[1] / "models" / "weights.py"
FOLDS: Final = Path(__file__).resolve().parent / "data" / "locomo_folds.json"
ASKED: Final = (1, 2, 3, 4)
HARDEST: Final = 150
ROUNDS: Final = 12


@dataclass(slots=True)
class Example:
    """One question: the features of every turn, and which turns answer it."""

    category: int
    features: Any
    evidence: frozenset[int]


@dataclass(slots=True)
class Fold:
    """A conversation's questions, in each form and with each embedder."""

    id: str
    forms: dict[tuple[str, str], list[Example]]


def prepare(told: Sequence[dialogues.Dialogue], embedders: Sequence[Embedder]) -> list[Fold]:
    """Works out the features of every question over its conversation."""
    return [
        Fold(one.id, {(embedder.model_id, form): examples(one, embedder, form) for embedder in embedders for form in ("names", "roles")})
        for one in told
    ]  # fmt: skip


def examples(told: dialogues.Dialogue, embedder: Embedder, form: str) -> list[Example]:
    """The questions of a conversation whose speakers have names, or are only user and assistant."""
    messages = told.messages(roles=form == "roles")
    vectors = np.asarray(embedder.embed([message["content"] for message in messages]), np.float16)
    matrix = Matrix()
    matrix.extend(
        [
            Row(place, message["content"], message["at"], "c", place, message.get("name") or message["role"],
                model=embedder.model_id, vector=vector.tobytes())
            for place, (message, vector) in enumerate(zip(messages, vectors, strict=True), 1)
        ]
    )  # fmt: skip
    called = matrix.called()
    asked = embedder.embed([neutral(question.text, called) for question in told.questions])
    found = []
    for question, vector in zip(told.questions, asked, strict=True):
        meant = understood(question.text, called, matrix.speakers)
        given = features(matrix, meant, vector, embedder.model_id)
        found.append(Example(question.category, np.stack(list(given.values()), -1), question.evidence))
    return found


def fit(folds: Collection[Fold]) -> dict[str, float]:
    """Weights by logistic regression: turns that answer a question against the hardest that do not."""
    rows, answers = [], []
    for example in (e for fold in folds for form in fold.forms.values() for e in form if e.category in ASKED):
        right = np.isin(np.arange(len(example.features)), list(example.evidence))
        ease = example.features[:, 0] + example.features[:, 2]
        hardest = [place for place in np.argsort(-ease, kind="stable") if not right[place]][:HARDEST]
        rows += [example.features[right], example.features[hardest]]
        answers += [np.ones(int(right.sum())), np.zeros(len(hardest))]
    x, y = np.concatenate(rows).astype(np.float64), np.concatenate(answers)
    x = np.c_[x, np.ones(len(x))]
    weights = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        likely = 1 / (1 + np.exp(-x @ weights))
        curve = (x * (likely * (1 - likely))[:, None]).T @ x + np.eye(len(weights))
        weights -= np.linalg.solve(curve, x.T @ (likely - y) + weights)
    return {name: round(float(weight), 3) for name, weight in zip(NAMES, weights, strict=False)}


NAMES: Final = (
    "words", "covered", "meaning", "sitting", "answers", "speaker", "length", "question", "when", "count", "named", "date",
)  # fmt: skip


def scored(form: Sequence[Example], weights: dict[str, float]) -> list[tuple[int, recall.Score]]:
    """How the questions of a conversation come out with some weights."""
    found = []
    for example in form:
        order = np.argsort(-(example.features @ np.array([weights[name] for name in NAMES])), kind="stable")
        found.append((example.category, recall.score([int(place) for place in order[:20]], example.evidence)))
    return found


def left_out(folds: Sequence[Fold]) -> list[dict[str, float]]:
    """For each conversation the weights that never saw it."""
    return [fit([other for other in folds if other is not fold]) for fold in folds]


def figures(folds: Sequence[Fold], weights: Sequence[dict[str, float]]) -> list[str]:
    """recall@10 of each form, each conversation scored by weights that never saw it."""
    lines = []
    for key in folds[0].forms:
        per = [scored(fold.forms[key], given) for fold, given in zip(folds, weights, strict=True)]
        means = [fmean(s.recall[10] for category, s in one if category in ASKED) for one in per]
        every = fmean(s.recall[10] for one in per for category, s in one if category in ASKED)
        lines.append(
            f"{key[0]}, {key[1]}: recall@10 {every:.4f}, by conversation {', '.join(f'{m:.3f}' for m in means)}"
        )
    return lines


def main() -> None:
    """Learns, says what is reached without having seen the answers, and writes the weights where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=DATA)
    parser.add_argument("--embedders", nargs="+", default=["wordllama", "minilm"])
    parser.add_argument("--write", action="store_true", help="writes models/weights.py")
    given = parser.parse_args()
    folds = prepare(dialogues.read(given.path), [Cached(embedder_named(name)) for name in given.embedders])
    apart = left_out(folds)
    print("\n".join(figures(folds, apart)))
    weights = fit(folds)
    print(json.dumps(weights))
    if given.write:
        body = "".join(f'    "{name}": {weight},\n' for name, weight in weights.items())
        head = '"""What each reason to find something weighs. Made by benchmarks/learn_weights.py; not edited by hand."""'
        OUTPUT.write_text(
            f"{head}\n\nfrom typing import Final\n\nWEIGHTS: Final = {{\n{body}}}\n", encoding="utf-8"
        )
        held = {fold.id: weights for fold, weights in zip(folds, apart, strict=True)}
        FOLDS.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
