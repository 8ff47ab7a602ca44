"""Finds what was said and what is remembered of it: by words and by meaning, and for each hit why it was found.

Raw messages are what is found; the facts taken from them are further keys to them. A memory that came from no
message is found itself, and with `within="memories"` all of them are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from .asked import Asked, understood
from .asked import neutral as neutral
from .base import as_utc
from .hit import APART, Shortlist
from .hit import Hit as Hit
from .hit import MessageRef as MessageRef
from .lexical import tokens
from .matrices import matrix_of
from .matrix import NEVER, Matrix
from .message import Message
from .prepared import columns, fetch, mine
from .ranking import parts
from .scope import Scope
from .varied import varied

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

Within: TypeAlias = Literal["all", "conversation", "memories"]
_C: Final = columns(Message)
_NUMBERS: Final = select(_C.seq).where(*mine(_C), _C.id.in_(bindparam("ids", expanding=True)))
LOOKED_AT: Final = 40
"""How many more than are wanted are looked at closely in any case: for importance, use, and likeness to each other."""


def search(
    session: Session,
    scope: Scope,
    query: str,
    *,
    vector: Numbers | None = None,
    model: str | None = None,
    limit: int = 10,
    within: Within = "all",
    conversation_id: str | None = None,
    category: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    exclude: Collection[str] = (),
    diversity: float = 0.0,
) -> list[Hit]:
    """What fits a query best, best first.

    `vector` is the query's, of the embedder `model`. `since` and `until` are about when it was said. `category` is
    that of a memory, or of a memory from a message. `diversity` up to 1 puts what repeats a better hit further down.
    """
    import numpy as np

    query = query.replace("\0", " ")
    if limit < 1 or not tokens(query):
        return []
    with matrix_of(session, scope) as matrix:
        if not len(matrix):
            return []
        asked = understood(query, matrix.called(), matrix.speakers)
        reasons = parts(matrix, asked, vector, model)
        total = np.zeros(len(matrix), np.float32)
        for reason in reasons.values():
            total += reason
        chosen = _candidates(matrix, asked, within, conversation_id, category, since, until)
        if exclude:
            chosen = chosen[~_these(session, scope, matrix, chosen, exclude)]
        best = _best(total, chosen, limit)
        shortlist = Shortlist(
            session, scope, matrix, {row: float(total[row]) for row in best}, past=asked.past
        )
        rows = shortlist.ordered()[: limit + LOOKED_AT]
        rows = varied(matrix, shortlist, rows, limit, diversity) if diversity > 0 else rows[:limit]
        return shortlist.hits(rows, reasons)


def speakers(session: Session, scope: Scope) -> dict[str, int]:
    """The names by which those go who speak in a user's conversations."""
    with matrix_of(session, scope) as matrix:
        return matrix.called()


def _candidates(
    matrix: Matrix,
    asked: Asked,
    within: Within,
    conversation_id: str | None,
    category: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Any:
    """Which rows may be hits."""
    import numpy as np

    memory = matrix.memory.astype(bool)
    true = (matrix.until > matrix.since) & ((matrix.until == NEVER) | asked.past)
    chosen = true if within == "memories" else true.copy()
    if within == "memories":
        chosen &= memory
    else:
        tied = [memory_row for _, memory_row in matrix.ties]
        chosen[tied] = False  # the message says it
        if conversation_id is not None or within == "conversation":
            place = matrix.conversations.get(conversation_id or "", -1)
            chosen &= (matrix.conversation == place) & ~memory
    if category is not None:
        chosen &= _of_category(matrix, true, category)
    if since is not None:
        chosen &= matrix.since >= as_utc(since).timestamp()
    if until is not None:
        chosen &= matrix.since <= as_utc(until).timestamp()
    return np.flatnonzero(chosen)


def _of_category(matrix: Matrix, true: Any, category: str) -> Any:
    of_it = matrix.memory.astype(bool) & true & (matrix.category == matrix.categories.get(category, -1))
    for message, memory in matrix.ties:
        of_it[message] |= of_it[memory]
    return of_it


def _best(total: Any, chosen: Any, limit: int) -> list[int]:
    """The rows with the highest totals, the newer first among equals: some more than wanted, and all that importance
    and use could lift among those."""
    import numpy as np

    scores = total[chosen]
    count = limit + LOOKED_AT
    if len(chosen) > count:
        places = [len(scores) - count, len(scores) - limit]
        ranked = np.partition(scores, places)
        may = ranked[places[1]] - np.float32(APART)
        count = max(count, int((scores >= may).sum()))
        enough = min(ranked[places[0]], may)
        chosen, scores = chosen[scores >= enough], scores[scores >= enough]
    order = np.lexsort((-chosen, -scores))
    return [int(row) for row in chosen[order[:count]]]


def _these(session: Session, scope: Scope, matrix: Matrix, rows: Any, ids: Collection[str]) -> Any:
    """Which rows are the messages of these ids."""
    import numpy as np

    seqs = [row.seq for row in fetch(session, _NUMBERS, {**scope.mine, "ids": list(ids)})]
    return np.isin(matrix.seq[rows], seqs) & (matrix.memory[rows] == 0)
