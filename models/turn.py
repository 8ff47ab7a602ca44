"""A turn that is being answered, and by whom: so that one whose process died is known from one that goes on.

Its row comes with the user's message and goes with the turn's end. Taking over one that goes on after all costs a
call of the model and no more: of two who answer the same message, the second finds the first one's reply.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Base, UtcTime, as_utc, new_id, now
from .batches import is_gone, owning
from .durable import Owner
from .owner import clock

if TYPE_CHECKING:
    from .manager import DatabaseManager

AGAIN: Final = "~"
"""Stands behind a token once for each time that its turn was taken over."""

_answering: Final = set[str]()
"""The tokens of the turns that this process answers now."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_answering.clear)


class TurnRow(Base):
    """A message whose turn was begun and has not ended; its token begins with the owner who answers it, and
    ends in how often it was taken over."""

    __tablename__ = "turns"
    __table_args__ = (Index("ix_turns_user", "tenant_id", "user_id"),)

    message_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("messages.id", ondelete="CASCADE", name="fk_turns_message"), primary_key=True
    )
    tenant_id: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str] = mapped_column(String(200))
    token: Mapped[str] = mapped_column(String(80))
    begun_at: Mapped[datetime] = mapped_column(UtcTime, default=now)


@asynccontextmanager
async def answering(db: DatabaseManager) -> AsyncIterator[str]:
    """A token for a turn that this process answers, as long as the block lasts."""
    token = f"{(await owning(db)).id}.{new_id()}"
    _answering.add(token)
    try:
        yield token
    finally:
        _answering.discard(token)


def go_on(session: Session, turns: Sequence[TurnRow]) -> set[str]:
    """The message ids of those of the turns that somebody who is alive answers."""
    if not turns:
        return set()
    query = select(Owner).where(Owner.id.in_({_owner(turn) for turn in turns}))
    alive = {owner.id: owner for owner in session.scalars(query) if _lives(session, owner)}
    return {
        turn.message_id for turn in turns if turn.token.rstrip(AGAIN) in _answering or _owner(turn) in alive
    }


def _lives(session: Session, owner: Owner) -> bool:
    if (owner.host, owner.pid) == (socket.gethostname()[:200], os.getpid()):
        return False  # what this process answers, it knows; the other one had the same number before it
    return as_utc(owner.lease_until) >= clock(session) and not is_gone(owner)


def _owner(turn: TurnRow) -> str:
    return turn.token.partition(".")[0]
