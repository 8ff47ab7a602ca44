"""Preferences: stated ones hold at once, inferred ones from their third observation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from ...engine import ValidationError
from ..base import now
from ..preference import UserPreference
from ..scope import Scope, check_id, check_json

ENOUGH = 3
EVIDENCE = 10


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
    known = session.scalar(select(UserPreference).where(*owned(scope), UserPreference.key == key))
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


def listed(
    session: Session, scope: Scope, *, category: str | None = None, only_usable: bool = True
) -> list[UserPreference]:
    """The user's preferences by key; inferred ones only once they were observed often enough."""
    query = select(UserPreference).where(*owned(scope))
    if category is not None:
        query = query.where(UserPreference.category == category)
    if only_usable:
        query = query.where((UserPreference.source == "stated") | (UserPreference.observations >= ENOUGH))
    return list(session.scalars(query.order_by(UserPreference.key)))


def remove(session: Session, scope: Scope, key: str) -> bool:
    """Deletes a preference; says whether there was one."""
    found = session.execute(
        delete(UserPreference).where(*owned(scope), UserPreference.key == check_id("key", key))
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]
