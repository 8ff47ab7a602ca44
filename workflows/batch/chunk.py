"""Runs one chunk of a batch on a worker: claimed, its records done and stored, settled.

An order is what travels: names, hashes, numbers and records, as JSON. The workflow is found here by its name, and its
hash must be the one that was ordered; no code ever comes with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...engine import Graph
from ...engine.record import Fenced
from ...models import DatabaseManager
from ...models.batches import Opened
from ...models.chunks import claim, let_go, settle
from ...services.records import Keyed
from .doing import Doing, Done
from .lanes import Lanes
from .report import BatchReport
from .run import Batch
from .running import Running, patiently

logger = logging.getLogger("turngraph")


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told: which chunk of which batch, what to run, and the records with their keys."""

    batch: str
    epoch: int
    number: int
    workflow: str | None
    hash: str
    tenant: str
    options: Mapping[str, Any]
    concurrency: int
    records: list[list[Any]]

    def to_dict(self) -> dict[str, Any]:
        """The order as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def packed(record: Keyed, again: bool) -> list[Any]:
    """A record as it travels."""
    return [record.key, record.line, record.value, record.content, again]


class Workshop:
    """What a worker process needs for its chunks: the database, and where workflows are found by name."""

    def __init__(self, db: DatabaseManager, find: Callable[[str], Graph]) -> None:
        self.db, self._find = db, find
        self._graphs: dict[str, Graph] = {}

    async def run(self, given: Mapping[str, Any]) -> str:
        """Runs an order; says what became of it: done, refused, or left to another."""
        order = Order(**given)
        opened = await patiently(lambda: claim(self.db, order.batch, order.epoch, order.number))
        if opened is None:
            return "left"
        try:
            return await self._claimed(order, opened)
        except BaseException as error:
            logger.warning(
                "chunk %d of batch %s: %s: %s", order.number, order.batch, type(error).__name__, error
            )
            await self._leave(order, opened, error)
            raise

    async def _claimed(self, order: Order, opened: Opened) -> str:
        try:
            batch = self._batch(order)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            await patiently(lambda: settle(self.db, opened, order.epoch, order.number, "refused", reason))
            return "refused"
        await patiently(lambda: self._records(order, opened, batch))
        await patiently(lambda: settle(self.db, opened, order.epoch, order.number, "done", None))
        return "done"

    def _batch(self, order: Order) -> Batch:
        graph = None if order.workflow is None else self._graph(order.workflow)
        durable = bool(order.options.get("durable"))
        reply = bool(order.options.get("reply"))
        do = Doing(self.db, graph, tenant=order.tenant, reply=reply, durable=durable)
        batch = Batch(self.db, graph, do, name=order.batch, options=order.options, tenant=order.tenant)
        if batch.hash != order.hash:
            raise ValueError(
                f"workflow {order.workflow!r} is another one here than where the batch was begun; give all machines "
                f"the same version of it, and of turngraph"
            )
        return batch

    def _graph(self, workflow: str) -> Graph:
        if workflow not in self._graphs:
            self._graphs[workflow] = self._find(workflow)
        return self._graphs[workflow]

    async def _records(self, order: Order, opened: Opened, batch: Batch) -> None:
        """Does those that have no outcome: some may have, where another worker died in the middle."""
        running = Running(batch, opened, BatchReport(opened.id, opened.name, batch.workflow))
        known = await self.db.batches.known(opened.seq, [record[0] for record in order.records])
        lanes: Lanes[Keyed, Done | str] = Lanes(order.concurrency, running.work, running.keep)
        try:
            for key, line, value, content, again in order.records:
                if key in known and not (again and known[key].outcome == "failed"):
                    continue
                if again:
                    running.retried.add(key)
                lanes.add(batch.do.lane(value), Keyed(key, line, value, content))
            await lanes.below(1)
        finally:
            await lanes.cancel()

    async def _leave(self, order: Order, opened: Opened, error: BaseException) -> None:
        """Gives the chunk back; where not even that can be written, it is this owner who must go."""
        if isinstance(error, Fenced):
            opened.me.fenced = True
            return
        try:
            await asyncio.shield(let_go(self.db, opened, order.epoch, order.number))
        except Exception:
            opened.me.fenced = True  # its lease is not renewed any more, and runs out
