"""Parts of statements that are made once: making one takes longer than answering it, and longest in a turn's every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.orm import Session

from .base import Base


def columns(model: type[Base]) -> Any:
    """The columns of a table, for rows as they are; to ask for attributes of a class costs twice that."""
    return model.__table__.c


def mine(of: Any) -> tuple[ColumnElement[bool], ...]:
    """The condition that a row is the scope's, whose parameters are `Scope.mine`; `of` is a class, or its columns."""
    return (of.tenant_id == bindparam("tenant"), of.user_id == bindparam("user"))


def fetch(session: Session, statement: Any, given: Mapping[str, Any]) -> Sequence[Any]:
    """The rows that a statement about columns finds, what the session holds back among them."""
    if session.new or session.dirty or session.deleted:
        session.flush()
    return session.connection().execute(statement, dict(given)).all()


def change(session: Session, statement: Any, given: Mapping[str, Any]) -> int:
    """How many rows a statement writes; objects that the session has of them are not brought up to date."""
    if session.new or session.dirty or session.deleted:
        session.flush()
    return int(session.connection().execute(statement, dict(given)).rowcount)
