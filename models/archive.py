"""Old conversations are put away by themselves, where a number of days is set: at most daily, by whoever starts, or
ends a session, first."""

from __future__ import annotations

import logging
import weakref
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import String, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..services.settings import integer_setting
from .base import Base, UtcTime, as_utc, now
from .conversation import Conversation
from .lock import held

EVERY: Final = timedelta(days=1)
LOOKED_AT_EVERY: Final = timedelta(hours=1)
"""How often a process that stays open asks whether it is time."""
_looked: Final = weakref.WeakKeyDictionary[Engine, datetime]()
_NAME: Final = "archive"


class Upkeep(Base):
    """A piece of work that is done by itself, and when that was last."""

    __tablename__ = "upkeep"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    done_at: Mapped[datetime] = mapped_column(UtcTime)


def archive_when_due(engine: Engine) -> int:
    """Archives what is old enough, if that is set and was not done for a day; says how many.

    It is called where a database is opened, so nothing that goes wrong here keeps that from happening.
    """
    days = integer_setting("archive_after")
    if days == 0 or held() is not None:
        return 0
    try:
        with Session(engine) as session:
            moment = now()
            if not _due(session, moment):
                return 0
            session.rollback()  # SQLite would not let a transaction that began with reading write
            count = _archive(session, moment, days) if _claimed(session, moment) else 0
            session.commit()
            return count
    except SQLAlchemyError as error:
        logging.getLogger("turngraph").warning("archiving old conversations: %s", type(error).__name__)
        return 0


def archive_at_a_sessions_end(session: Session) -> int:
    """The same in the transaction in which a session ends: a server opens its database once and runs for weeks."""
    days, moment = integer_setting("archive_after"), now()
    engine = session.get_bind().engine
    if days == 0 or (engine in _looked and moment - _looked[engine] < LOOKED_AT_EVERY):
        return 0
    _looked[engine] = moment
    try:
        if not _due(session, moment):
            return 0
        with session.begin_nested():  # what goes wrong here takes nothing of the session along
            return _archive(session, moment, days) if _claimed(session, moment) else 0
    except SQLAlchemyError as error:
        logging.getLogger("turngraph").warning("archiving old conversations: %s", type(error).__name__)
        return 0


def _due(session: Session, moment: datetime) -> bool:
    last = session.scalar(select(Upkeep.done_at).where(Upkeep.name == _NAME))
    return last is None or as_utc(last) <= moment - EVERY


def _claimed(session: Session, moment: datetime) -> bool:
    """Whether it is ours to do; of those who start at once one has it."""
    mine = update(Upkeep).where(Upkeep.name == _NAME, Upkeep.done_at <= moment - EVERY)
    done = session.execute(mine.values(done_at=moment).execution_options(synchronize_session=False))
    if done.rowcount:  # type: ignore[attr-defined]
        return True
    try:
        with session.begin_nested():
            session.execute(insert(Upkeep).values(name=_NAME, done_at=moment))
    except IntegrityError:
        return False
    return True


def _archive(session: Session, moment: datetime, days: int) -> int:
    # What was said long ago and taken in only now was touched now.
    before = moment - timedelta(days=days)
    old = update(Conversation).where(
        Conversation.updated_at < before, Conversation.created_at < before, Conversation.status != "archived"
    )
    done = session.execute(old.values(status="archived").execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
