"""`turngraph worker`: a process that runs chunks of batches, wherever they were begun."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ..output import App, Db, LogLevel, Misused, command

POOLS = ("prefork", "threads", "solo")
Broker = Annotated[
    str | None,
    typer.Option(
        "--broker", metavar="URL", help="Redis or RabbitMQ; else TURNGRAPH_BROKER, REDIS_URL, a local Redis."
    ),
]
Queue = Annotated[
    str, typer.Option("--queue", help="The broker's queue; workers take from the one they are started with.")
]


@command
def worker(
    broker: Broker = None,
    queue: Queue = "turngraph",
    pool: Annotated[
        str, typer.Option("--pool", help="prefork (a process each), threads (one process), or solo.")
    ] = "prefork",
    processes: Annotated[
        int,
        typer.Option("--processes", min=1, max=1024, help="How many chunks at a time; else one per core."),
    ] = os.cpu_count() or 1,
    app: App = None,
    db: Db = None,
    log_level: LogLevel = None,
) -> None:
    """Run chunks of batches that `turngraph batch FILE --workers celery` sends.

    Start as many as you like, on any machine that reaches the broker and the database. Ctrl-C lets what is in hand
    end. Needs the extra `workers`, and PostgreSQL where there is more than one machine.
    """
    from ..worker import work

    if pool not in POOLS:
        raise Misused(f"--pool: expected one of {', '.join(POOLS)}, found {pool!r}")
    work(broker, queue, db, app, pool, processes, (log_level or "WARNING").upper())
