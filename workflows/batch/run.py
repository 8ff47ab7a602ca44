"""Runs a batch: reads its records, does what has no outcome yet, and writes each outcome as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_jsonable_python

from ...engine import Graph
from ...models import DatabaseManager, get_db_manager
from ...models.base import new_id
from ...models.batch_rows import Outcome
from ...models.batches import Known, Opened
from ...models.errors import CommitUnknown, DatabaseBusy, DatabaseUnreachable
from ...services import Embedder, LanguageModel
from ...services.records import Keyed, Read, digest, keyed, read_records
from .doing import Doing, Done
from .lanes import Lanes
from .reader import Reader
from .report import BatchReport

if TYPE_CHECKING:
    from .chunks import Far

WINDOW: Final = 1000
LONGEST_REASON: Final = 2000
PATIENCE: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
PASSING: Final = (DatabaseUnreachable, DatabaseBusy, CommitUnknown)
TALK: Final = "answer or ingest"


async def run_batch(
    records: str | Path | Iterable[Mapping[str, Any] | Read],
    workflow: Graph | str | None = None,
    *,
    db: DatabaseManager | None = None,
    name: str | None = None,
    concurrency: int = 8,
    tenant: str = "default",
    reply: bool = False,
    durable: bool = False,
    resume: bool = False,
    retry_failed: bool = False,
    out: str | Path | None = None,
    llm: LanguageModel | None = None,
    embedder: Embedder | None = None,
    far: Far | None = None,
    stop: asyncio.Event | None = None,
    tell: Callable[[BatchReport], None] | None = None,
) -> BatchReport:
    """Works through a file or a list of records, each with an outcome of its own that outlives a crash.

    Run again with the same name, workflow and options, it does only what has no outcome yet. A file's name is its path; a
    list without `name=` is a batch of its own each time. `far` sends the records to workers. `stop`, once set, lets what is under way end. `out` is written
    when it is over: a line of JSON for each outcome.
    """
    from ..registry import registry

    db = db if db is not None else get_db_manager()
    graph = registry.make_graph(workflow) if isinstance(workflow, str) else workflow
    batch = Batch(
        db, graph, Doing(db, graph, tenant=tenant, reply=reply, durable=durable, llm=llm, embedder=embedder),
        name=name or (str(Path(records).resolve()) if isinstance(records, str | Path) else None),
        options={"reply": reply, "durable": durable}, tenant=tenant, retry_failed=retry_failed,
    )  # fmt: skip
    report, seq = await batch.run(reads(records), concurrency, resume=resume, far=far, stop=stop, tell=tell)
    if out is not None:
        await asyncio.to_thread(write_out, db, seq, Path(out))
    return report


def reads(records: str | Path | Iterable[Mapping[str, Any] | Read]) -> Iterable[Read]:
    """The records as they are read: of a file, or those of a list."""
    if isinstance(records, str | Path):
        return read_records(records)
    return (
        record if isinstance(record, Read) else Read(number, dict(record))
        for number, record in enumerate(records, 1)
    )


class Batch:
    """One batch: what its input is called, what is done with a record, and where the outcomes go."""

    def __init__(
        self,
        db: DatabaseManager,
        graph: Graph | None,
        do: Doing,
        *,
        name: str | None = None,
        options: Mapping[str, Any] | None = None,
        tenant: str = "default",
        retry_failed: bool = False,
    ) -> None:
        self.db, self.do, self.tenant, self.retry_failed = db, do, tenant, retry_failed
        self.nameless = name is None
        self.name = name or "list"
        self.workflow = TALK if graph is None else graph.name
        self.options = dict(options or {})
        self.hash = digest(None if graph is None else graph.shape_hash, self.options.get("reply", False))

    async def opened(self, resume: bool) -> Opened:
        """The batch in the database, ours from now on."""
        store = self.db.batches
        nonce = new_id() if self.nameless else ""
        id_ = digest("batch", self.tenant, self.name, self.workflow, self.hash, nonce)
        if resume and self.nameless:
            id_ = await store.newest(self.name, self.workflow, self.hash, self.tenant) or id_
        return await store.open(
            id_, self.name[-500:], self.workflow[:500], self.hash, self.tenant, existing=resume
        )

    async def run(
        self,
        records: Iterable[Read],
        concurrency: int,
        *,
        resume: bool = False,
        far: Far | None = None,
        stop: asyncio.Event | None = None,
        tell: Callable[[BatchReport], None] | None = None,
    ) -> tuple[BatchReport, int]:
        """Does what is left, several records at a time, here or on workers; gives the batch's number, too."""
        opened = await self.opened(resume)
        report = BatchReport(opened.id, self.name, self.workflow, opened.begun)
        running = Running(self, opened, report, tell)
        go, status = here if far is None else away, "failed"
        try:
            status = await go(running, Reader(keyed(records)), concurrency, far, stop)
        except asyncio.CancelledError:
            status = "stopped"
            raise
        finally:
            report.end(status)
            await self.db.batches.close(opened, status)
        return report, opened.seq


async def here(
    running: Running, reader: Reader[Keyed], concurrency: int, far: Far | None, stop: asyncio.Event | None
) -> str:
    """Does what is left in this process; says how that ended."""
    lanes: Lanes[Keyed, Outcome] = Lanes(concurrency, running.work, running.keep)

    def end() -> None:
        lanes.stop()
        reader.close()

    try:
        async with stopping(end, stop):
            async for record in running.left(reader, lambda: lanes.stopped):
                lanes.add(running.batch.do.lane(record.value or {}), record)
                await lanes.below(max(WINDOW, 4 * concurrency))
            await lanes.below(1)
        return "stopped" if lanes.stopped else "done"
    finally:
        await lanes.cancel()


async def away(
    running: Running, reader: Reader[Keyed], concurrency: int, far: Far | None, stop: asyncio.Event | None
) -> str:
    """Sends what is left to workers; says how that ended."""
    from .chunks import Chunks

    assert far is not None
    chunks = Chunks(running, far, concurrency)

    def end() -> None:
        chunks.stop()
        reader.close()

    async with stopping(end, stop):
        await chunks.ready()
        async for record in running.left(reader, lambda: chunks.stopped):
            await chunks.add(record)
        await chunks.finish()
    return "stopped" if chunks.stopped else "done"


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
                    known = await patiently(
                        lambda keys=keys: self.batch.db.batches.known(self.opened.seq, keys)
                    )
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


class stopping:
    """Calls `act` once the event is set, as long as the block lasts."""

    def __init__(self, act: Callable[[], None], stop: asyncio.Event | None) -> None:
        self._act, self._stop = act, stop
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        if self._stop is not None:
            self._task = asyncio.create_task(self._wait(self._stop))

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _wait(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._act()


def write_out(db: DatabaseManager, seq: int, out: Path) -> None:
    """Writes all outcomes of a batch as JSONL; the file is there whole or not at all."""
    part = out.with_name(f".{out.name}.part")
    with part.open("w", encoding="utf-8") as file:
        for row in db.batches.outcomes(seq):
            file.write(line_of(row) + "\n")
    part.replace(out)


def line_of(row: Mapping[str, Any]) -> str:
    """An outcome as a line of JSON: its line, whose it is, how it stands, and its result."""
    head = {"line": row["line"], "user_id": row["user_id"], "outcome": row["outcome"]}
    if row["reason"] is not None:
        head["reason"] = row["reason"]
    text = json.dumps(head)
    return text if row["result"] is None else f'{text[:-1]}, "result": {row["result"]}}}'


def _owner(value: object) -> str | None:
    """An id, if a table can hold it."""
    if isinstance(value, str) and 0 < len(value) <= 200 and "\x00" not in value:
        return None if any("\ud800" <= character <= "\udfff" for character in value) else value
    return None
