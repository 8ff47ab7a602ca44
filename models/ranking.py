"""How well does each row fit a query, and for which reasons?

A score is a weighted sum of features, each of which is a reason that can be shown. The weights are learned from
LoCoMo's conversations (`weights.py`); what is not in that data (facts, importance) is weighed by hand, little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..services.llm.lexicon import members
from .asked import Asked
from .matrix import NEVER, Matrix
from .weights import WEIGHTS

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
    Rows: TypeAlias = np.ndarray[Any, np.dtype[np.uint32]]

FACT: Final = 0.5
OUTDATED: Final = -1.5
SPREAD: Final = 0.3
"""The least spread of sittings: where all are nearly alike, a little more is not much better."""
KIND: Final = 1.0
ITSELF: Final = 0.15
EARLIER: Final = 0.5
STEP: Final = 0.6
"""What each step further back loses, where it is asked what was before and not what was first."""
RECENT: Final = 0.05
RECENT_DAYS: Final = 30.0
_SATURATION: Final = 1.2
_BY_LENGTH: Final = 0.75


def features(matrix: Matrix, asked: Asked, vector: Numbers | None, model: str | None) -> dict[str, Numbers]:
    """The features of all rows, unweighted."""
    return _features(matrix, asked, vector, model)[0]


def _features(
    matrix: Matrix, asked: Asked, vector: Numbers | None, model: str | None
) -> tuple[dict[str, Numbers], Numbers, Numbers]:
    """The learned features, how much of the query each row has in itself, and what it gains by its kind."""
    import numpy as np

    of_kind = _of_kind(matrix, asked.keys)
    words, covered, itself = _lexical(matrix, asked.keys, of_kind)
    kind = np.zeros(len(matrix), np.float32)
    for rows in of_kind:
        kind[rows] = KIND
    meaning = _meaning(matrix, vector, model)
    base = words + 0.6 * meaning
    speaker = np.zeros(len(matrix), np.float32)
    if asked.speaker is not None:
        speaker = np.where(matrix.speaker == asked.speaker, np.float32(1), np.float32(-1))
    before = np.append(matrix.asks * np.maximum(base, 0), np.float32(0))
    found = {
        "words": words,
        "covered": covered,
        "meaning": meaning,
        "sitting": _sittings(base, matrix),
        "answers": before[matrix.previous],
        "speaker": speaker,
        "length": np.log1p(matrix.length, dtype=np.float32) - np.float32(3),
        "question": matrix.asks.astype(np.float32),
        "when": matrix.times * np.float32(asked.when),
        "count": matrix.numbers * np.float32(asked.count),
        "named": matrix.named * np.float32(asked.named),
        "date": asked.date.fit(matrix.since) if asked.date is not None else np.zeros(len(matrix), np.float32),
    }
    return found, itself, kind


def parts(matrix: Matrix, asked: Asked, vector: Numbers | None, model: str | None) -> dict[str, Numbers]:
    """What each reason adds to the score of each row."""
    import numpy as np

    learned, itself, kind = _features(matrix, asked, vector, model)
    found = {name: WEIGHTS[name] * feature for name, feature in learned.items()}
    fit = found["words"] + found["covered"] + found["meaning"]
    pairs = sorted(matrix.successions, key=lambda pair: float(matrix.since[pair[0]]))
    if asked.past:  # what came between may be meant as well as what was first
        over = {old for old, _ in pairs}
        pairs = [pair for pair in pairs if pair[1] in over and asked.before and not asked.first]
    found["succeeds"] = _inherited(matrix, fit, pairs)
    latest = sorted(matrix.successions, key=lambda pair: -float(matrix.since[pair[0]]))
    told = _as_told(matrix, fit) if asked.before else fit
    found["precedes"] = _inherited(
        matrix, told, [(then, old) for old, then in latest if asked.before], 0.0 if asked.first else STEP, fit
    )
    found["itself"] = np.float32(ITSELF) * itself
    found["kind"] = kind
    found["later"] = _later(matrix, asked)
    inherited = found["succeeds"] + found["precedes"]
    found["fact"], found["outdated"] = _facts(
        matrix, fit + np.where(matrix.memory, inherited, np.float32(0)), asked
    )
    newest = matrix.since.max() if len(matrix) else 0.0
    span = max(newest - float(matrix.since.min()), 1.0) if len(matrix) else 1.0
    found["earlier"] = (EARLIER * asked.before * (newest - matrix.since) / span).astype(np.float32)
    age = (newest - matrix.since) / (86_400 * RECENT_DAYS)
    found["recent"] = (RECENT * np.exp2(-np.minimum(age, 100.0))).astype(np.float32)
    return found


def _lexical(matrix: Matrix, keys: list[str], of_kind: Sequence[Rows]) -> tuple[Numbers, Numbers, Numbers]:
    """BM25 over the turn before and the turn, against the rows that have any of the words; and how much of the
    query a row covers, its rare words counting most, with the turn before and by itself. A kind that nobody named
    is a word of what is of it, or "new" alone would be all that is asked of a "new pet"."""
    import numpy as np

    size = len(matrix)
    scores, covered, itself = (np.zeros(size, np.float32) for _ in range(3))
    whole = 1e-9
    length = _with_previous(matrix.length.astype(np.float32), matrix)
    norm = _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * length / max(float(length.mean()), 1e-9))
    said = [matrix.words.counts(key, size) for key in matrix.words.telling(keys, size)]
    for counts in (*said, *(np.bincount(rows, minlength=size).astype(np.float32) for rows in of_kind)):
        if counts is None:
            continue
        own, counts = counts > 0, _with_previous(counts, matrix)
        there = counts > 0
        found = int(there.sum())
        scores += (
            max(math.log((size - found + 0.5) / (found + 0.5)), 1e-6)
            * (_SATURATION + 1)
            * counts
            / (counts + norm)
        )
        rarity = math.log((size + 1) / (found + 0.5))
        covered += rarity * there
        itself += rarity * own
        whole += rarity
    hits = scores[scores > 0]
    if len(hits) > 1:
        mean = float(hits.mean())
        scores = (scores - mean) / (float(hits.std()) + 0.1 * mean)
    return scores, covered / np.float32(whole), itself / np.float32(whole)


def _of_kind(matrix: Matrix, keys: list[str]) -> list[Rows]:
    """For each kind asked for, as of pets, that nobody called so: the rows that have one, as a puppy is."""
    found = [matrix.words.with_any(members(key)) for key in keys if key not in matrix.words]
    return [rows for rows in found if len(rows)]


def _with_previous(values: Numbers, matrix: Matrix) -> Numbers:
    import numpy as np

    return values + np.append(values, np.float32(0))[matrix.previous]  # type: ignore[no-any-return]


def _meaning(matrix: Matrix, vector: Numbers | None, model: str | None) -> Numbers:
    """The likeness to the query's vector; vectors of other models, or of other dimensions, count as usual."""
    import numpy as np

    found = np.zeros(len(matrix), np.float32)
    if vector is None:
        return found
    wanted = np.nan_to_num(np.asarray(vector, np.float32))
    if not wanted.any():
        return found
    for (name, dimension), vectors in matrix.vectors.items():
        if dimension == len(wanted) and (model is None or name == model):
            found += vectors.likeness(wanted, len(matrix))
    return found


def _sittings(base: Numbers, matrix: Matrix) -> Numbers:
    """How well the best three turns of the same sitting fit, as a share of the spread."""
    import numpy as np

    if not len(base):
        return base
    order, starts, sizes = matrix.by_sitting()
    ranked, total = base[order], np.zeros(len(starts), np.float32)
    left = np.minimum(sizes, 3)
    for _ in range(3):  # each round takes the best that is left, as often as it is there
        best = np.maximum.reduceat(ranked, starts)
        same = ranked == np.repeat(best, sizes)
        taken = np.minimum(np.add.reduceat(same, starts, dtype=np.int32), left)
        total += np.where(taken > 0, best, 0) * taken
        left -= taken
        ranked[same] = -np.inf
    found = np.empty_like(base)
    found[order] = np.repeat(total / np.minimum(sizes, 3), sizes)
    return (found - found.mean()) / max(float(found.std()), SPREAD)  # type: ignore[no-any-return]


def _facts(matrix: Matrix, fit: Any, asked: Asked) -> tuple[Numbers, Numbers]:
    """What the best fact from a message that holds adds to it, and what it loses where one that is over fits better,
    and with it what the assistant said to it."""
    import numpy as np

    held, over = (np.full(len(matrix), -np.inf, np.float32) for _ in range(2))
    if matrix.ties:
        tied = np.asarray(matrix.ties)
        holds = (matrix.until[tied[:, 1]] == NEVER) | asked.past
        for best, rows in ((held, tied[holds]), (over, tied[~holds])):
            np.maximum.at(best, rows[:, 0], fit[rows[:, 1]])
    outdated = np.where(over > held, np.float32(OUTDATED), np.float32(0))
    if (assistant := matrix.speakers.get("assistant")) is not None:
        said_to = np.append(outdated, np.float32(0))[matrix.previous]
        outdated = np.where(matrix.speaker == assistant, said_to, outdated)
    return np.float32(FACT) * np.maximum(held, np.float32(0)), outdated


def _later(matrix: Matrix, asked: Asked) -> Numbers:
    """What is lost, where it is asked how things were before, by what put an end to how they were, and by what
    had ended already before that."""
    import numpy as np

    found = np.zeros(len(matrix), np.float32)
    if asked.before and matrix.successions:
        over = {old for old, _ in matrix.successions}
        long_ago = set() if asked.first else {old for old, then in matrix.successions if then in over}
        last = {then for _, then in matrix.successions} - over
        for rows, loss in ((long_ago, -STEP), (last, OUTDATED)):
            found[[*rows, *(message for message, memory in matrix.ties if memory in rows)]] = loss
    return found


def _as_told(matrix: Matrix, fit: Any) -> Numbers:
    """How well each row fits, a memory as well as the best of all that its message says."""
    import numpy as np

    found = np.array(fit, np.float32)
    if matrix.ties:
        tied = np.asarray(matrix.ties)
        of_message = np.array(fit, np.float32)
        np.maximum.at(of_message, tied[:, 0], fit[tied[:, 1]])
        np.maximum.at(found, tied[:, 1], of_message[tied[:, 0]])
    return found


def _inherited(
    matrix: Matrix, fit: Any, pairs: Iterable[tuple[int, int]], step: float = 0.0, own: Any = None
) -> Numbers:
    """What a memory, and the message it is from, inherits of the one that it superseded: "I moved to Rome" answers
    where somebody lives because it put an end to "I live in Paris". Of the past it is the other way round."""
    import numpy as np

    found = np.zeros(len(matrix), np.float32)
    own = fit if own is None else own
    for giver, heir in pairs:
        gained = max(fit[giver], own[giver] + found[giver] - (step if found[giver] else 0.0)) - own[heir]
        found[heir] = max(found[heir], gained)
    if found.any() and matrix.ties:
        tied = np.asarray(matrix.ties)
        np.maximum.at(found, tied[:, 0], found[tied[:, 1]])
    return found
