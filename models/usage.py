"""What was asked of the models, what came of it, and what did it cost: sums over the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, func, select, type_coerce
from sqlalchemy.orm import Session

from ..engine import ValidationError
from .durable import micros
from .model_call import ModelCall

BY: Final = {
    "provider": ModelCall.provider,
    "model": ModelCall.model,
    "node": ModelCall.node,
    "tenant": ModelCall.tenant_id,
    "user": ModelCall.user_id,
    "conversation": ModelCall.conversation_id,
    "run": ModelCall.run_id,
}


@dataclass(frozen=True, slots=True)
class UsageLine:
    """The attempts of one provider, model, node, user ...; money is in billionths of a dollar."""

    names: tuple[str | None, ...]
    """What it is grouped by, in the order that was asked for."""
    requests: int
    """Attempts that were made: each retry is a request."""
    calls: int
    """What they were made for."""
    errors: int
    """Requests that brought no whole answer."""
    open: int
    uncertain: int
    """Requests of which nobody knows what was done; they stay booked at their most."""
    input_tokens: int
    """As providers told them."""
    output_tokens: int
    cache_read_tokens: int
    cost: int
    """What providers' own figures come to."""
    booked_tokens: int
    """What counts for budgets: told by providers, or at its most."""
    booked_cost: int
    unpriced: int
    """Requests whose price is not known, which are in no cost."""
    seconds: float
    """How long a request took on the average."""
    longest: float


def used(
    session: Session,
    by: Sequence[str] = ("provider",),
    *,
    since: datetime | None = None,
    tenant: str | None = None,
    user: str | None = None,
) -> list[UsageLine]:
    """The sums, the dearest first."""
    if wrong := [name for name in by if name not in BY]:
        raise ValidationError(f"by: expected some of {', '.join(BY)}; found {wrong[0]!r}", ["by"])
    groups = [BY[name] for name in by]
    query = select(*groups, *_sums()).group_by(*groups)
    if since is not None:
        # Ids begin with the time, so that no older rows are looked at; a second more, for the two clocks are read apart.
        first = f"{max(0, micros(since) - 1_000_000):014x}"
        query = query.where(ModelCall.id >= first, ModelCall.started_at >= since)
    if tenant is not None:
        query = query.where(ModelCall.tenant_id == tenant)
    if user is not None:
        query = query.where(ModelCall.user_id == user)
    lines = [_line(row, len(groups)) for row in session.execute(query)]
    return sorted(
        lines, key=lambda line: (-line.booked_cost, -line.booked_tokens, [n or "" for n in line.names])
    )


def _sums() -> list[ColumnElement[Any]]:
    settled = ModelCall.status == "settled"

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    def total(column: Any, condition: ColumnElement[bool] | None = None) -> ColumnElement[int]:
        return func.coalesce(func.sum(column if condition is None else case((condition, column))), 0)

    # As numbers: a moment taken from a moment is something else on every database.
    took = func.coalesce(_number(ModelCall.ended_at) - _number(ModelCall.started_at), 0)
    ended = ModelCall.ended_at.is_not(None)
    return [
        func.count(),
        func.count(ModelCall.call_id.distinct()),
        count(ModelCall.status.in_(("released", "uncertain"))),
        count(ModelCall.status == "open"),
        count(ModelCall.status == "uncertain"),
        total(ModelCall.input_tokens, settled),
        total(ModelCall.output_tokens, settled),
        total(ModelCall.cache_read_tokens, settled),
        total(ModelCall.booked_cost, settled),
        total(ModelCall.booked_tokens),
        total(ModelCall.booked_cost),
        count(ModelCall.booked_cost.is_(None)),
        func.coalesce(func.avg(case((ended, took))), 0),
        func.coalesce(func.max(took), 0),
    ]


def _number(column: Any) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)


def _line(row: Any, groups: int) -> UsageLine:
    *whole, mean, longest = row[groups:]
    told: list[Any] = [*map(int, whole), float(mean) / 1e6, float(longest) / 1e6]
    return UsageLine(tuple(row[:groups]), *told)
