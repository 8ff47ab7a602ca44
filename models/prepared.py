"""Parts of statements that are made once: making one takes longer than answering it, and longest in a turn's every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.orm import Session, make_transient_to_detached

from .base import Base

_COLUMNS: Final = {"meta": "metadata"}
"""Attributes that are not named as their columns are."""


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


def store(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]], made: Sequence[Any]) -> None:
    """Stores rows by an insert that gives their `seq`, and makes their objects the session's.

    The unit of work costs four times that.
    """
    if session.new or session.dirty or session.deleted:
        session.flush()
    named = [{_COLUMNS.get(name, name): value for name, value in row.items()} for row in rows]
    numbers = session.connection().execute(statement, named).scalars().all()
    for one, seq in zip(made, numbers, strict=True):
        one.seq = seq
        make_transient_to_detached(one)
        session.add(one)


def change(session: Session, statement: Any, given: Mapping[str, Any]) -> int:
    """How many rows a statement writes; objects that the session has of them are not brought up to date."""
    if session.new or session.dirty or session.deleted:
        session.flush()
    return int(session.connection().execute(statement, dict(given)).rowcount)
