"""Which of the facts that hold could a message be about? They are what who reads it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ..services import Known
from .memory import MemoryIndex
from .prepared import columns, fetch, mine
from .scope import Scope
from .vectors import cosine

LOOKED_AT: Final = 500
"""How many of the newest facts are compared with the message."""

SHOWN: Final = 24
"""How many are shown."""

WEIGHTY: Final = 8
"""How many of these are shown for their importance, however unlike the message they are."""

LONGEST: Final = 300
"""Characters of a fact that are shown."""

_C: Final = columns(MemoryIndex)
_HOLDING: Final = (
    select(_C.id, _C.content, _C.embedding, _C.importance_score)
    .where(*mine(_C), _C.valid_to.is_(None), _C.content_type == "fact")
    .order_by(_C.seq.desc())
    .limit(bindparam("limit"))
)


def known_beside(session: Session, scope: Scope, vector: bytes | Sequence[float] | None) -> list[Known]:
    """The user's facts that hold and are nearest to a message's embedding, and the most important; oldest first."""
    rows = fetch(session, _HOLDING, {**scope.mine, "limit": LOOKED_AT})
    places: Any = range(len(rows))
    if len(rows) > SHOWN:
        weighty = sorted(places, key=lambda place: -rows[place].importance_score)[:WEIGHTY]
        near = [cosine(vector, row.embedding) for row in rows]
        ranked = [place for place in sorted(places, key=lambda place: -near[place]) if place not in weighty]
        places = sorted([*weighty, *ranked[: SHOWN - len(weighty)]])
    return [Known(id=rows[place].id, content=rows[place].content[:LONGEST]) for place in reversed(places)]
