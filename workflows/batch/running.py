"""One go at a batch: which records are left, what is done with one, and how its outcome is kept and counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_jsonable_python

from ...models.batch_rows import Outcome
from ...models.batches import Known, Opened
from ...models.errors import CommitUnknown, DatabaseBusy, DatabaseUnreachable
from ...services.records import Keyed
from .doing import Done
from .reader import Reader
from .report import BatchReport

if TYPE_CHECKING:
    from .run import Batch

LONGEST_REASON: Final = 2000
PATIENCE: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
PASSING: Final = (DatabaseUnreachable, DatabaseBusy, CommitUnknown)


class Running:
    """One go at a batch."""

    def __init__(
        self,
        batch: Batch,
        opened: Opened,
        report: BatchReport,
        tell: Callable[[BatchReport], None] | None = None,
    ) -> None:
        self.batch, self.opened, self.report, self.tell = batch, opened, report, tell
        self.retried: set[str] = set()

    async def left(self, reader: Reader[Keyed], stopped: Callable[[], bool]) -> AsyncIterator[Keyed]:
        """The records without an outcome, one portion after the other; poison has its outcome at once."""
        try:
            async for portion in reader.portions():
                known: Mapping[str, Known] = {}
                if not self.opened.new:
                    keys = [record.key for record in portion]
                    known = await patiently(partial(self.batch.db.batches.known, self.opened.seq, keys))
                unrun: list[Keyed] = []
                for record in portion:
                    if stopped():
                        return
                    self.report.total += 1
                    if self._counted(record, known.get(record.key)):
                        continue
                    if record.poison is None and record.repeated is None:
                        yield record
                    else:
                        unrun.append(record)
                if unrun:
                    await self.unrun(unrun)
        finally:
            reader.close()

    def _counted(self, record: Keyed, known: Known | None) -> bool:
        """Whether a record has its outcome. One that failed and holds something else by now is done anew."""
        if known is None:
            return False
        changed = record.content is not None and known.content is not None and record.content != known.content
        if known.outcome == "failed" and (changed or self.batch.retry_failed):
            self.retried.add(record.key)
            return False
        self.report.size += record.size
        if changed:
            reason = "its id was done before with other content; give it another id, or begin another batch with --name"
            self.report.note(record.line, "failed", reason)
        else:
            self.report.note(
                record.line, known.outcome, known.reason, tokens=known.tokens, cost=known.cost, before=True
            )
        self._told()
        return True

    def counted(self, record: Keyed, known: Known) -> None:
        """Counts an outcome that a worker stored."""
        self.retried.discard(record.key)
        self.report.size += record.size
        result = None if known.result is None else json.loads(known.result)
        self.report.note(
            known.line, known.outcome, known.reason, user=known.user, result=result, tokens=known.tokens,
            cost=known.cost,
        )  # fmt: skip
        self._told()

    def _unrun(self, record: Keyed) -> Outcome:
        if record.poison is not None:
            return self._outcome(record, "failed", record.poison)
        return self._outcome(record, "skipped", record.repeated)

    async def work(self, record: Keyed) -> Done | str:
        """Does one record; gives what it came to, or why it failed: that costs it only."""
        started = perf_counter()
        value = record.value or {}
        try:
            done: Done = await patiently(lambda: self.batch.do(self.opened.id, record.key, value))
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        done.seconds = perf_counter() - started
        return done

    def _made(self, record: Keyed, done: Done | str) -> Outcome:
        """The outcome of a record."""
        if isinstance(done, str):
            return self._outcome(record, "failed", done)
        if done.skipped is not None:
            made = self._outcome(record, "skipped", done.skipped)
        else:
            try:
                done.result = to_jsonable_python(done.result, fallback=str)
                result = json.dumps(done.result)
            except (ValueError, RecursionError) as error:
                return self._outcome(record, "failed", f"its result is no JSON: {error}"[:LONGEST_REASON])
            made = self._outcome(record, "done")
            made.result, made.tokens, made.cost = result, done.tokens, done.cost
        made.seconds = done.seconds
        return made

    def _outcome(self, record: Keyed, outcome: Any, reason: str | None = None) -> Outcome:
        value = record.value or {}
        user, tenant = _owner(value.get("user_id")), _owner(value.get("tenant_id"))
        return Outcome(
            self.opened.me, self.opened.seq, record.key, record.line, outcome, tenant or self.batch.tenant, user,
            record.content, reason, again=record.key in self.retried,
        )  # fmt: skip

    async def keep(self, some: list[tuple[Keyed, Done | str]]) -> None:
        """Stores what some records came to, all at once, then counts it."""
        made = [self._made(record, done) for record, done in some]
        await self._put(made)
        for (record, done), outcome in zip(some, made, strict=True):
            self._count(record, outcome, done.result if isinstance(done, Done) else None)
        self._told()

    async def unrun(self, records: list[Keyed]) -> None:
        """Stores and counts what is not to be run: poison, and what was there before."""
        made = [self._unrun(record) for record in records]
        await self._put(made)
        for record, outcome in zip(records, made, strict=True):
            self._count(record, outcome, None)
        self._told()

    async def _put(self, outcomes: list[Outcome]) -> None:
        await patiently(lambda: self.batch.db.batches.put(outcomes))

    def _count(self, record: Keyed, outcome: Outcome, result: dict[str, Any] | None) -> None:
        self.retried.discard(record.key)
        self.report.size += record.size
        self.report.note(
            outcome.line, outcome.outcome, outcome.reason, user=outcome.user, result=result,
            tokens=outcome.tokens, cost=outcome.cost,
        )  # fmt: skip

    def _told(self) -> None:
        if self.tell is not None:
            self.tell(self.report)


async def patiently(work: Callable[[], Any]) -> Any:
    """What `work` gives; a database that is away for less than a minute, as when it is restarted, is waited for."""
    for wait in PATIENCE:
        try:
            return await work()
        except PASSING:
            await asyncio.sleep(wait)
    return await work()


def _owner(value: object) -> str | None:
    """An id, if a table can hold it."""
    if isinstance(value, str) and 0 < len(value) <= 200 and "\x00" not in value:
        return None if any("\ud800" <= character <= "\udfff" for character in value) else value
    return None
