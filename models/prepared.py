"""Parts of statements that are made once: making one takes longer than answering it, and longest in a turn's every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, bindparam, inspect
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from .base import Base
from .sessions import LentSession
from .written import Written

T = TypeVar("T", bound=Base)
_COLUMNS: Final = {"meta": "metadata"}
"""Attributes that are not named as their columns are."""
_ATTRIBUTES: Final = {column: attribute for attribute, column in _COLUMNS.items()}


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
    connection = session.connection()
    if (written := _written(session, connection, statement)) is not None:
        return written.rows(connection, given)
    return connection.execute(statement, dict(given)).all()


def unstored(model: type[T], row: Mapping[str, Any]) -> T:
    """The object of a row that `store` is to insert; no value of it is noted as changed, which costs most of making one."""
    made = model()
    vars(made).update(row)
    return made


def store(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]], made: Sequence[Any]) -> None:
    """Stores rows by an insert that gives their `seq`, and makes their objects the session's.

    The unit of work costs four times that.
    """
    if session.new or session.dirty or session.deleted:
        session.flush()
    named = [{_COLUMNS.get(name, name): value for name, value in row.items()} for row in rows]
    connection = session.connection()
    written = _written(session, connection, statement, named[0]) if len(named) == 1 else None
    if written is not None:
        numbers = [row[0] for row in written.rows(connection, named[0])]
    else:
        numbers = list(connection.execute(statement, named).scalars())
    for one, seq in zip(made, numbers, strict=True):
        vars(one)["seq"] = seq
        _join(session, one)


def current(session: Session, model: type[T], row: Row[Any]) -> T:
    """The session's object of a row that was fetched with all its columns, as the row stands now."""
    values = {_ATTRIBUTES.get(name, name): value for name, value in zip(row._fields, row, strict=True)}
    ident = tuple(values[column.name] for column in inspect(model).primary_key)
    known: T | None = session.identity_map.get(identity_key(model, ident))
    if known is None:
        known = unstored(model, values)
        _join(session, known)
    else:
        for name, value in values.items():
            set_committed_value(known, name, value)
    return known


def _join(session: Session, made: Base) -> None:
    make_transient_to_detached(made)
    session.add(made)


def change(session: Session, statement: Any, given: Mapping[str, Any]) -> int:
    """How many rows a statement writes; objects that the session has of them are not brought up to date."""
    if session.new or session.dirty or session.deleted:
        session.flush()
    connection = session.connection()
    if (written := _written(session, connection, statement)) is not None:
        return written.count(connection, given)
    return int(connection.execute(statement, dict(given)).rowcount)


_known: dict[tuple[Any, ...], Written | None] = {}


def _written(
    session: Session, connection: Connection, statement: Any, row: Mapping[str, Any] | None = None
) -> Written | None:
    """The statement as the driver takes it, in sessions that are lent: who has one of their own may listen to it."""
    if not isinstance(session, LentSession) or connection.dispatch.after_cursor_execute:
        return None
    key = (statement, connection.dialect.name, *(row or ()))
    if key not in _known:
        _known[key] = Written.of(statement, connection.dialect, row)
    return _known[key]
