"""Conversations that are stored already, as the records of a batch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, literal, select, tuple_
from sqlalchemy.orm import Session

from ...engine import ValidationError
from ...engine.errors import did_you_mean, listing
from ...models import Conversation, DatabaseManager
from ...models.base import UtcTime, as_utc, now
from ...models.conversation import STATUSES
from ...services.records import Read

KEYS: Final = ("user", "status", "since", "until", "title", "conversation")
PORTION: Final = 500
_AGE: Final = re.compile(r"(\d+)([hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


def stored_conversations(db: DatabaseManager, tenant: str, where: Sequence[str]) -> Iterator[Read]:
    """The tenant's conversations that fit, user by user and the oldest first, each as {"user_id", "conversation_id"}.

    `where` is a list of `KEY=VALUE`: user, status, conversation, title (a part of it), since and until (a time, or
    an age such as 30d). `all=yes` takes every one.
    """
    query = _query(tenant, where)
    return _read(db, query)


def _read(db: DatabaseManager, query: Select[Any]) -> Iterator[Read]:
    row, number = Conversation, 0
    after: tuple[Any, ...] | None = None
    # A portion at a time by key, so that no transaction is open while the records are worked through.
    while True:
        some = query
        if after is not None:
            some = query.where(tuple_(row.user_id, row.created_at, row.id) > tuple_(*after))
        rows = db.read_now(partial(_rows, some.limit(PORTION)))
        for tenant_id, user_id, created_at, conversation_id in rows:
            number += 1
            after = (user_id, literal(created_at, UtcTime()), conversation_id)
            value = {"tenant_id": tenant_id, "user_id": user_id, "conversation_id": conversation_id}
            yield Read(number, value, size=len(user_id) + len(conversation_id))
        if len(rows) < PORTION:
            return


def _rows(query: Select[Any], session: Session) -> list[Any]:
    return list(session.execute(query).all())


def _query(tenant: str, where: Sequence[str]) -> Any:
    row = Conversation
    columns: tuple[Any, ...] = (row.tenant_id, row.user_id, row.created_at, row.id)
    query: Any = select(*columns).where(row.tenant_id == tenant)
    query = query.order_by(row.user_id, row.created_at, row.id)
    for text in where:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise ValidationError(
                f"--where: expected KEY=VALUE, found {text!r}; keys are {listing((*KEYS, 'all'))}"
            )
        if key == "user":
            query = query.where(row.user_id == value)
        elif key == "status":
            if value not in STATUSES:
                raise ValidationError(
                    f"--where status: expected one of {', '.join(STATUSES)}, found {value!r}"
                )
            query = query.where(row.status == value)
        elif key == "conversation":
            query = query.where(row.id == value)
        elif key == "title":
            query = query.where(row.title.icontains(value, autoescape=True))
        elif key in ("since", "until"):
            moment = _moment(key, value)
            query = query.where(row.updated_at >= moment if key == "since" else row.updated_at < moment)
        elif key != "all":
            raise ValidationError(
                f"--where: the key {key!r} is not known; {did_you_mean(key, (*KEYS, 'all'))}"
            )
    return query


def _moment(key: str, value: str) -> datetime:
    if age := _AGE.fullmatch(value):
        return now() - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        return as_utc(datetime.fromisoformat(value))
    except ValueError:
        raise ValidationError(
            f"--where {key}: expected a time such as 2026-03-12T09:30:00Z or an age such as 30d, found {value!r}"
        ) from None
