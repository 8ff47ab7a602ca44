"""Finds what was said: full text and likeness in meaning, fused, and for each hit why it was found.

The recipe is the one measured on LoCoMo: z(BM25 over the turn before + the turn) + 0.6 z(cosine)
+ 1.5 where the speaker is the one person asked about + 0.2 the best of the same sitting. Raw messages are
what is found; the facts taken from them are further keys to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import LargeBinary, select, type_coerce
from sqlalchemy.orm import Session

from .base import as_utc
from .lexical import lexical
from .memory import MemoryIndex, MemorySource
from .message import Message
from .repositories import memories as memory_queries
from .repositories.messages import owned
from .scope import Scope

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

DENSE: Final = 0.6
SPEAKER: Final = 1.5
SITTING: Final = 0.2
QUESTION: Final = -0.9
TOLD: Final = 0.3
FACT: Final = 0.5
IMPORTANCE: Final = 0.3
SITTING_GAP: Final = 3600.0


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Which message a hit stands for."""

    id: str
    client_id: str | None
    conversation_id: str
    position: int


@dataclass(slots=True)
class Hit:
    """Something remembered: its text, how well it fits, why, and the message and memories behind it."""

    content: str
    score: float
    importance_score: float
    parts: dict[str, float]
    role: str = "user"
    name: str | None = None
    at: datetime | None = None
    message: MessageRef | None = None
    memory_ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    seq: int
    id: str
    conversation_id: str
    speaker: str
    told: bool
    seconds: float
    asks: bool
    vector: bytes | None


def search(
    session: Session,
    scope: Scope,
    query: str,
    *,
    vector: Numbers | None = None,
    limit: int = 10,
    conversation_id: str | None = None,
    exclude: Collection[str] = (),
) -> list[Hit]:
    """The messages and free-standing memories of a user that fit a query best, best first."""
    import numpy as np

    rows = _rows(session, scope, conversation_id)
    facts = _facts(session, scope)
    tied: dict[str, list[MemoryIndex]] = {}
    for fact, message_id in facts:
        if message_id is not None:
            tied.setdefault(message_id, []).append(fact)
    importance = {fact.id: fact.importance_score for fact, _ in facts}
    fact_scores = _fact_scores(session, scope, query, [fact for fact, _ in facts], vector)
    found: list[Hit] = []
    if rows:
        parts = {
            "words": _z(lexical(session, scope, query, "message", [row.seq for row in rows])),
            "meaning": DENSE * _z(_cosines([row.vector for row in rows], vector)),
            "speaker": SPEAKER * _speakers(query, rows),
            "told": TOLD * np.asarray([row.told for row in rows], np.float32),
            "question": QUESTION * np.asarray([row.asks for row in rows], np.float32),
            "fact": FACT * np.asarray([max((fact_scores[f.id] for f in tied.get(row.id, ())), default=0.0) for row in rows], np.float32),
            "importance": IMPORTANCE * np.asarray([max((f.importance_score for f in tied.get(row.id, ())), default=0.5) - 0.5 for row in rows], np.float32),
        }  # fmt: skip
        total = sum(parts.values(), np.zeros(len(rows), np.float32))
        parts["sitting"] = SITTING * _sittings(total - parts["question"], rows)
        total = total + parts["sitting"]
        skip = set(exclude)
        order = [int(i) for i in np.lexsort((-np.arange(len(rows)), -total)) if rows[int(i)].id not in skip][
            :limit
        ]
        content = _messages(session, [rows[i].seq for i in order])
        for i in order:
            message, behind = content[rows[i].seq], tied.get(rows[i].id, [])
            found.append(
                _hit(
                    message,
                    behind,
                    float(total[i]),
                    {key: round(float(part[i]), 4) for key, part in parts.items()},
                )
            )
    if conversation_id is None:
        loose = [fact for fact, message_id in facts if message_id is None]
        found += [
            _loose_hit(fact, fact_scores[fact.id] + IMPORTANCE * (importance[fact.id] - 0.5))
            for fact in loose
        ]
    found.sort(key=lambda hit: (-hit.score, -hit.importance_score))
    return found[:limit]


def _rows(session: Session, scope: Scope, conversation_id: str | None) -> list[_Row]:
    query = (
        select(
            Message.seq, Message.id, Message.conversation_id, Message.name, Message.role, Message.timestamp,
            Message.content.like("%?"), type_coerce(Message.embedding, LargeBinary),
        )
        .where(*owned(scope, conversation_id))
        .order_by(Message.conversation_id, Message.position)
    )  # fmt: skip
    return [
        _Row(
            seq,
            id_,
            conversation,
            name or role,
            role == "user",
            as_utc(at).timestamp(),
            bool(asks),
            bytes(vector) if vector else None,
        )
        for seq, id_, conversation, name, role, at, asks, vector in session.execute(query)
    ]


def _facts(session: Session, scope: Scope) -> list[tuple[MemoryIndex, str | None]]:
    query = (
        select(MemoryIndex, MemorySource.message_id)
        .outerjoin(MemorySource, MemorySource.memory_id == MemoryIndex.id)
        .where(*memory_queries.owned(scope), MemoryIndex.valid_to.is_(None))
        .order_by(MemoryIndex.seq)
    )
    return [(fact, message_id) for fact, message_id in session.execute(query)]


def _fact_scores(
    session: Session, scope: Scope, query: str, facts: Sequence[MemoryIndex], vector: Numbers | None
) -> dict[str, float]:
    if not facts:
        return {}
    import numpy as np

    said = lexical(session, scope, query, "memory", [fact.seq for fact in facts])
    wanted = None if vector is None else len(vector)
    vectors = [
        np.asarray(f.embedding, np.float16).tobytes() if f.embedding and f.embedding_dim == wanted else None
        for f in facts
    ]
    cosine = _cosines(vectors, vector)
    # A handful of facts says little about spread, so these stand on their own scale: words found, and likeness.
    return {fact.id: float(said[i] > 0) + 2.0 * float(max(cosine[i], 0.0)) for i, fact in enumerate(facts)}


def _cosines(vectors: Sequence[bytes | None], vector: Numbers | None) -> Numbers:
    """The likeness of each vector to the query's; one of another dimension, or none, counts as unlike."""
    import numpy as np

    found = np.zeros(len(vectors), np.float32)
    if vector is None:
        return found
    size = 2 * len(vector)
    there = [i for i, stored in enumerate(vectors) if stored is not None and len(stored) == size]
    if there:
        matrix = (
            np.frombuffer(b"".join(vectors[i] or b"" for i in there), np.float16)
            .reshape(len(there), -1)
            .astype(np.float32)
        )
        found[there] = matrix @ np.asarray(vector, np.float32)
    return found


def _z(scores: Numbers) -> Numbers:
    return (scores - scores.mean()) / (scores.std() + 1e-9)  # type: ignore[no-any-return]


def _speakers(query: str, rows: Sequence[_Row]) -> Numbers:
    """One for the turns of the person asked about: the one who is named, or the user where they say I or my."""
    import numpy as np

    names = {row.speaker for row in rows}
    asked = [name for name in names if re.search(rf"\b{re.escape(name)}\b", query)]
    if len(asked) == 1:
        return np.asarray([row.speaker == asked[0] for row in rows], np.float32)
    if "user" in names and "assistant" in names and re.search(r"\b(i|my|me|mine|i'm)\b", query.lower()):
        return np.asarray([row.speaker == "user" for row in rows], np.float32)
    return np.zeros(len(rows), np.float32)


def _sittings(scores: Numbers, rows: Sequence[_Row]) -> Numbers:
    """The mean of the best three scores of the same sitting: turns of a conversation without an hour between."""
    import numpy as np

    starts = [
        i
        for i, row in enumerate(rows)
        if i == 0
        or row.conversation_id != rows[i - 1].conversation_id
        or abs(row.seconds - rows[i - 1].seconds) > SITTING_GAP
    ]
    found = np.zeros(len(rows), np.float32)
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        found[start:end] = np.sort(scores[start:end])[-3:].mean()
    return found


def _messages(session: Session, seqs: Sequence[int]) -> dict[int, Message]:
    query = select(Message).where(Message.seq.in_(seqs))
    return {message.seq: message for message in session.scalars(query)}


def _hit(message: Message, behind: Sequence[MemoryIndex], score: float, parts: dict[str, float]) -> Hit:
    return Hit(
        content=message.content,
        score=round(score, 4),
        importance_score=max((fact.importance_score for fact in behind), default=0.5),
        parts=parts,
        role=message.role,
        name=message.name,
        at=message.timestamp,
        message=MessageRef(message.id, message.client_id, message.conversation_id, message.position),
        memory_ids=[fact.id for fact in behind],
    )


def _loose_hit(fact: MemoryIndex, score: float) -> Hit:
    return Hit(
        content=fact.content,
        score=round(score, 4),
        importance_score=fact.importance_score,
        parts={"fact": round(score, 4)},
        at=fact.created_at,
        memory_ids=[fact.id],
    )


def neutral(query: str, names: Collection[str]) -> str:
    """A query without the names of those who speak: they would draw in every turn of theirs by likeness."""
    for name in names:
        query = re.sub(
            rf"\b{re.escape(name)}('s)?\b", lambda match: "their" if match.group(1) else "they", query
        )
    return query


def speakers(session: Session, scope: Scope) -> list[str]:
    """The names of those who speak in a user's conversations."""
    query = select(Message.name).where(*owned(scope), Message.name.is_not(None)).distinct()
    return [name for name in session.scalars(query) if name]
