"""What of what some messages told holds no more, and what took its place?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from ..services import NoLonger
from .memory import MemoryIndex, MemorySource
from .prepared import columns, fetch, mine
from .scope import Scope

MOST: Final = 20
"""How many are told of, the last that ended first."""

FURTHEST: Final = 50
"""Over how many facts that ended each in turn what holds now is looked for."""

_S, _M = columns(MemorySource), columns(MemoryIndex)
_AFTER = MemoryIndex.__table__.alias("after_it").c
_OVER: Final = (
    select(
        _S.message_id, _M.content, _M.valid_from, _M.valid_to, _M.superseded_by, _AFTER.content.label("instead"),
        _AFTER.valid_to.label("instead_until"), _AFTER.superseded_by.label("then"),
    )
    .join(MemoryIndex.__table__, _M.id == _S.memory_id)
    .outerjoin(
        _AFTER.id.table,
        and_(_AFTER.id == _M.superseded_by, _AFTER.tenant_id == _M.tenant_id, _AFTER.user_id == _M.user_id),
    )
    .where(*mine(_M), _S.message_id.in_(bindparam("ids", expanding=True)), _M.valid_to.is_not(None))
    .order_by(_M.valid_to.desc(), _M.seq.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_NEXT: Final = select(_M.id, _M.content, _M.valid_to, _M.superseded_by).where(
    *mine(_M), _M.id.in_(bindparam("ids", expanding=True))
)


def over_of(session: Session, scope: Scope, message_ids: Collection[str]) -> list[NoLonger]:
    """The facts from these messages that ended or were put right, the last first."""
    if not message_ids:
        return []
    rows = fetch(session, _OVER, {**scope.mine, "ids": list(message_ids), "limit": MOST})
    ended = {row.superseded_by: row.then for row in rows if row.instead_until is not None}
    held = _held(session, scope, ended)
    return [
        NoLonger(
            message_id=row.message_id, content=row.content, until=row.valid_to,
            instead=row.instead if row.instead_until is None else held.get(row.superseded_by),
            slip=row.valid_to <= row.valid_from,
        )
        for row in rows
    ]  # fmt: skip


def _held(session: Session, scope: Scope, ended: Mapping[str, str | None]) -> dict[str, str]:
    """What holds in the place of facts that ended, each with what came after it."""
    at = {first: then for first, then in ended.items() if then is not None}
    held: dict[str, str] = {}
    for _ in range(FURTHEST):
        if not at:
            break
        found = {
            row.id: row for row in fetch(session, _NEXT, {**scope.mine, "ids": sorted(set(at.values()))})
        }
        held |= {
            first: found[id_].content
            for first, id_ in at.items()
            if id_ in found and found[id_].valid_to is None
        }
        at = {
            first: found[id_].superseded_by
            for first, id_ in at.items()
            if id_ in found and found[id_].valid_to is not None and found[id_].superseded_by is not None
        }
    return held
