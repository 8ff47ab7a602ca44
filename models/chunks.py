"""Chunks of a batch in the database: which worker has which, and which are done.

A broker may lose a message, deliver it twice, or deliver it to two workers at once. None of that matters: a chunk is
whose row says so, it is taken from a dead owner only behind its fence, and what is done is what has an outcome.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ..engine.record import Fenced
from .base import as_utc, now
from .batch import BatchChunkRow, BatchRow
from .batch_rows import text
from .batches import Opened, check_dead, is_gone, owning
from .durable import Owner
from .errors import BatchOwned
from .owner import clock
from .run_rows import fenced
from .run_statements import stands

if TYPE_CHECKING:
    from .manager import DatabaseManager


@dataclass(frozen=True, slots=True)
class ChunkState:
    """How a chunk stands: done, refused with a reason, or running; and whether who runs it lives."""

    status: str
    reason: str | None
    alive: bool


async def claim(db: DatabaseManager, batch_id: str, epoch: int, number: int) -> Opened | None:
    """The batch of a chunk that is this process's from now on; None where the chunk is not to be done.

    It is not where it is done, where a process that lives has it, and where the batch was begun anew since.
    """
    me = await owning(db)

    def work(session: Session) -> Opened | None:
        if not stands(session.connection(), me.id):
            raise fenced()
        batch = session.scalar(select(BatchRow).where(BatchRow.id == batch_id).with_for_update(read=True))
        if batch is None or batch.epoch != epoch or batch.status != "running":
            return None
        key = (batch.seq, epoch, number)
        row = session.get(BatchChunkRow, key, with_for_update=True)
        if row is None:
            session.add(
                BatchChunkRow(
                    batch_seq=batch.seq, epoch=epoch, number=number, tenant_id=batch.tenant_id, owner_id=me.id
                )
            )
        elif row.status != "running":
            return None
        else:
            try:
                check_dead(session, row.owner_id, f"chunk {number}")
            except BatchOwned:
                return None
            row.owner_id, row.updated_at = me.id, now()
        begun = batch.created_at.isoformat(timespec="seconds")
        return Opened(batch.seq, batch.id, batch.name, 2, me, begun)

    try:
        return await db.write(work, keys=[f"chunk:{batch_id}:{number}"])
    except Fenced:
        me.fenced = True
        raise


async def settle(
    db: DatabaseManager, batch: Opened, epoch: int, number: int, status: str, reason: str | None
) -> None:
    """Notes that a chunk is done, or refused and why, unless another process has it by now."""
    row = BatchChunkRow
    mine = (row.batch_seq == batch.seq, row.epoch == epoch, row.number == number, row.owner_id == batch.me.id)
    change = update(row).where(*mine).values(status=status, reason=text(reason), updated_at=now())
    await _run(db, change, batch.id, number)


async def let_go(db: DatabaseManager, batch: Opened, epoch: int, number: int) -> None:
    """Gives a chunk back that was not finished, so that another process can have it at once."""
    row = BatchChunkRow
    mine = (row.batch_seq == batch.seq, row.epoch == epoch, row.number == number, row.owner_id == batch.me.id)
    await _run(db, delete(row).where(*mine, row.status == "running"), batch.id, number)


async def states(
    db: DatabaseManager, seq: int, epoch: int, numbers: Collection[int]
) -> dict[int, ChunkState]:
    """How the chunks stand that somebody has taken."""
    row = BatchChunkRow

    def work(session: Session) -> dict[int, ChunkState]:
        moment = clock(session)
        query = select(row, Owner).outerjoin(Owner, Owner.id == row.owner_id)
        query = query.where(row.batch_seq == seq, row.epoch == epoch, row.number.in_(numbers))
        found: dict[int, ChunkState] = {}
        for chunk, owner in session.execute(query):
            alive = owner is not None and as_utc(owner.lease_until) >= moment and not is_gone(owner)
            found[chunk.number] = ChunkState(chunk.status, chunk.reason, alive)
        return found

    return await db.read(work)


async def earlier(db: DatabaseManager, batch: Opened) -> int:
    """How many chunks of earlier goes at a batch are still run by processes that live; the others' are fenced."""
    row = BatchChunkRow

    def work(session: Session) -> int:
        query = select(row).where(
            row.batch_seq == batch.seq, row.epoch < batch.epoch, row.status == "running"
        )
        living = 0
        for chunk in session.scalars(query.order_by(row.number)).all():
            try:
                check_dead(session, chunk.owner_id, f"chunk {chunk.number}")
            except BatchOwned:
                living += 1
            else:
                session.delete(chunk)
        return living

    return await db.write(work, keys=[f"batch:{batch.id}"])


async def forget_chunks(db: DatabaseManager, batch: Opened) -> None:
    """Deletes the chunks of a batch: when it is over, the outcomes say all."""
    gone = delete(BatchChunkRow).where(
        BatchChunkRow.batch_seq == batch.seq, BatchChunkRow.epoch <= batch.epoch
    )
    await _run(db, gone.where(BatchChunkRow.status != "running"), batch.id, 0)


async def _run(db: DatabaseManager, statement: object, batch_id: str, number: int) -> None:
    def work(session: Session) -> None:
        session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]

    await db.write(work, keys=[f"chunk:{batch_id}:{number}"])
