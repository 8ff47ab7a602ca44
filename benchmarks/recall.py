"""How much of the evidence stands how far up in a ranking?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

DEPTHS: Final = (5, 10, 20)


@dataclass(frozen=True, slots=True)
class Score:
    """The measures of one ranking, or the means of many."""

    recall: dict[int, float]
    complete: float
    mrr: float
    ndcg: float


def score(ranking: Sequence[int], evidence: Collection[int]) -> Score:
    """Evidence recall at each depth, whether all of it is in the top ten, MRR and NDCG@10."""
    found = [place in evidence for place in ranking]
    recall = {depth: sum(found[:depth]) / len(evidence) for depth in DEPTHS}
    gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(found[:10]) if hit)
    best = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(evidence))))
    first = next((rank for rank, hit in enumerate(found, 1) if hit), None)
    return Score(recall, float(recall[10] == 1.0), 1 / first if first else 0.0, gain / best)


def mean(scores: Sequence[Score]) -> Score:
    """The mean of each measure over the questions."""
    return Score(
        {depth: fmean(one.recall[depth] for one in scores) for depth in DEPTHS},
        fmean(one.complete for one in scores),
        fmean(one.mrr for one in scores),
        fmean(one.ndcg for one in scores),
    )
