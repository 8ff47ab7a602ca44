"""All that is kept of a user as lines of JSON, so that it can be taken elsewhere; `restore` reads it back.

The first line says what it is, the last one how many rows there were, so that a file cut short is noticed. Between
them stands one row on a line, in the order in which they can be restored.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, LargeBinary, String, select, text, type_coerce
from sqlalchemy.orm import Session

from .base import Base, Vector, as_utc, now
from .context_window import ContextWindow
from .conversation import Conversation
from .label import ConversationLabel
from .memory import MemoryIndex, MemorySource
from .message import Message
from .preference import PreferenceObservation, UserPreference
from .scope import Scope
from .tool_execution import ToolExecution

FORMAT: Final = "turngraph export"
VERSION: Final = 1
PORTION: Final = 500
EMBEDDED: Final = ("embedding", "embedding_model", "embedding_dim")
_OURS: Final = ("tenant_id", "user_id", "seq")


@dataclass(frozen=True, slots=True)
class Kind:
    """A table in an export: what its lines are called, and the order of its rows."""

    name: str
    model: type[Base]
    order: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The columns that a line has, embeddings among them."""
        return [name for name in self.model.__table__.columns.keys() if name not in _OURS]  # noqa: SIM118


KINDS: Final = (
    Kind("conversation", Conversation, ("id",)),
    Kind("message", Message, ("conversation_id", "position")),
    Kind("memory", MemoryIndex, ("seq",)),
    Kind("preference", UserPreference, ("key",)),
    Kind("observation", PreferenceObservation, ("seq",)),
    Kind("label", ConversationLabel, ("conversation_id",)),
    Kind("context_window", ContextWindow, ("created_at", "id")),
    Kind("tool_execution", ToolExecution, ("started_at", "number", "id")),
)


def exported(session: Session, scope: Scope, *, embeddings: bool = False) -> Iterator[str]:
    """The lines, all of one moment; embeddings are base64 of float16, or are left to be made anew."""
    _at_one_moment(session)
    about = {"format": FORMAT, "version": VERSION, "tenant": scope.tenant, "user": scope.user}
    yield _line({**about, "exported_at": now().isoformat(), "embeddings": embeddings})
    counts: dict[str, int] = {}
    for kind in KINDS:
        counts[kind.name] = 0
        for row in _rows(session, scope, kind, embeddings):
            counts[kind.name] += 1
            yield _line({"kind": kind.name, **row})
    yield _line({"kind": "end", "counts": counts})


def _at_one_moment(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    elif not session.connection().connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
        session.connection().exec_driver_sql("BEGIN")  # the driver begins none for reading


def _rows(session: Session, scope: Scope, kind: Kind, embeddings: bool) -> Iterator[dict[str, Any]]:
    table = kind.model.__table__.c
    names = [name for name in kind.columns if embeddings or name not in EMBEDDED]
    columns = [
        type_coerce(table[name], LargeBinary) if isinstance(table[name].type, Vector) else table[name]
        for name in names
    ]
    mine: list[ColumnElement[bool]] = [table.tenant_id == scope.tenant, table.user_id == scope.user]
    query = select(*columns).where(*mine).order_by(*(_place(session, table[name]) for name in kind.order))
    rows = session.execute(query.execution_options(yield_per=PORTION))
    for some in rows.partitions(PORTION):
        found = [
            {name: _plain(value) for name, value in zip(names, row, strict=True) if not _bare(name, value)}
            for row in some
        ]
        if kind.model is MemoryIndex:
            _tie(session, scope, found)
        yield from found


def _place(session: Session, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as an order that is the same on every database."""
    if isinstance(column.type, String) and session.get_bind().dialect.name == "postgresql":
        return column.collate("C")
    return column


def _tie(session: Session, scope: Scope, memories: list[dict[str, Any]]) -> None:
    by_id = {memory["id"]: memory for memory in memories}
    query = select(MemorySource.memory_id, MemorySource.message_id).where(
        MemorySource.tenant_id == scope.tenant,
        MemorySource.user_id == scope.user,
        MemorySource.memory_id.in_(by_id),
    )
    for memory in memories:
        memory["sources"] = []
    for memory_id, message_id in sorted(tuple(row) for row in session.execute(query)):
        by_id[memory_id]["sources"].append(message_id)


def _bare(name: str, value: Any) -> bool:
    return value is None and name in EMBEDDED


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return as_utc(value).isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"
