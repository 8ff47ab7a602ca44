"""One go at a batch: which records are left, what is done with one, and how its outcome is kept and counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
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
        poisons: list[Outcome] = []
        try:
            async for portion in reader.portions():
                known: Mapping[str, Known] = {}
                if not self.opened.new:
                    keys = [record.key for record in portion]
                    known = await patiently(partial(self.batch.db.batches.known, self.opened.seq, keys))
                for record in portion:
                    if stopped():
                        return
                    self.report.total += 1
                    if self._counted(record, known.get(record.key)):
                        continue
                    if record.poison is None and record.repeated is None:
                        yield record
                    else:
                        poisons.append(self._unrun(record))
                if poisons:
                    await asyncio.gather(*(self.keep(None, outcome) for outcome in poisons))
                    poisons.clear()
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

    async def work(self, record: Keyed) -> Outcome:
        """Does one record; whatever is wrong with it costs that record only."""
        started = perf_counter()
        value = record.value or {}
        try:
            done = await patiently(lambda: self.batch.do(self.opened.id, record.key, value))
        except Exception as error:
            made = self._outcome(record, "failed", f"{type(error).__name__}: {error}"[:LONGEST_REASON])
        else:
            made = self._made(record, done)
        made.seconds = perf_counter() - started
        return made

    def _made(self, record: Keyed, done: Done) -> Outcome:
        if done.skipped is not None:
            return self._outcome(record, "skipped", done.skipped)
        try:
            result = json.dumps(to_jsonable_python(done.result, fallback=str), allow_nan=True)
        except (ValueError, RecursionError) as error:
            return self._outcome(record, "failed", f"its result is no JSON: {error}"[:LONGEST_REASON])
        made = self._outcome(record, "done")
        return replace(made, result=result, tokens=done.tokens, cost=done.cost)

    def _outcome(self, record: Keyed, outcome: Any, reason: str | None = None) -> Outcome:
        value = record.value or {}
        user, tenant = _owner(value.get("user_id")), _owner(value.get("tenant_id"))
        return Outcome(
            self.opened.me, self.opened.seq, record.key, record.line, outcome, tenant or self.batch.tenant, user,
            record.content, reason, again=record.key in self.retried,
        )  # fmt: skip

    async def keep(self, record: Keyed | None, outcome: Outcome) -> None:
        """Stores an outcome, then counts it."""
        await patiently(lambda: self.batch.db.batches.put(outcome))
        self.retried.discard(outcome.key)
        self.report.size += record.size if record is not None else 0
        self.report.note(
            outcome.line, outcome.outcome, outcome.reason, user=outcome.user,
            result=None if outcome.result is None else json.loads(outcome.result),
            tokens=outcome.tokens, cost=outcome.cost,
        )  # fmt: skip
        self._told()

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
