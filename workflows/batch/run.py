"""Runs a batch: reads its records, does what has no outcome yet, and writes each outcome as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...engine import Graph
from ...models import DatabaseManager, get_db_manager
from ...models.base import new_id
from ...models.batches import Opened
from ...services import Embedder, LanguageModel
from ...services.records import Keyed, Read, digest, keyed, read_records
from .compare import Comparing
from .doing import Doing, Done
from .lanes import Lanes
from .out import check_place, write_out
from .page import write_page
from .reader import Reader
from .report import BatchReport
from .running import Running

if TYPE_CHECKING:
    from .chunks import Far

WINDOW: Final = 1000
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

    if out is not None:
        check_place("out", Path(out), records)
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


async def compare(
    conversations: Iterable[Mapping[str, Any] | Read],
    workflow: Graph,
    *,
    against: Graph | None = None,
    db: DatabaseManager | None = None,
    name: str | None = None,
    concurrency: int = 8,
    tenant: str = "default",
    resume: bool = False,
    retry_failed: bool = False,
    out: str | Path | None = None,
    page: str | Path | None = None,
    stop: asyncio.Event | None = None,
    tell: Callable[[BatchReport], None] | None = None,
) -> BatchReport:
    """Runs stored conversations again through a workflow, and compares each answer with the one that is stored.

    With `against` it is compared with what that other workflow answers. Nothing that is stored changes. `page` is an
    HTML file with both answers side by side; `db.batches.outcomes` has the same as values.
    """
    for role, place in (("out", out), ("page", page)):
        if place is not None:
            check_place(role, Path(place))
    db = db if db is not None else get_db_manager()
    do = Comparing(db, workflow, against=against, tenant=tenant)
    options = {"compare": True, "against": None if against is None else against.shape_hash}
    batch = Batch(db, workflow, do, name=name, options=options, tenant=tenant, retry_failed=retry_failed)
    try:
        report, seq = await batch.run(reads(conversations), concurrency, resume=resume, stop=stop, tell=tell)
    finally:
        do.close()
    if out is not None:
        await asyncio.to_thread(write_out, db, seq, Path(out))
    if page is not None:
        before = "stored" if against is None else f"{against.name} (before)"
        title = f"{workflow.name}: what it answers now"
        await asyncio.to_thread(write_page, Path(page), title, db.batches.outcomes(seq), before=before)
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
        do: Doing | Comparing,
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
        self.hash = digest(None if graph is None else graph.shape_hash, _changing(self.options))

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
        reader = Reader(keyed(records)).start()
        try:
            opened = await self.opened(resume)
        except BaseException:
            reader.close()
            raise
        report = BatchReport(opened.id, self.name, self.workflow, opened.begun)
        running = Running(self, opened, report, tell)
        go, status = here if far is None else away, "failed"
        try:
            status = await go(running, reader, concurrency, far, stop)
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
    lanes: Lanes[Keyed, Done | str] = Lanes(concurrency, running.work, running.keep)

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


def _changing(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that make another batch: those that change what becomes of a record."""
    return {name: value for name, value in options.items() if value and name != "durable"}
