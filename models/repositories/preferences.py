"""Preferences: stated ones hold at once, inferred ones from their third observation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from ...engine import ValidationError
from ..base import now
from ..message import Message
from ..preference import PreferenceObservation, UserPreference
from ..prepared import change, columns, fetch, mine
from ..scope import Scope, check_id, check_json

ENOUGH: Final = 3
SURE: Final = 0.6
EVIDENCE: Final = 10
LOOKED_AT: Final = 20
"""How many of the newest observations of a key count."""
MANY: Final = frozenset({"topics"})
"""Keys with several values beside each other, the most frequent first."""


def owned(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """The condition that a preference is the scope's."""
    return (UserPreference.tenant_id == scope.tenant, UserPreference.user_id == scope.user)


def put(
    session: Session,
    scope: Scope,
    key: str,
    value: Any,
    *,
    category: str = "general",
    source: str = "stated",
    evidence: Sequence[str] = (),
    confidence: float = 1.0,
    observations: int | None = None,
) -> UserPreference:
    """States or observes a preference. What was stated is never overwritten by what is inferred."""
    check_id("key", key)
    check_json(value, "value")
    if source not in ("stated", "inferred"):
        raise ValidationError(f"source: expected stated or inferred, found {source!r}", ["source"])
    known = _find(session, scope, key)
    if source == "stated":
        _forget_observed(session, scope, key)
    if known is None:
        known = UserPreference(
            tenant_id=scope.tenant, user_id=scope.user, key=key, value=value, category=category, source=source,
            confidence=confidence, observations=observations or 1, evidence=list(evidence)[-EVIDENCE:],
        )  # fmt: skip
        session.add(known)
    elif not (known.source == "stated" and source == "inferred"):
        same = known.value == value and known.source == source
        known.observations = observations or (known.observations + 1 if same else 1)
        kept = known.evidence if same else []
        known.evidence = list(dict.fromkeys([*kept, *evidence]))[-EVIDENCE:]
        known.value, known.category, known.source, known.confidence = value, category, source, confidence
        known.updated_at = now()
    session.flush()
    return known


def observe(
    session: Session, scope: Scope, key: str, value: str | None, *, category: str, message_id: str
) -> UserPreference | None:
    """Counts what one message shows of a preference, and infers it anew from the newest observations.

    None as the value speaks against every value. A stated preference stays as it is. What speaks against the
    value lowers the confidence, until another has been seen oftener.
    """
    check_id("key", key)
    known = _find(session, scope, key)
    if known is not None and known.source == "stated":
        return known
    seen = _seen(session, scope, key, value or "", message_id)
    counts = Counter(said for _, said in seen if said)
    ranked = sorted(counts, key=lambda said: (-counts[said], known is None or said != known.value, said))
    if not ranked or (known is None and counts[ranked[0]] < ENOUGH):
        return known
    held = [said for said in ranked if counts[said] >= ENOUGH] if key in MANY else ranked[:1]
    for_it = [one for one, said in seen if said in held]
    # Topics do not speak against each other: only how often one came up says how sure it is.
    sure = counts[ranked[0]] / (counts[ranked[0]] + 1) if key in MANY else len(for_it) / len(seen)
    if known is None:
        known = UserPreference(tenant_id=scope.tenant, user_id=scope.user, key=key, source="inferred")
        session.add(known)
    known.value, known.category = (held if key in MANY else ranked[0]), category
    known.observations, known.confidence = counts[ranked[0]], round(sure, 2)
    known.evidence = list(dict.fromkeys(for_it))[-EVIDENCE:]
    known.updated_at = now()
    session.flush()
    return known


def _seen(session: Session, scope: Scope, key: str, value: str, message_id: str) -> list[tuple[str, str]]:
    """The newest observations of a key, this one among them, as message and value; older ones go."""
    about = {**scope.mine, "about": key}
    seen = fetch(session, _SEEN, about)
    found = [(row.message_id, row.value) for row in seen]
    if (message_id, value) not in found:
        new = {**about, "shown": value, "message": message_id}
        if change(session, _OBSERVE, new):  # there is such a message
            found.append((message_id, value))
    if len(found) > LOOKED_AT:
        gone = [row.seq for row in seen[: len(found) - LOOKED_AT]]
        change(session, _FORGET, {**scope.mine, "seqs": gone})
    return found[-LOOKED_AT:]


def usable(preference: UserPreference | Row[Any]) -> bool:
    """Whether it is used: stated, or observed often enough and contradicted seldom enough."""
    return bool(
        preference.source == "stated" or (preference.observations >= ENOUGH and preference.confidence >= SURE)
    )


def listed(
    session: Session, scope: Scope, *, category: str | None = None, only_usable: bool = True
) -> list[UserPreference]:
    """The user's preferences by key; inferred ones only once they were observed often and clearly enough."""
    return [
        row
        for row in session.scalars(_LISTED, scope.mine)
        if (category is None or row.category == category) and (not only_usable or usable(row))
    ]


def notes(session: Session, scope: Scope) -> list[Row[Any]]:
    """Like `listed`, of each preference only its key, value, category, source, confidence and observations."""
    return [row for row in fetch(session, _NOTES, scope.mine) if usable(row)]


def evidence_of(session: Session, scope: Scope, rows: Sequence[UserPreference]) -> dict[str, Message]:
    """The messages that some preferences rest on, by their ids."""
    ids = {one for row in rows for one in row.evidence}
    query = select(Message).where(Message.tenant_id == scope.tenant, Message.user_id == scope.user)
    return {message.id: message for message in session.scalars(query.where(Message.id.in_(ids)))}


def remove(session: Session, scope: Scope, key: str) -> bool:
    """Deletes a preference with all that was observed for it; says whether there was one."""
    _forget_observed(session, scope, key)
    found = session.execute(
        delete(UserPreference).where(*owned(scope), UserPreference.key == check_id("key", key))
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


def _find(session: Session, scope: Scope, key: str) -> UserPreference | None:
    return session.scalar(_ONE, {**scope.mine, "about": key})


def _forget_observed(session: Session, scope: Scope, key: str) -> None:
    observed = PreferenceObservation
    theirs = (observed.tenant_id == scope.tenant, observed.user_id == scope.user, observed.key == key)
    session.execute(delete(observed).where(*theirs))


_C: Final = columns(UserPreference)
_LISTED: Final = select(UserPreference).where(*mine(_C)).order_by(_C.key)
_NOTES: Final = (
    select(_C.key, _C.value, _C.category, _C.source, _C.confidence, _C.observations)
    .where(*mine(_C))
    .order_by(_C.key)
)
_ONE: Final = select(UserPreference).where(*mine(_C), _C.key == bindparam("about"))
_O: Final = columns(PreferenceObservation)
_SEEN: Final = (
    select(_O.seq, _O.message_id, _O.value).where(*mine(_O), _O.key == bindparam("about")).order_by(_O.seq)
)
_M: Final = columns(Message)
_OBSERVE: Final = insert(PreferenceObservation).from_select(
    ["tenant_id", "user_id", "key", "value", "message_id"],
    select(_M.tenant_id, _M.user_id, bindparam("about", type_=_O.key.type), bindparam("shown", type_=_O.value.type), _M.id)
    .where(*mine(_M), _M.id == bindparam("message")),
)  # fmt: skip
_FORGET: Final = delete(PreferenceObservation).where(*mine(_O), _O.seq.in_(bindparam("seqs", expanding=True)))
