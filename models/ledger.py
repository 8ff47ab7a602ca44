"""The ledger in the database: every attempt at a model is judged and booked in one transaction.

Whoever books on a budget holds it until COMMIT: on SQLite by being the writer, on PostgreSQL by its lock. So two
processes cannot spend the same rest together. What waits at the same time shares a transaction, and is judged in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from ..services.llm.budget import Budget, Spent, judge
from ..services.llm.gate import Account
from ..services.llm.ledger import Booking
from ..services.llm.limits import Limit, Used
from ..services.llm.protocol import Usage
from .base import now
from .driver import Row, change, first
from .durable import micros
from .group import take_keys
from .model_call import ModelCall

if TYPE_CHECKING:
    from .manager import DatabaseManager

_SPENT: Final = {
    "tenant": "SELECT sum(tokens), sum(cost), sum(unpriced) FROM model_spend WHERE tenant_id = ? AND day >= ?",
    "user": "SELECT sum(tokens), sum(cost), sum(unpriced) FROM model_spend WHERE tenant_id = ? AND user_id = ? AND day >= ?",
    "conversation": "SELECT sum(booked_tokens), sum(booked_cost), count(*) - count(booked_cost) FROM model_calls "
    "WHERE tenant_id = ? AND user_id = ? AND conversation_id = ? AND started_at >= ?",
    "run": "SELECT sum(booked_tokens), sum(booked_cost), count(*) - count(booked_cost) FROM model_calls "
    "WHERE tenant_id = ? AND run_id = ? AND started_at >= ?",
}
"""What is booked on a budget: of tenants and users by the day, of the smaller things by the call."""
_USED: Final = (
    "SELECT r.n, r.tokens, e.n, e.tokens, e.oldest FROM "
    "(SELECT count(*) AS n, sum(booked_tokens) AS tokens FROM model_calls "
    "WHERE provider = ? AND status = 'open' AND due_at > ?) AS r, "
    "(SELECT count(*) AS n, sum(booked_tokens) AS tokens, min(ended_at) AS oldest FROM model_calls "
    "WHERE provider = ? AND ended_at > ?) AS e"
)
"""What is under way at a provider, and what ended within a window."""
AT_LEAST: Final = 0.02
AT_MOST: Final = 0.5
"""Seconds between two looks at a limit that other processes have in use."""
_DAY: Final = 86_400_000_000
_CLOSED: Final = (
    "status", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "booked_tokens", "booked_cost",
    "ended_at",
)  # fmt: skip
Cost: TypeAlias = Callable[[str, str, Usage], int | None]
"""What a usage of a provider's model costs, in billionths of a dollar."""


@dataclass(slots=True, eq=False)
class _Reserve:
    booking: Booking
    budgets: Sequence[Budget]
    limit: Limit | None = None
    tried: bool = False


@dataclass(slots=True, eq=False)
class _Close:
    row: Row
    account: Account


_Key: TypeAlias = tuple[str, datetime | None, tuple[str, ...]]


class SqlLedger:
    """The book in a DatabaseManager's database: `db.ledger`."""

    def __init__(self, db: DatabaseManager) -> None:
        self._db = db
        self._rows = _Rows()

    async def reserve(
        self, booking: Booking, budgets: Sequence[Budget], limit: Limit | None = None
    ) -> float | None:
        """Books an attempt at its most, committed when it returns; or raises BudgetExceeded, or gives the seconds
        after which the limit may have room."""
        wait: float | None = await self._db.write_item(self._rows, _Reserve(booking, budgets, limit))
        return wait

    async def close(self, booking: Booking) -> None:
        """Notes how an attempt stands now; committed when it returns."""
        await self._db.write_item(self._rows, _Close(_closed(booking), booking.attempt.account or Account()))

    async def uncertain(self) -> Sequence[ModelCall]:
        """The attempts of which nobody knows what came of them, oldest first; those of dead processes among them."""

        def work(session: Session) -> Sequence[ModelCall]:
            dead = update(ModelCall).where(ModelCall.status == "open", ModelCall.due_at < now())
            session.execute(dead.values(status="uncertain").execution_options(synchronize_session=False))
            left = select(ModelCall).where(ModelCall.status == "uncertain").order_by(ModelCall.id)
            return session.scalars(left).all()

        return await self._db.write(work)

    async def reconcile(self, known: Mapping[str, Usage | None], cost: Cost) -> int:
        """Settles uncertain attempts with what the provider's own book says of them: a usage, or None where it has
        none of them. Gives how many were."""

        def work(session: Session) -> int:
            done = 0
            for id_, usage in known.items():
                row = session.get(ModelCall, id_)
                if row is None or row.status not in ("uncertain", "open"):
                    continue
                done += 1
                row.ended_at = row.ended_at or now()
                if usage is None:
                    row.status, row.booked_tokens, row.booked_cost = "released", 0, 0
                    continue
                row.status = "settled"
                row.input_tokens, row.output_tokens = usage.input_tokens, usage.output_tokens
                row.cache_read_tokens, row.cache_write_tokens = (
                    usage.cache_read_tokens,
                    usage.cache_write_tokens,
                )
                row.booked_tokens = usage.input_tokens + usage.output_tokens
                row.booked_cost = cost(row.provider, row.model, usage)
            return done

        return await self._db.write(work)


class _Rows:
    """Writes a group of attempts that begin and end."""

    def write(self, connection: Connection, items: list[Any], /) -> list[Any]:
        """First what ended, which makes room, then what begins."""
        _lock(connection, items)
        if ended := [item.row for item in items if isinstance(item, _Close)]:
            change(connection, _close_statement(connection.dialect.name), ended)
        begun = [item for item in items if isinstance(item, _Reserve)]
        told = _judged(connection, begun)
        rows = [_opened(item.booking) for item in begun if told[item] is None]
        if rows:
            change(connection, _open_statement(connection.dialect.name), rows)
        return [told.get(item) for item in items]

    def write_at_once(self, connection: Connection, items: list[Any], /) -> list[Any] | None:
        """Never: a budget is judged before it is booked on."""
        return None


def _lock(connection: Connection, items: list[Any]) -> None:
    """Takes on PostgreSQL all that the group will touch: the users, whose sums it changes, and the budgets."""
    if connection.dialect.name != "postgresql":
        return
    accounts = [
        item.account if isinstance(item, _Close) else item.booking.attempt.account or Account()
        for item in items
    ]
    limits = {item.booking.attempt.provider for item in items if isinstance(item, _Reserve) and item.limit}
    users = {("user", (account.tenant, account.user)) for account in accounts}
    budgets = {(key[0], key[2]) for item in items if isinstance(item, _Reserve) for _, key in _counted(item)}
    keys = {f"spent:{kind}:{key}" for kind, key in users | budgets}
    take_keys(connection, keys | {f"limit:{provider}" for provider in limits})


def _judged(connection: Connection, begun: list[_Reserve]) -> dict[_Reserve, Exception | float | None]:
    counted = {item: _counted(item) for item in begun}
    there = _there(connection, [item.booking.id for item in begun if item.tried])
    spent: dict[_Key, Spent] = {}
    used: dict[tuple[str, float], Used] = {}
    told: dict[_Reserve, Exception | float | None] = {}
    for item in begun:
        item.tried = True
        told[item] = None
        if item.booking.id in there:
            continue  # committed, though nobody was told: it counts already
        attempt, cost = item.booking.attempt, item.booking.cost_bound
        for budget, key in counted[item]:
            if key not in spent:
                spent[key] = _spent(connection, key)
            told[item] = judge(budget, spent[key], attempt, cost, item.booking.started_at)
            if told[item] is not None:
                break
        else:
            if item.limit is not None:
                told[item] = _wait(connection, item, item.limit, used)
            if told[item] is not None:
                continue
            for key in {key for _, key in counted[item]}:
                spent[key].tokens += attempt.input_bound + attempt.output_bound
                spent[key].cost += cost or 0
                spent[key].priced = spent[key].priced and cost is not None
    return told


def _wait(
    connection: Connection, item: _Reserve, limit: Limit, used: dict[tuple[str, float], Used]
) -> float | None:
    """The seconds to wait where the provider's limit is in use; else the item counts from now on."""
    attempt = item.booking.attempt
    key, tokens = (attempt.provider, limit.seconds), attempt.input_bound + attempt.output_bound
    now_is = used[key] if key in used else _used(connection, *key, micros(now()))
    if now_is.full(limit, tokens):
        used[key] = now_is
        return now_is.next
    used[key] = Used(now_is.requests + 1, now_is.tokens + tokens, now_is.running + 1, now_is.next)
    return None


def _used(connection: Connection, provider: str, seconds: float, moment: int) -> Used:
    window = int(seconds * 1_000_000)
    statement = _USED.replace("?", _mark(connection.dialect.name))
    row = first(connection, statement, (provider, moment, provider, moment - window)) or (0, 0, 0, 0, None)
    running, running_tokens, ended, ended_tokens, oldest = row
    soon = AT_MOST if oldest is None else (int(oldest) + window - moment) / 1e6
    return Used(
        int(running) + int(ended),
        int(running_tokens or 0) + int(ended_tokens or 0),
        int(running),
        min(AT_MOST, max(AT_LEAST, soon)),
    )


def _counted(item: _Reserve) -> list[tuple[Budget, _Key]]:
    keys = ((budget, budget.key(item.booking.attempt.account)) for budget in item.budgets)
    moment = item.booking.started_at
    return [(budget, (budget.of, budget.since(moment), key)) for budget, key in keys if key is not None]


def _there(connection: Connection, ids: list[str]) -> set[str]:
    if not ids:
        return set()
    return set(connection.scalars(select(ModelCall.id).where(ModelCall.id.in_(ids))))


def _spent(connection: Connection, key: _Key) -> Spent:
    of, since, values = key
    began = 0 if since is None else micros(since)
    if of in ("tenant", "user"):
        began //= _DAY
    statement = _SPENT[of].replace("?", _mark(connection.dialect.name))
    row = first(connection, statement, (*values, began)) or (0, 0, 0)
    return Spent(int(row[0] or 0), int(row[1] or 0), not row[2])


def _opened(booking: Booking) -> Row:
    attempt, account = booking.attempt, booking.attempt.account or Account()
    return (
        booking.id, account.tenant, account.user, account.conversation, account.run, account.node, attempt.call_id,
        attempt.number, attempt.provider, attempt.model, "open", attempt.input_bound, attempt.output_bound,
        booking.cost_bound, None, None, None, None, attempt.input_bound + attempt.output_bound, booking.cost_bound,
        micros(booking.started_at), micros(booking.due_at), None,
    )  # fmt: skip


def _closed(booking: Booking) -> Row:
    usage = booking.usage
    told = (None,) * 4
    if usage is not None:
        told = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens)  # type: ignore[assignment]
    ended = None if booking.ended_at is None else micros(booking.ended_at)
    return (booking.status, *told, booking.tokens, booking.booked_cost, ended, booking.id)


@lru_cache(2)
def _open_statement(dialect: str) -> str:
    columns = ModelCall.__table__.columns.keys()
    marks = ", ".join([_mark(dialect)] * len(columns))
    return f"INSERT INTO model_calls ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"


@lru_cache(2)
def _close_statement(dialect: str) -> str:
    sets = ", ".join(f"{column} = {_mark(dialect)}" for column in _CLOSED)
    return f"UPDATE model_calls SET {sets} WHERE id = {_mark(dialect)} AND status IN ('open', 'uncertain')"


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"
