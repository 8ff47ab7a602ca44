"""What a search gives: a hit, with its reasons and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from .base import now
from .matrix import NEVER, Matrix
from .memory import MemoryIndex
from .message import Message
from .prepared import columns, fetch, mine
from .repositories import memories
from .scope import Scope

IMPORTANCE: Final = 0.5
USED: Final = 0.05
MOST_USED: Final = 10.0
"""More doublings than these weigh nothing: recalled a thousand times is recalled often enough."""
APART: Final = IMPORTANCE + USED * MOST_USED + 1e-3
"""What is this far behind, before importance and use are weighed, stays behind; scores are rounded, too."""
PORTION: Final = 500  # SQLite takes a bounded number of variables

FORGOTTEN_AFTER: Final = 30.0


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Which message a hit stands for."""

    id: str
    client_id: str | None
    conversation_id: str
    position: int

    def to_dict(self) -> dict[str, Any]:
        """The reference as JSON values."""
        return {
            "id": self.id,
            "client_id": self.client_id,
            "conversation_id": self.conversation_id,
            "position": self.position,
        }


@dataclass(slots=True)
class Hit:
    """Something remembered: its text, how well it fits, why, and the message and memories behind it.

    `parts` add up to `score`. A memory's `sources` are the messages it came from, and it holds from `valid_from`
    until `valid_to`; a message stays what was said at the time.
    """

    content: str
    score: float
    importance_score: float
    parts: dict[str, float]
    role: str = "user"
    name: str | None = None
    at: datetime | None = None
    message: MessageRef | None = None
    memory_ids: list[str] = field(default_factory=list)
    category: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    sources: list[MessageRef] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The hit as JSON values."""
        return {
            "content": self.content,
            "score": self.score,
            "importance_score": self.importance_score,
            "parts": self.parts,
            "role": self.role,
            "name": self.name,
            "at": _told(self.at),
            "message": self.message.to_dict() if self.message else None,
            "memory_ids": self.memory_ids,
            "category": self.category,
            "valid_from": _told(self.valid_from),
            "valid_to": _told(self.valid_to),
            "sources": [source.to_dict() for source in self.sources],
        }


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is asked of a memory to weigh it."""

    id: str
    importance: float
    use: float
    category: str


class Shortlist:
    """The best rows of a matrix, weighed also by what changes too often to be held in it: importance and use."""

    def __init__(
        self, session: Session, scope: Scope, matrix: Matrix, scores: Mapping[int, float], *, past: bool
    ) -> None:
        self._session, self._matrix = session, matrix
        self._mine = scope.mine
        self._scope = scope
        behind = {row: [row] for row in scores if matrix.memory[row]} | _behind(matrix, scores, past=past)
        facts = self._facts([memory for tied in behind.values() for memory in tied])
        self._behind = {row: [facts[m] for m in tied if m in facts] for row, tied in behind.items()}
        self.more = {row: _weight(facts) for row, facts in self._behind.items()}
        self.scores = {row: score + sum(self.more.get(row, {}).values()) for row, score in scores.items()}

    def ordered(self) -> list[int]:
        """The rows, best first; among equals the more important, then the newer."""
        since = self._matrix.since
        return sorted(
            self.scores,
            key=lambda row: (-round(self.scores[row], 4), -self._importance(row), -since[row], -row),
        )

    def lower(self, row: int, part: str, by: float) -> None:
        """Takes something from a row's score, for a reason."""
        self.more.setdefault(row, {})[part] = -by
        self.scores[row] -= by

    def hits(self, rows: Sequence[int], reasons: Mapping[str, Any]) -> list[Hit]:
        """The hits for some rows; what was deleted this very moment is left out."""
        said = self._messages([row for row in rows if not self._matrix.memory[row]])
        content = said | self._memories([row for row in rows if self._matrix.memory[row]])
        places = list(rows)
        why = {name: part[places].tolist() for name, part in reasons.items()}
        found = []
        for place, row in enumerate(rows):
            if row in content:
                facts = self._behind.get(row, ())
                parts = {name: part[place] for name, part in why.items()} | self.more.get(row, {})
                found.append(
                    Hit(
                        score=round(self.scores[row], 4),
                        importance_score=self._importance(row),
                        parts={name: part and round(part, 4) for name, part in parts.items()},
                        memory_ids=[fact.id for fact in facts],
                        category=next((fact.category for fact in facts), None),
                        **content[row],
                    )
                )
        return found

    def _importance(self, row: int) -> float:
        return max((fact.importance for fact in self._behind.get(row, ())), default=0.5)

    def _facts(self, rows: Sequence[int]) -> dict[int, _Fact]:
        return {
            row: _Fact(id_, importance, _use(count, last), category)
            for row, (id_, importance, count, last, category) in self._read(_WEIGHED, rows)
        }

    def _messages(self, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
        return {
            row: {"content": content, "role": role, "name": name, "at": at, "message": MessageRef(*ref)}
            for row, (content, role, name, at, *ref) in self._read(_SAID, rows)
        }

    def _memories(self, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
        found = dict(self._read(_REMEMBERED, rows))
        if not found:
            return {}
        sources = memories.sources_of(self._session, self._scope, [row[0] for row in found.values()])
        return {
            row: {
                "content": content, "at": begun, "valid_from": begun, "valid_to": ended,
                "sources": [MessageRef(m.id, m.client_id, m.conversation_id, m.position) for m in sources.get(id_, ())],
            }
            for row, (id_, content, begun, ended) in found.items()
        }  # fmt: skip

    def _read(self, statement: Any, rows: Sequence[int]) -> Iterator[tuple[int, Any]]:
        """Some columns of the rows' rows in the database."""
        places = {int(self._matrix.seq[row]): row for row in rows}
        seqs = list(places)
        for start in range(0, len(seqs), PORTION):
            given = {**self._mine, "seqs": seqs[start : start + PORTION]}
            for found in fetch(self._session, statement, given):
                yield places[found[0]], found[1:]


def _statement(table: Any, *columns: Any) -> Any:
    return select(table.seq, *columns).where(table.seq.in_(bindparam("seqs", expanding=True)), *mine(table))


_M, _F = columns(Message), columns(MemoryIndex)
_SAID: Final = _statement(
    _M, _M.content, _M.role, _M.name, _M.timestamp, _M.id, _M.client_id, _M.conversation_id, _M.position
)  # fmt: skip
_REMEMBERED: Final = _statement(_F, _F.id, _F.content, _F.valid_from, _F.valid_to)
_WEIGHED: Final = _statement(
    _F, _F.id, _F.importance_score, _F.access_count, func.coalesce(_F.last_accessed, _F.created_at), _F.category
)  # fmt: skip


def _weight(facts: Sequence[_Fact]) -> dict[str, float]:
    importance = max((fact.importance for fact in facts), default=0.5)
    use = max((fact.use for fact in facts), default=0.0)
    return {"importance": IMPORTANCE * (importance - 0.5), "used": USED * use}


def _behind(matrix: Matrix, rows: Iterable[int], *, past: bool) -> dict[int, list[int]]:
    """The memories from the messages among some rows: those that hold, or of the past those that ever did."""
    wanted, found = set(rows), dict[int, list[int]]()
    for message, memory in matrix.ties:
        if message in wanted and (
            matrix.until[memory] == NEVER or (past and matrix.until[memory] > matrix.since[memory])
        ):
            found.setdefault(message, []).append(memory)
    return found


def _use(count: int, last: datetime) -> float:
    """How often something was recalled, in doublings, half of it a month after the last time."""
    if count < 1:
        return 0.0
    days = max((now() - last).total_seconds() / 86_400, 0.0)
    return float(min(math.log2(1 + count), MOST_USED) * 0.5 ** (days / FORGOTTEN_AFTER))


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
