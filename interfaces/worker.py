"""Workers: processes, on this machine or on others, that run the chunks of a batch. Celery carries them there.

What a chunk needs is found in the process that runs it. The database, the loop and the registry are opened at its
first chunk, so that a pool that forks inherits none of them, and one that uses threads shares one of each.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import typer

from ..services.settings import setting
from .output import Misused

if TYPE_CHECKING:
    from ..engine import Graph
    from ..workflows.batch.chunk import Workshop

QUEUE: Final = "turngraph"
TASK: Final = "turngraph.chunk"
RECONNECT: Final = (0.5, 1, 2, 4, 8, 16)
INSTALL: Final = "batches on workers need Celery: pip install 'turngraph[workers,postgres]'"


class Place:
    """One process's event loop, on a thread of its own, with the database and workflows that its chunks share."""

    def __init__(self, db: str | None, app: str | None) -> None:
        self._given = (db, app)
        self._pid: int | None = None
        self._opening = threading.Lock()
        self._loop: asyncio.AbstractEventLoop
        self._shop: Workshop

    def run(self, order: Mapping[str, Any]) -> str:
        """Runs an order to its end; any thread may call it, and several at once."""
        if self._pid != os.getpid():
            with self._opening:
                if self._pid != os.getpid():
                    self._open()
        done: Future[str] = asyncio.run_coroutine_threadsafe(self._shop.run(order), self._loop)
        return done.result()

    def _open(self) -> None:
        from ..models import DatabaseManager
        from ..workflows.batch.chunk import Workshop
        from .apps import find_graph, registry_of

        url, app = self._given

        def find(workflow: str) -> Graph:
            return find_graph(workflow, registry_of(app))

        self._shop = Workshop(DatabaseManager(url), find)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="turngraph-worker-loop", daemon=True).start()
        self._pid = os.getpid()


def celery_app(
    broker: str | None = None, queue: str = QUEUE, run: Callable[[Mapping[str, Any]], str] | None = None
) -> Any:
    """The Celery application that carries chunks; `run` is what a worker does with one.

    A chunk is acknowledged when it is done, and the message of a worker that died is delivered again. Results are
    not kept: what came of a record stands in the database, and nowhere else.
    """
    try:
        from celery import Celery
    except ImportError:
        raise Misused(INSTALL) from None
    app = Celery("turngraph", broker=setting("broker", broker), set_as_current=False)
    app.conf.update(
        task_acks_late=True, task_acks_on_failure_or_timeout=False, task_reject_on_worker_lost=True,
        task_default_queue=queue, task_ignore_result=True, task_serializer="json", accept_content=["json"],
        task_track_started=False, worker_prefetch_multiplier=1, worker_hijack_root_logger=False,
        worker_enable_remote_control=False, worker_send_task_events=False, broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": 3600}, task_publish_retry_policy={"max_retries": 10},
    )  # fmt: skip

    @app.task(name=TASK, bind=True, max_retries=None, Request=_acknowledging())  # type: ignore[untyped-decorator, unused-ignore]
    def chunk(task: Any, order: dict[str, Any]) -> None:
        assert run is not None
        try:
            run(order)
        except Exception as error:
            raise task.retry(exc=error, countdown=1) from error

    return app


def _acknowledging() -> Any:
    """Celery's request, which gives its place in the worker back even if the broker is gone when it is acknowledged.

    Kombu's queues in memory or Redis keep the place; when all are kept so, the worker never reads from the broker
    again, and never learns that it is back.
    """
    from celery.worker.request import Request
    from kombu.transport.virtual import QoS

    class Acknowledging(Request):  # type: ignore[misc, unused-ignore]
        def acknowledge(self) -> None:
            super().acknowledge()
            places = getattr(self.message.channel, "qos", None)
            if not self.message.acknowledged and isinstance(places, QoS):
                QoS.ack(places, self.message.delivery_tag)  # type: ignore[no-untyped-call, unused-ignore]

    return Acknowledging


def told_worker(broker: str | None, queue: str, db: str | None, app: str | None) -> tuple[str, str]:
    """The broker without its password, and the command that starts a worker for what is sent there; what the
    settings say stands in none of its options, and a password in none."""
    where = setting("broker", broker) or ""
    shown = where if urlsplit(where).password is None else str(celery_app(broker).connection().as_uri())
    options = {
        "--broker": shown if broker else None,
        "--queue": queue if queue != QUEUE else None,
        "--db": _shown(db),
        "--app": app,
    }
    given = [f"{name} {shlex.quote(value)}" for name, value in options.items() if value]
    return shown, " ".join(["turngraph worker", *given])


def _shown(db: str | None) -> str | None:
    from ..models.urls import parse, shown

    return shown(parse(db)) if db else None


def sender(broker: str | None = None, queue: str = QUEUE) -> Callable[[dict[str, Any]], Any]:
    """What sends orders to the workers of a broker."""
    app = celery_app(broker, queue)
    from kombu.exceptions import OperationalError

    def publish(order: dict[str, Any]) -> None:
        app.send_task(TASK, args=[order], queue=queue)

    async def send(order: dict[str, Any]) -> None:
        for wait in RECONNECT:
            try:
                return await asyncio.to_thread(publish, order)
            except (OperationalError, OSError):  # a broker that restarts is back in a moment
                await asyncio.sleep(wait)
        await asyncio.to_thread(publish, order)

    return send


def work(
    broker: str | None, queue: str, db: str | None, app: str | None, pool: str, processes: int, level: str
) -> None:
    """Runs a worker until it is told to end; it ends what it has in hand first."""
    place = Place(db, app)
    celery = celery_app(broker, queue, place.run)
    shown = celery.connection().as_uri()  # without its password
    typer.echo(f"waiting for chunks at {shown}, queue {queue}; Ctrl-C ends what is in hand first", err=True)
    celery.worker_main(
        ["--quiet", "worker", f"--pool={pool}", f"--concurrency={processes}", f"--loglevel={level}", "--queues", queue,
         "--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", f"turngraph-{os.getpid()}@%h"]
    )  # fmt: skip
