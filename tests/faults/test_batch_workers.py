"""Has each record of a batch one outcome, and is none done again that was finished, whatever happens to workers,
their broker and the messages in it?"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from turngraph.engine import END, Graph
from turngraph.interfaces.worker import QUEUE, celery_app, sender
from turngraph.models import BatchItemRow, DatabaseManager
from turngraph.workflows import run_batch
from turngraph.workflows.batch.chunks import ChunkRefused, Far

pytest.importorskip("celery", reason="expected: Celery is an extra")
RABBIT = "amqp://guest:guest@127.0.0.1:5672//"
APP = '''
import asyncio, os, time
from pathlib import Path
from turngraph.engine import END, Graph, Node, Registry


class Note(Node):
    """Notes when it begins a record, and who does."""

    def prep(self, state):
        return dict(state)

    async def exec(self, prepared):
        with open(Path(__file__).with_name("notes"), "a") as notes:
            notes.write(f"{prepared['n']} {time.time_ns() // 1000} {os.getpid()}\\n")
        await asyncio.sleep(0.02)
        return prepared["n"]

    def post(self, state, prepared, result) -> None:
        state["twice"] = 2 * result


registry = Registry()
registry.add(Graph("note", Note() >> END))
'''


@dataclass
class Farm:
    """Workers over one broker and one database, in a folder of their own."""

    folder: Path
    broker: str
    url: str
    queue: str = field(default_factory=lambda: f"turngraph-test-{uuid.uuid4().hex}")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, pool: str = "prefork", processes: int = 2) -> subprocess.Popen[bytes]:
        """Starts a worker, in a process group of its own."""
        command = [sys.executable, "-P", "-m", "turngraph", "worker", "--app", "noting", "--pool", pool]
        command += [
            "--processes",
            str(processes),
            "--broker",
            self.broker,
            "--queue",
            self.queue,
            "--db",
            self.url,
        ]
        with (self.folder / f"worker{len(self.workers)}.log").open("wb") as log:
            made = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        self.workers.append(made)
        return made

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kills a worker with all its processes."""
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self.workers.remove(worker)

    def flush(self) -> None:
        """Takes every message out of the broker."""
        app = celery_app(self.broker, self.queue)
        with app.connection_for_write() as connection:
            if self.broker.startswith("redis"):
                connection.default_channel.client.flushall()
            else:
                connection.default_channel.queue_purge(self.queue)

    def close(self) -> None:
        for worker in list(self.workers):
            self.kill(worker)
        if self.broker == RABBIT:
            with celery_app(self.broker, self.queue).connection_for_write() as connection:
                connection.default_channel.queue_delete(self.queue)

    def logs(self) -> str:
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("worker*.log")))


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own, which may be flushed and restarted."""
    if shutil.which("redis-server") is None:
        pytest.skip("expected: no redis-server here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    server.kill()
    server.wait()


@pytest.fixture(params=["redis", "rabbitmq"])
def farm(request: pytest.FixtureRequest, tmp_path: Path, postgres_database: str) -> Iterator[Farm]:
    if request.param == "redis":
        broker = str(request.getfixturevalue("redis"))
    else:
        broker = RABBIT
        try:
            socket.create_connection(("127.0.0.1", 5672), 2).close()
        except OSError:
            pytest.skip("expected: no RabbitMQ here")
    (tmp_path / "noting.py").write_text(APP)
    (tmp_path / "notes").touch()
    made = Farm(tmp_path, broker, postgres_database)
    yield made
    made.close()


@pytest.fixture
def db(farm: Farm) -> Iterator[DatabaseManager]:
    with DatabaseManager(farm.url) as opened:
        yield opened


@pytest.fixture
def graph(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The graph that the workers have, too."""
    monkeypatch.syspath_prepend(str(farm.folder))
    sys.modules.pop("noting", None)
    import noting  # type: ignore[import-not-found]

    found: Graph = noting.registry.make_graph("note")
    return found


def records(count: int) -> list[dict[str, Any]]:
    return [{"n": n, "user_id": f"u{n % 37}"} if n % 3 else {"n": n} for n in range(count)]


def whole(farm: Farm, db: DatabaseManager, count: int) -> int:
    """Checks all that was promised; gives how many records were begun more than once."""
    row = BatchItemRow
    with db.get_session() as session:
        rows = session.execute(select(row.line, row.outcome, row.result, row.finished_at)).all()
    assert sorted(row.line for row in rows) == list(range(1, count + 1)), farm.logs()
    assert all(
        row.outcome == "done" and json.loads(row.result) == {"twice": 2 * (row.line - 1)} for row in rows
    )
    finished = {row.line - 1: row.finished_at.timestamp() * 1e6 for row in rows}
    begun: dict[int, list[int]] = {}
    for line in (farm.folder / "notes").read_text().splitlines():
        n, moment, _ = line.split()
        begun.setdefault(int(n), []).append(int(moment))
    assert set(begun) == set(range(count))
    late = {n: moments for n, moments in begun.items() if max(moments) > finished[n]}
    assert late == {}, "begun again though finished"
    return sum(len(moments) > 1 for moments in begun.values())


async def batch(farm: Farm, db: DatabaseManager, graph: Graph, count: int, **options: Any) -> Any:
    send = options.pop("send", None) or sender(farm.broker, farm.queue)
    far = Far(send, "note", size=options.pop("size", 10), patience=options.pop("patience", 3.0))
    return await asyncio.wait_for(
        run_batch(records(count), graph, db=db, name="b", concurrency=5, far=far, **options), 120 + count / 20
    )


async def test_every_chunk_delivered_twice_is_done_once(farm: Farm, db: DatabaseManager, graph: Graph):
    farm.start("threads")
    farm.start("prefork")
    send = sender(farm.broker, farm.queue)

    async def twice(order: dict[str, Any]) -> None:
        await send(order)
        await send(order)

    report = await batch(farm, db, graph, 300, send=twice)
    assert (report.done, report.failed) == (300, 0)
    assert whole(farm, db, 300) == 0
    again = await batch(farm, db, graph, 300)
    assert again.already == 300


async def test_workers_are_killed_and_the_broker_is_flushed(
    farm: Farm, db: DatabaseManager, graph: Graph, full: bool, tell: Callable[[str], None]
):
    """Twenty-five times, three in the quick form, with each broker."""
    clock, wanted, kills, flushes = random.Random(6), 25 if full else 3, 0, 0
    count = 250 * wanted
    farm.start()
    farm.start()
    task = asyncio.create_task(batch(farm, db, graph, count))
    while kills < wanted and not task.done():
        await asyncio.sleep(clock.uniform(1.0, 3.0))
        await asyncio.to_thread(farm.kill, clock.choice(farm.workers))
        kills += 1
        if kills % 2:
            await asyncio.to_thread(farm.flush)
            flushes += 1
        farm.start()
    report = await task
    assert report.done == count
    again = whole(farm, db, count)
    tell(
        f"{kills} workers killed, broker flushed {flushes} times: {count} records, {again} begun again, none finished twice"
    )


def test_the_batch_itself_is_killed(farm: Farm, db: DatabaseManager, graph: Graph):
    count = 400
    (farm.folder / "list.jsonl").write_text("\n".join(map(json.dumps, records(count))))
    farm.start()
    command = [
        sys.executable,
        "-P",
        "-m",
        "turngraph",
        "batch",
        "list.jsonl",
        "--workflow",
        "note",
        "--app",
        "noting",
    ]
    command += [
        "--workers",
        "celery",
        "--broker",
        farm.broker,
        "--queue",
        farm.queue,
        "--chunk",
        "10",
        "--db",
        farm.url,
    ]
    for wait in (3.0, 4.0):
        process = subprocess.Popen([*command, "--json"], cwd=farm.folder, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
    done = subprocess.run([*command, "--json"], cwd=farm.folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + farm.logs()
    report = json.loads(done.stdout)
    assert report["done"] == count and report["failed"] == 0
    whole(farm, db, count)


async def test_another_version_of_the_workflow_is_refused(farm: Farm, db: DatabaseManager, graph: Graph):
    farm.start("solo", 1)
    changed = Graph("note", *[graph.nodes["note"] >> END], max_steps=7)
    with pytest.raises(ChunkRefused, match="is another one here than where the batch was begun"):
        await batch(farm, db, changed, 5)


def test_the_queue_has_a_name_of_its_own():
    assert celery_app("memory://").conf.task_default_queue == QUEUE
