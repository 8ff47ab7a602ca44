"""`turngraph batch`: a list of records, each with an outcome of its own that outlives a crash."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import App, AsJson, Db, Failed, LogLevel, Misused, Tenant, command, console, say, table
from .worker import Broker, Queue

if TYPE_CHECKING:
    from ...services.records import Read
    from ...workflows import BatchReport
    from ...workflows.batch.chunks import Far

STOPPED = 130


@command
def batch(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|-", help="JSONL, a JSON array, CSV, Parquet, a folder; - reads standard input."
        ),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option("--workflow", metavar="NAME|FILE", help="What each record is run through."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="OUT.jsonl", help="Write every outcome there, a line each."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=10_000, help="How many records at a time.")
    ] = 8,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a batch that was begun; it is an error if none was.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do the records that failed once more.")
    ] = False,
    name: Annotated[
        str | None, typer.Option("--name", help="The batch's name; else the path of its file.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="KEY=VALUE", help="Take stored conversations instead of a file."),
    ] = None,
    reply: Annotated[
        bool, typer.Option("--reply", help="Answer the last message of conversations that are taken in.")
    ] = False,
    durable: Annotated[
        bool, typer.Option("--durable", help="Commit every step of every record; see turngraph runs.")
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="PAGE.html",
            help="Run stored conversations again through --workflow, and write both answers side by side.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="NAME|FILE", help="Compare with that workflow, not with what is stored."
        ),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers", metavar="celery", help="Send the records to workers; see turngraph worker."
        ),
    ] = None,
    broker: Broker = None,
    queue: Queue = "turngraph",
    chunk: Annotated[
        int, typer.Option("--chunk", min=1, max=10_000, help="How many records a worker is sent at a time.")
    ] = 50,
    tenant: Tenant = "default",
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Work through many records; each has one outcome, and the same command again does what is left.

    {"user_id": ..., "message": ...} is answered; {"conversation_id": ..., "user_id": ..., "messages": [...]}
    is taken in, and answered with --reply. With --workflow each record is what that workflow is given.
    """
    from ...models import DatabaseManager
    from ...workflows import compare as again
    from ...workflows import run_batch
    from ..apps import find_graph, registry_of
    from ..progress import Progress

    if file is not None and where:
        raise Misused(f"a FILE and --where are two batches; found {file!r} and --where {where[0]}")
    if file is None and not where:
        raise Misused("say what to work through: a FILE, - for standard input, or --where KEY=VALUE")
    if compare is not None and (workflow is None or workers is not None or reply or durable):
        raise Misused("--compare goes with --workflow, and without --workers, --reply and --durable")
    if against is not None and compare is None:
        raise Misused("--against goes with --compare PAGE.html")
    far = None if workers is None else _far(workers, broker, queue, workflow, chunk, db, app)
    with DatabaseManager(db) as database:
        graph = None if workflow is None else find_graph(workflow, registry_of(app))
        name = name or _name(file, where, tenant)
        with Progress(file, as_json) as progress:
            options: dict[str, Any] = {
                "workflow": graph, "db": database, "name": name, "tenant": tenant, "concurrency": concurrency,
                "resume": resume, "retry_failed": retry_failed, "out": out, "tell": progress.tell,
            }  # fmt: skip
            if compare is not None:
                other = None if against is None else find_graph(against, registry_of(app))
                options |= {"page": compare, "against": other}
            else:
                options |= {"reply": reply, "durable": durable, "far": far}
            go = again if compare is not None else run_batch
            report = asyncio.run(_work(go, _records(file, where, database, tenant), **options))
    _told(report, as_json)


async def _work(go: Any, records: str | Iterable[Read], **options: Any) -> BatchReport:
    """Runs the batch; the first Ctrl-C lets what is under way end, a second one does not."""
    stop, task = asyncio.Event(), asyncio.current_task()
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupted)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            break
    report: BatchReport = await go(records, stop=stop, **options)
    return report


def _records(file: str | None, where: list[str] | None, db: Any, tenant: str) -> str | Iterable[Read]:
    from ...services.records import read_stream

    if where:
        from ...workflows.batch.stored import stored_conversations

        return stored_conversations(db, tenant, where)
    return read_stream(sys.stdin.buffer) if file == "-" else file or ""


def _far(
    workers: str,
    broker: str | None,
    queue: str,
    workflow: str | None,
    chunk: int,
    db: str | None,
    app: str | None,
) -> Far:
    from ...workflows.batch.chunks import Far
    from ..worker import sender, told_worker

    if workers != "celery":
        raise Misused(f"--workers: expected celery, found {workers!r}")
    where, start = told_worker(broker, queue, db, app)
    return Far(sender(broker, queue), workflow, size=chunk, start=start, broker=where)


def _name(file: str | None, where: list[str] | None, tenant: str) -> str | None:
    """What makes the same command the same; standard input has no name, and is another batch each time."""
    if where:
        return f"where {' '.join(sorted(where))}"
    return None if file == "-" else str(Path(file or "").resolve())


def _told(report: BatchReport, as_json: bool) -> None:
    if as_json:
        say(report.to_dict())
    else:
        rows = [
            ("records", f"{report.total:,}"), ("done", f"{report.done:,}"), ("failed", f"{report.failed:,}"),
            ("skipped", f"{report.skipped:,}"), ("of these before", f"{report.already:,}"),
            ("answered", f"{report.answered:,}"), ("taken in", f"{report.ingested:,}"),
            ("messages stored", f"{report.messages_stored:,}"), ("tokens", f"{report.tokens:,}"),
            *([("cost", f"${report.cost:,.4f}")] if report.cost is not None else []),
            ("seconds", f"{report.seconds:,.1f}"), ("records a second", f"{report.rate:,.1f}"),
        ]  # fmt: skip
        table(f"{report.name}: {report.workflow}", ("", ""), rows)
        out = console()
        for error in report.errors:
            out.print(f"  line {error['line']}: {error['reason']}", markup=False)
        if report.errors_left_out:
            out.print(f"  and {report.errors_left_out:,} more; --out writes all of them", markup=False)
    if report.status == "stopped":
        typer.echo(
            f"stopped: {report.finished:,} records have their outcome; the same command goes on with the rest",
            err=True,
        )
        raise typer.Exit(STOPPED)
    if report.failed:
        raise Failed(f"{report.failed} of {report.total} records failed")
