"""What of what some messages told holds no more, and what took its place?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from ..services import NoLonger
from .memory import MemoryIndex, MemorySource
from .prepared import columns, fetch, mine
from .scope import Scope

MOST: Final = 20
"""How many are told of, the last that ended first."""

_S, _M = columns(MemorySource), columns(MemoryIndex)
_AFTER = MemoryIndex.__table__.alias("after_it").c
_OVER: Final = (
    select(_S.message_id, _M.content, _M.valid_to, _AFTER.content.label("instead"))
    .join(MemoryIndex.__table__, _M.id == _S.memory_id)
    .outerjoin(
        _AFTER.id.table,
        and_(_AFTER.id == _M.superseded_by, _AFTER.tenant_id == _M.tenant_id, _AFTER.user_id == _M.user_id),
    )
    .where(*mine(_M), _S.message_id.in_(bindparam("ids", expanding=True)), _M.valid_to.is_not(None))
    .order_by(_M.valid_to.desc(), _M.seq.desc())
    .limit(bindparam("limit"))
)


def over_of(session: Session, scope: Scope, message_ids: Collection[str]) -> list[NoLonger]:
    """The facts from these messages that ended or were put right, the last first."""
    if not message_ids:
        return []
    given = {**scope.mine, "ids": list(message_ids), "limit": MOST}
    return [
        NoLonger(message_id=row.message_id, content=row.content, until=row.valid_to, instead=row.instead)
        for row in fetch(session, _OVER, given)
    ]
