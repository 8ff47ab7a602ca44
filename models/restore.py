"""Reads an export back: into the scope that is given, with the ids it has, all of it or nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Float, Integer, String, insert, select
from sqlalchemy.orm import Session

from ..engine import ValidationError
from . import tool_execution
from .base import UtcTime, Vector, as_utc
from .conversation import STATUSES, Conversation
from .errors import Conflict
from .export import EMBEDDED, FORMAT, KINDS, PORTION, VERSION, Kind
from .memory import MemoryIndex, MemorySource
from .message import ROLES, Message
from .preference import UserPreference
from .repositories.messages import check_content
from .scope import Scope, check_json, check_text

_KINDS: Final = {kind.name: kind for kind in KINDS}
_CHOICES: Final = {
    "conversations.status": STATUSES,
    "messages.role": ROLES,
    "tool_executions.status": tool_execution.STATUSES,
    "user_preferences.source": ("stated", "inferred"),
}


def restored(session: Session, scope: Scope, lines: Iterable[str]) -> dict[str, int]:
    """Stores what an export has, and says how many rows of each kind; Conflict where an id is taken already.

    All of it is one transaction. What the export says of tenant and user does not matter: the scope does.
    """
    rows = _lines(lines)
    _check_head(next(rows, None))
    counts = {kind.name: 0 for kind in KINDS}
    places: dict[str, int] = {}
    waiting: list[dict[str, Any]] = []
    current: Kind | None = None
    ended: dict[str, Any] | None = None
    for number, line in rows:
        name = line.pop("kind", None)
        if ended is not None:
            raise _wrong(number, "something follows the line of kind 'end'")
        if name == "end":
            ended = line
            continue
        kind = _KINDS.get(name)
        if kind is None:
            raise _wrong(number, f"kind: expected one of {', '.join(_KINDS)} or end, found {name!r}")
        if kind is not current or len(waiting) >= PORTION:
            _store(session, scope, current, waiting)
            current, waiting = kind, []
        counts[kind.name] += 1
        waiting.append(_row(kind, line, number, places))
    _store(session, scope, current, waiting)
    if ended is None or ended.get("counts") != counts:
        found = (
            "no line of kind 'end'"
            if ended is None
            else f"{counts}, and the export says {ended.get('counts')}"
        )
        raise ValidationError(f"the export is not whole: found {found}; export it again", ["counts"])
    return counts


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise _wrong(number, f"it is no JSON: {error}") from None
        if not isinstance(found, dict):
            raise _wrong(number, f"expected an object, found {type(found).__name__}")
        yield number, found


def _check_head(head: tuple[int, dict[str, Any]] | None) -> None:
    found = {} if head is None else head[1]
    if found.get("format") != FORMAT:
        raise ValidationError(
            f"this is no export: expected a first line with the format {FORMAT!r}, as `turngraph memory export` writes it",
            ["format"],
        )
    if found.get("version") != VERSION:
        raise ValidationError(
            f"version: expected {VERSION}, found {found.get('version')!r}; a newer turngraph wrote it, or none",
            ["version"],
        )


def _row(kind: Kind, line: dict[str, Any], number: int, places: dict[str, int]) -> dict[str, Any]:
    """The values of a row, each of its column's type and with what the repositories ask of it."""
    sources = line.pop("sources", None) if kind.model is MemoryIndex else None
    wanted = [name for name in kind.columns if name not in EMBEDDED]
    if odd := sorted((set(wanted) - set(line)) | (set(line) - set(kind.columns))):
        raise _wrong(
            number, f"a {kind.name} has not the fields that were expected; these differ: {', '.join(odd)}"
        )
    columns = kind.model.__table__.columns
    row: dict[str, Any] = {name: None for name in EMBEDDED if name in kind.columns}
    for name, value in line.items():
        try:
            row[name] = _value(name, columns[name], value)
        except (TypeError, ValueError, binascii.Error, ValidationError) as error:
            raise _wrong(number, f"{name}: {error}") from None
    vector, dimension = row.get("embedding"), row.get("embedding_dim")
    if vector is not None and len(vector) != 2 * (dimension or 0):
        raise _wrong(number, f"embedding: expected {dimension} numbers of 2 bytes, found {len(vector)} bytes")
    if kind.model is Conversation:
        places[row["id"]] = 0
    elif "conversation_id" in row and row["conversation_id"] not in places:
        raise _wrong(number, f"conversation_id: no conversation {row['conversation_id']!r} comes before it")
    if kind.model is Message:
        # Positions count on without gaps, or a later message would have no place.
        talk = row["conversation_id"]
        places[talk] += 1
        if row["position"] != places[talk]:
            raise _wrong(number, f"position: expected {places[talk]}, found {row['position']}")
    if kind.model is MemoryIndex:
        if not isinstance(sources, list) or not all(isinstance(one, str) for one in sources):
            raise _wrong(number, "sources: expected a list of the ids of messages")
        row["sources"] = sources
    return row


def _value(name: str, column: Any, value: Any) -> Any:
    kind = column.type
    if value is None and not isinstance(kind, JSON):
        if not column.nullable:
            raise ValueError("expected a value, found null")
        return None
    if name == "content":
        return check_content(value)
    choices = _CHOICES.get(str(column))
    if choices is not None and value not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}, found {value!r}")
    if isinstance(kind, UtcTime):
        return as_utc(datetime.fromisoformat(str(value)))
    if isinstance(kind, Vector):
        return base64.b64decode(str(value), validate=True)
    expected: Any = (
        bool if isinstance(kind, Boolean) else int if isinstance(kind, Integer)
        else (int, float) if isinstance(kind, Float) else str if isinstance(kind, String) else None
    )  # fmt: skip
    if expected is None:
        check_json(value, name)
    elif not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise ValueError(f"found a {type(value).__name__}, which it cannot be")
    if isinstance(value, str):
        check_text(name, value)
        if isinstance(kind, String) and kind.length is not None and len(value) > kind.length:
            raise ValueError(f"expected at most {kind.length} characters, found {len(value)}")
    return value


def _store(session: Session, scope: Scope, kind: Kind | None, rows: list[dict[str, Any]]) -> None:
    if kind is None or not rows:
        return
    _check_free(session, scope, kind, rows)
    mine = {"tenant_id": scope.tenant, "user_id": scope.user}
    table: Any = kind.model.__table__
    tied = [
        {**mine, "memory_id": row["id"], "message_id": message_id}
        for row in rows
        for message_id in row.pop("sources", ())
    ]
    _check_told(session, scope, kind, {one["message_id"] for one in [*tied, *rows] if "message_id" in one})
    session.execute(insert(table), [{**mine, **row} for row in rows])
    if tied:
        session.execute(insert(MemorySource), tied)


def _check_told(session: Session, scope: Scope, kind: Kind, ids: set[str]) -> None:
    """Nothing rests on a message that is not the user's own."""
    query = select(Message.id).where(
        Message.tenant_id == scope.tenant, Message.user_id == scope.user, Message.id.in_(ids)
    )
    if gone := ids - set(session.scalars(query)) if ids else ids:
        raise ValidationError(
            f"a {kind.name} rests on the message {min(gone)!r}, which the export does not have",
            ["message_id"],
        )


def _check_free(session: Session, scope: Scope, kind: Kind, rows: list[dict[str, Any]]) -> None:
    """Conflict where an id is taken: a message's and a memory's by anybody, others by this user."""
    table = kind.model.__table__.c
    key = "key" if kind.model is UserPreference else "id"
    if key not in table:
        return
    query = select(table[key]).where(table[key].in_([row[key] for row in rows]))
    if kind.model in (Conversation, UserPreference):
        query = query.where(table.tenant_id == scope.tenant, table.user_id == scope.user)
    if (taken := session.scalar(query.limit(1))) is not None:
        raise Conflict(
            f"the {kind.name} {taken!r} cannot be restored, since that {key} is taken in this database; forget what "
            f"is there, or restore into another database. Nothing was stored"
        )


def _wrong(number: int, why: str) -> ValidationError:
    return ValidationError(f"line {number} of the export: {why}", [f"line {number}"])
