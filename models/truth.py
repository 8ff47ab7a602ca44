"""What becomes of earlier facts when new ones are told: one is strengthened, some are closed, or one is put right.

Where the rules cannot know, both are kept: a true fact that is retired is worse than an old one that stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, load_only

from ..services import Fact
from ..services.llm.facts_rest import elsewhere, rest_of
from ..services.llm.facts_slips import Slip, meant_of, put_right, thing_of
from ..services.llm.facts_slots import of_work, same_value
from ..services.llm.facts_themes import themes_of
from ..services.llm.facts_topic import (
    Topic,
    akin,
    base_of,
    changeable,
    ended_by,
    kept_in,
    restated,
    retold,
    superseded_by,
    telling_stems,
)
from ..services.llm.facts_turns import CHANGING, turns
from .about import sides
from .base import now
from .memory import MemoryIndex
from .prepared import columns, mine
from .repositories import memories
from .scope import Scope
from .succession import LEARNED, Told, ended
from .vectors import cosine, unit

LOOKED_AT: Final = 200
"""How many of the newest facts are compared by their words; those of the same slot are compared however old."""

SLIP_WITHIN: Final = timedelta(days=7)
"""How long after a statement a correction that names no slip still means it."""

ALIKE: Final = 0.92
"""The cosine from which two statements that share words, names and numbers are one."""

AGAIN: Final = 0.7
"""The cosine from which a statement that names nothing new is an earlier one over again."""

NEAR: Final = 0.38
APART: Final = 0.15
"""How like a statement of what is so now must be to the one that it replaces, and how much less to any other."""

MOST_OVER: Final = 5
"""How many facts one message may end by a model's judgement; a longer list is no judgement."""

WHOLE: Final = ("home", "job")
"""Attributes whose facets all change at once."""


@dataclass(frozen=True, slots=True)
class Telling:
    """When and in which messages facts were told."""

    sources: Collection[str] = ()
    at: datetime = field(default_factory=now)
    embedding_model: str | None = None
    said: str = ""
    """The message itself: how something is said tells what it ends."""
    over: Collection[str] | None = None
    """Ids of memories that a model judged to be over; None where none was asked, and the learned signs judge."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A fact that was told, and its embedding."""

    fact: Fact
    embedding: bytes | Sequence[float] | None = None


def learn(session: Session, scope: Scope, claims: Sequence[Claim], telling: Telling) -> int:
    """Stores what was told in one message, closes or strengthens what it is about, and says how many are new."""
    known = _known(session, scope, claims)
    held = [row for row in known if row.valid_from <= telling.at]
    fresh: list[MemoryIndex] = []
    rows: list[MemoryIndex] = []
    for claim in claims:
        if claim.fact.effect == "corrects":
            made, new = _corrected(session, scope, claim, telling, [*reversed(fresh), *known])
        else:
            made, new = _told(session, scope, claim, telling, known)
        rows.append(made)
        if new:
            fresh.append(made)
    _followed(held, claims, rows, telling)
    if telling.over is not None and len(telling.over) <= MOST_OVER:
        _judged(session, scope, rows, fresh, telling)
    elif fresh:
        free = [row for row in _not_kept(held, telling) if not _said_again(row, claims, rows)]
        _succeed(claims, rows, free, telling)
    _keep_rest(session, scope, held, rows, telling)
    return len(fresh)


def _keep_rest(
    session: Session, scope: Scope, held: Sequence[MemoryIndex], rows: Sequence[MemoryIndex], telling: Telling
) -> None:
    """Keeps what a fact told beside what is over: who moved house is still a violin teacher."""
    for row in (one for one in held if one.valid_to is not None):
        by = next((one for one in rows if one.id == row.superseded_by), None)
        rest = _rest(row, by, telling.said)
        mended = by.content if by is not None and row.valid_to == row.valid_from else ""
        if rest is None or telling_stems(rest) <= telling_stems(mended):
            continue
        sources = [message.id for message in memories.sources_of(session, scope, [row.id]).get(row.id, ())]
        memories.remember(
            session, scope, rest, sources=sources, content_type=row.content_type, category=row.category,
            importance=row.importance_score, embedding=row.embedding, embedding_model=row.embedding_model,
            subject=row.subject, at=row.valid_from,
        )  # fmt: skip


def _rest(row: MemoryIndex, by: MemoryIndex | None, said: str) -> str | None:
    """What of a fact that is over still holds."""
    slip = row.valid_to is not None and row.valid_to <= row.valid_from
    of_it = _of_the_slot(row, by, said)
    if (row.slot or "").startswith("user/job") and not of_it and (stays := elsewhere(row.content)):
        return stays
    return rest_of(row.content, row.value if of_it else None, said, slip=slip)


def _of_the_slot(row: MemoryIndex, by: MemoryIndex | None, said: str) -> bool:
    """Whether it is the value of a fact's slot that is over, and not something that was told with it."""
    base = base_of(row.slot)
    theme = {"user/home": "home", "user/job": "work", "user/relationship": "partner"}.get(base)
    alike = by is not None and base_of(by.slot) == base
    return bool(base) and (alike or theme is None or theme in themes_of(said))


def _followed(
    held: Sequence[MemoryIndex], claims: Sequence[Claim], rows: Sequence[MemoryIndex], telling: Telling
) -> None:
    """Says what took the place of a fact that ended, where the same message tells just one thing besides its end."""
    ends = {row.id for claim, row in zip(claims, rows, strict=True) if claim.fact.effect == "ends"}
    told = [
        row
        for claim, row in zip(claims, rows, strict=True)
        if claim.fact.effect != "ends" and claim.fact.content_type == "fact" and row.valid_to is None
    ]
    for row in held if len(told) == 1 else ():
        ended_now = row.valid_to == telling.at and row.superseded_by in ends and row is not told[0]
        if ended_now and (told[0].subject or "user") == (row.subject or "user"):
            row.superseded_by = told[0].id


def _judged(
    session: Session,
    scope: Scope,
    rows: Sequence[MemoryIndex],
    fresh: Sequence[MemoryIndex],
    telling: Telling,
) -> None:
    """Closes what a model judged to be over; the nearest of what was told with it took its place."""
    over = (MemoryIndex.id.in_(list(telling.over or ())), MemoryIndex.valid_to.is_(None))
    told_before = MemoryIndex.valid_from <= telling.at
    for row in session.scalars(select(MemoryIndex).where(*memories.owned(scope), *over, told_before)):
        if row not in rows:
            near = [(cosine(new.embedding, row.embedding), -place) for place, new in enumerate(fresh)]
            _close([row], fresh[-max(near)[1]] if near else None, telling.at)


def _not_kept(rows: Sequence[MemoryIndex], telling: Telling) -> list[MemoryIndex]:
    """The facts of which the message does not say that they stay as they are: "Ron's address stays"."""
    kept = kept_in(telling.said)
    return [row for row in rows if not kept or not kept & telling_stems(row.content)]


def _said_again(row: MemoryIndex, claims: Sequence[Claim], rows: Sequence[MemoryIndex]) -> bool:
    """Whether half of an earlier fact or more was told again, so that it holds."""
    before = telling_stems(row.content)
    again = [claim.fact.content for claim, made in zip(claims, rows, strict=True) if made is row]
    return any(2 * len(before & telling_stems(content)) >= len(before) for content in again)


def _succeed(
    claims: Sequence[Claim], rows: Sequence[MemoryIndex], held: Sequence[MemoryIndex], telling: Telling
) -> None:
    """Closes what the message put an end to beside what the rules closed."""
    for side in sides(telling.said, [claim.fact for claim in claims]):
        # What a rule closed stays beside the others: they are judged as if it had not.
        old = [row for row in held if side.may_end(topic(row))]
        new = [(claims[place], rows[place]) for place in side.telling]
        if all(row.valid_to is not None for row in old):
            continue
        if side.cues["mended"] and any(row.valid_to == row.valid_from for row in held):
            continue  # what was wrong has been put right
        learned = telling.embedding_model in LEARNED
        after = [Told(topic(claim.fact), unit(claim.embedding if learned else None)) for claim, _ in new]
        before = [Told(topic(row), unit(row.embedding if learned else None)) for row in old]
        slip = side.cues["mended"] and not side.cues["ended"] and not side.cues["begun"]
        for place, nearest in ended(side.said, after, before).items():
            row = old[place]
            if row.valid_to is not None or row is new[nearest][1]:
                continue
            _close([row], new[nearest][1], telling.at)
            if slip and telling.at - row.valid_from <= SLIP_WITHIN:
                row.valid_to = row.valid_from


def _known(session: Session, scope: Scope, claims: Sequence[Claim]) -> list[MemoryIndex]:
    """The facts that hold and may be touched, the newest first."""
    if not claims:
        return []
    bases = sorted({base_of(claim.fact.slot) for claim in claims} - {""})
    given = {**scope.mine, "limit": LOOKED_AT}
    for number, base in enumerate(bases):
        facets = base.replace("/", "//").replace("%", "/%").replace("_", "/_") + ":%"
        given |= {f"base{number}": base, f"facets{number}": facets}
    query = _holding(len(bases), any(claim.embedding is not None for claim in claims))
    return list(session.scalars(query, given))


@lru_cache(maxsize=32)
def _holding(bases: int, vectors: bool) -> Select[MemoryIndex]:
    """Finds the newest facts that hold, and all in so many slots and their facets; with their vectors or without."""
    row = columns(MemoryIndex)
    mine_now = (*mine(row), row.valid_to.is_(None))
    newest = select(row.seq).where(*mine_now).order_by(row.seq.desc()).limit(bindparam("limit"))
    slots = [row.slot == bindparam(f"base{number}") for number in range(bases)]
    slots += [row.slot.like(bindparam(f"facets{number}"), escape="/") for number in range(bases)]
    query = select(MemoryIndex).where(*mine_now, or_(row.seq.in_(newest), *slots)).order_by(row.seq.desc())
    return query.options(load_only(*_COMPARED, *([MemoryIndex.embedding] if vectors else [])))


_COMPARED: Final = (
    MemoryIndex.id, MemoryIndex.content, MemoryIndex.content_type, MemoryIndex.category, MemoryIndex.subject,
    MemoryIndex.slot, MemoryIndex.value, MemoryIndex.importance_score, MemoryIndex.valid_from,
    MemoryIndex.valid_to, MemoryIndex.superseded_by, MemoryIndex.embedding_model,
)  # fmt: skip


def _told(
    session: Session, scope: Scope, claim: Claim, telling: Telling, known: Sequence[MemoryIndex]
) -> tuple[MemoryIndex, bool]:
    fact = claim.fact
    # What was said later than this, as when a conversation is taken in afterwards, is not closed by it.
    earlier = [row for row in known if row.valid_to is None and row.valid_from <= telling.at]
    same = _same(claim, earlier, telling)
    if same is not None:
        memories.strengthen(session, scope, same, fact.importance, telling.sources)
        _close(
            [row for row in _replaced(claim, _not_kept(earlier, telling)) if row is not same],
            same,
            telling.at,
        )
        return same, False
    gone = _replaced(claim, _not_kept(earlier, telling))
    made, new = _store(session, scope, claim, fact.content, telling)
    _close([row for row in gone if row.id != made.id], made, telling.at)
    return made, new


def _same(claim: Claim, known: Sequence[MemoryIndex], telling: Telling) -> MemoryIndex | None:
    """The fact that says the same: by its text, its slot and value, its words, or its meaning."""
    fact = claim.fact
    for row in known:
        if row.content == fact.content:
            return row
    if fact.effect == "ends":
        return None
    for row in known:
        if fact.slot is not None and row.slot == fact.slot and _agree(fact.value, row.value):
            return row
    new = topic(fact)
    for row in known:
        if retold(new, topic(row)):
            return row
    if claim.embedding is None:
        return None
    near = [row for row in known if akin(new, topic(row))][:5]
    alike = next((row for row in near if cosine(claim.embedding, row.embedding) >= ALIKE), None)
    cues = turns(telling.said)
    if alike or not telling.said or any(cues[name] for name in CHANGING) or cues["stays"]:
        return alike
    again = [row for row in known if row.content_type == fact.content_type and restated(new, topic(row))][:5]
    return next((row for row in again if cosine(claim.embedding, row.embedding) >= AGAIN), None)


def _replaced(claim: Claim, known: Sequence[MemoryIndex]) -> list[MemoryIndex]:
    """The facts that no longer hold if this one does."""
    fact = claim.fact
    if fact.effect == "adds":
        return []
    new = topic(fact)
    if fact.effect == "ends":
        return [row for row in known if ended_by(new, topic(row))]
    gone = [row for row in known if _contradicts(fact, row)]
    if fact.effect == "changes":
        over = Topic(fact.content, fact.subject, fact.slot, fact.instead_of, fact.effect)
        for row in known:
            if row not in gone and (superseded_by(new, topic(row)) or ended_by(over, topic(row))):
                gone.append(row)
    return gone or _meant(claim, known)


def _meant(claim: Claim, known: Sequence[MemoryIndex]) -> list[MemoryIndex]:
    """The one fact that a change is about by its meaning, where none other comes near it."""
    if claim.fact.effect != "changes" or claim.embedding is None:
        return []
    new = topic(claim.fact)
    mine = [row for row in known if row.subject == claim.fact.subject and row.content_type == "fact"]
    near = sorted(((cosine(claim.embedding, row.embedding), -n) for n, row in enumerate(mine)), reverse=True)
    if not near or near[0][0] < NEAR or (len(near) > 1 and near[0][0] - near[1][0] < APART):
        return []
    row = mine[-near[0][1]]
    return [row] if changeable(new, topic(row)) else []


def _contradicts(fact: Fact, row: MemoryIndex) -> bool:
    """Whether a fact fills the slot of another with another value."""
    if not (fact.slot and row.slot and fact.value and row.value):
        return False
    if fact.slot.endswith("/job:role") and not of_work(fact.value):
        return False  # "full-time employment as her horse"
    if fact.slot == row.slot:
        return not same_value(fact.value, row.value)
    base = base_of(fact.slot)
    facets = fact.effect == "changes" and base == base_of(row.slot)
    return facets and (":" not in fact.slot or base.split("/")[-1] in WHOLE)


def _corrected(
    session: Session, scope: Scope, claim: Claim, telling: Telling, known: Sequence[MemoryIndex]
) -> tuple[MemoryIndex, bool]:
    """Puts the slip right in the newest fact that has it; that one was never true."""
    fact = claim.fact
    slip = Slip(fact.value or "", fact.instead_of)
    about = thing_of(fact.content) if slip.wrong is None else frozenset[str]()
    held = [
        row
        for row in _not_kept(known, telling)
        # "The caterer is Fennel & Fig" puts nothing right but what was said of the caterer.
        if not (about and not about & telling_stems(row.content))
        and row.valid_to is None
        and (slip.wrong is not None or telling.at - row.valid_from <= SLIP_WITHIN)
    ]
    place = meant_of(slip, fact.content, telling.said, [row.content for row in held])
    same = (row for row in held if fact.slot is not None and row.slot == fact.slot)
    row = held[place] if place is not None else next(same, None)
    if row is None:
        return _store(session, scope, claim, fact.content, telling)
    update = {
        "content_type": row.content_type,
        "category": row.category,
        "subject": row.subject,
        "slot": row.slot,
        "value": (put_right(row.value, slip) or slip.right) if row.value else None,
        "importance": row.importance_score,
    }
    # All but the slip is as it was: so is what it means, nearly.
    right = Claim(fact.model_copy(update=update), row.embedding or claim.embedding)
    made, new = _store(session, scope, right, put_right(row.content, slip) or fact.content, telling)
    if made.id != row.id:
        row.valid_to, row.superseded_by = row.valid_from, made.id
    return made, new


def _store(
    session: Session, scope: Scope, claim: Claim, content: str, telling: Telling
) -> tuple[MemoryIndex, bool]:
    fact = claim.fact
    return memories.remember(
        session, scope, content, sources=telling.sources, content_type=fact.content_type, category=fact.category,
        importance=fact.importance, embedding=claim.embedding, embedding_model=telling.embedding_model,
        subject=fact.subject, slot=fact.slot, value=fact.value if fact.slot else None, at=telling.at,
    )  # fmt: skip


def _close(rows: Sequence[MemoryIndex], by: MemoryIndex | None, at: datetime) -> None:
    for row in rows:
        row.valid_to, row.superseded_by = at, by.id if by is not None else None


def topic(said: Fact | MemoryIndex) -> Topic:
    """What of a fact is compared with others."""
    if isinstance(said, Fact):
        return Topic(said.content, said.subject, said.slot, said.value, said.effect)
    effect = "holds" if said.content_type == "fact" else "adds"
    return Topic(said.content, said.subject, said.slot, said.value, effect)


def _agree(one: str | None, other: str | None) -> bool:
    return bool(one and other and same_value(one, other))
