"""Batches in the database: begun or gone on with by one process at a time, and what came of each record.

Who works on a batch is an owner with a lease, as of durable runs, and every group of outcomes verifies its row. So a
process that was taken for dead can write none; a batch whose process died is anybody's, at once on the same machine.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Integer, func, select, update
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from ..engine.record import Fenced
from .base import as_utc, now
from .batch import BatchItemRow, BatchRow
from .batch_rows import Outcome, OutcomeRows
from .durable import Owner
from .errors import BatchOwned, CommitUnknown, NotFound
from .owner import Me, clock
from .scope import check_limit

if TYPE_CHECKING:
    from .manager import DatabaseManager

T = TypeVar("T")
PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Opened:
    """A batch that this process works on."""

    seq: int
    id: str
    name: str
    epoch: int
    me: Me
    begun: str

    @property
    def new(self) -> bool:
        """Whether it has no outcomes yet."""
        return self.epoch == 1


@dataclass(frozen=True, slots=True)
class Known:
    """The outcome that a record has."""

    outcome: str
    content: str | None
    line: int
    reason: str | None
    tokens: int
    cost: float | None
    user: str | None
    result: str | None = None


class SqlBatchStore:
    """Keeps batches in a DatabaseManager's database: `db.batches`."""

    def __init__(self, db: DatabaseManager) -> None:
        self.db = db
        self._rows = OutcomeRows()

    async def open(
        self, id: str, name: str, workflow: str, hash: str, tenant: str = "default", *, existing: bool = False
    ) -> Opened:
        """Begins a batch, or goes on with it; BatchOwned while another process that is alive works on it.

        With `existing` it must be there: NotFound if it never was begun.
        """
        me = await owning(self.db)
        tried = False

        def work(session: Session) -> Opened:
            row = session.scalar(select(BatchRow).where(BatchRow.id == id).with_for_update())
            if row is None:
                if existing:
                    raise NotFound(
                        f"no batch of {name!r} with workflow {workflow!r} was begun in this database"
                    )
                row = BatchRow(
                    id=id, tenant_id=tenant, name=name, workflow=workflow, hash=hash, owner_id=me.id
                )
                session.add(row)
                session.flush()
            elif not (tried and row.owner_id == me.id):
                if row.status == "running" and row.owner_id is not None:
                    check_dead(session, row.owner_id, f"batch {row.name!r}")
                row.owner_id, row.status, row.epoch, row.updated_at = me.id, "running", row.epoch + 1, now()
            begun = row.created_at.isoformat(timespec="seconds")
            return Opened(row.seq, row.id, row.name, row.epoch, me, begun)

        while True:
            try:
                return await self.db.write(work, keys=[f"batch:{id}"])
            except CommitUnknown:
                tried = True

    async def close(self, batch: Opened, status: str) -> None:
        """Notes how a batch stands and lets go of it, unless it is another process's by now."""
        mine = (BatchRow.seq == batch.seq, BatchRow.owner_id == batch.me.id, BatchRow.epoch == batch.epoch)
        done = update(BatchRow).where(*mine).values(status=status, owner_id=None, updated_at=now())
        await self.db.write(
            lambda session: session.execute(done.execution_options(synchronize_session=False)) and None,
            keys=[f"batch:{batch.id}"],
        )

    async def put(self, outcomes: list[Outcome]) -> None:
        """Writes some outcomes, together with those of others that wait."""
        try:
            await self.db.write_item(self._rows, outcomes)
        except Fenced:
            for outcome in outcomes:
                outcome.me.fenced = True
            raise

    async def known(self, seq: int, keys: Collection[str], *, results: bool = False) -> dict[str, Known]:
        """Those of the records that have an outcome, and which; with `results` also what they came to."""
        row = BatchItemRow
        columns = (row.key, row.outcome, row.content, row.line, row.reason, row.tokens, row.cost, row.user_id)
        query = select(*columns, *((row.result,) if results else ()))
        query = query.where(row.batch_seq == seq, row.key.in_(keys))
        found: Sequence[Any] = await self.db.read(lambda session: session.execute(query).all())
        return {row[0]: Known(*row[1:]) for row in found}

    async def newest(self, name: str, workflow: str, hash: str, tenant: str) -> str | None:
        """The id of the batch of that name and workflow that was begun last."""
        same = (BatchRow.name == name, BatchRow.workflow == workflow, BatchRow.hash == hash)
        query = select(BatchRow.id).where(*same, BatchRow.tenant_id == tenant)
        query = query.order_by(BatchRow.seq.desc()).limit(1)
        return await self.db.read(lambda session: session.scalar(query))

    async def listed(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest batches, each with its counts."""

        def work(session: Session) -> list[dict[str, Any]]:
            rows = session.scalars(
                select(BatchRow).order_by(BatchRow.seq.desc()).limit(check_limit(limit))
            ).all()
            return [
                {
                    "id": row.id, "name": row.name, "workflow": row.workflow, "tenant_id": row.tenant_id,
                    "status": row.status, "begun": row.created_at.isoformat(), **_counts(session, row.seq),
                }
                for row in rows
            ]  # fmt: skip

        return await self.db.read(work)

    async def counts(self, seq: int) -> dict[str, int]:
        """How many records have which outcome."""
        return await self.db.read(lambda session: _counts(session, seq))

    def outcomes(self, seq: int, *, failed: bool = False) -> Iterator[dict[str, Any]]:
        """All outcomes of a batch, in the order of their lines; a few at a time are in memory."""
        row = BatchItemRow
        columns = (row.line, row.key, row.tenant_id, row.user_id, row.outcome, row.reason, row.result)
        query = select(*columns).where(row.batch_seq == seq)
        if failed:
            query = query.where(row.outcome == "failed")
        with self.db.get_session() as session:
            query = query.order_by(row.line, row.seq).execution_options(yield_per=PORTION)
            for found in session.execute(query):
                yield dict(found._mapping)


def _counts(session: Session, seq: int) -> dict[str, int]:
    query = select(BatchItemRow.outcome, as_type(func.count(), Integer))
    rows = session.execute(query.where(BatchItemRow.batch_seq == seq).group_by(BatchItemRow.outcome))
    return {"done": 0, "failed": 0, "skipped": 0, **{outcome: count for outcome, count in rows}}


async def owning(db: DatabaseManager) -> Me:
    """This process as an owner: the one that its durable runs have, too."""
    return await db.runs._here()


def check_dead(session: Session, owner_id: str, what: str) -> None:
    """Fences an owner that is dead; BatchOwned if it is alive.

    Whether a process of this very machine lives needs no lease to run out. Should it live after all, where nobody
    here can see it, it finds itself fenced with its next write, and nothing is written twice.
    """
    owner = session.scalar(select(Owner).where(Owner.id == owner_id).with_for_update())
    if owner is None:
        return
    if as_utc(owner.lease_until) >= clock(session) and not is_gone(owner):
        raise BatchOwned(
            f"{what} is being worked on by {owner.host} process {owner.pid}, which renewed its lease lately; wait for it, "
            f"or if it is dead, try again in half a minute. A batch of the same records by another --name is another batch"
        )
    session.execute(update(Owner).where(Owner.id == owner_id).values(fence=Owner.fence + 1))


def is_gone(owner: Owner) -> bool:
    """Whether an owner was a process of this machine that is no more."""
    if os.name == "nt" or owner.pid is None or owner.pid == os.getpid():
        return False
    if owner.host != socket.gethostname()[:200]:
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
