"""Does a batch wait for a database, and its workers for a broker, that is killed and started again?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from turngraph.engine import END, Graph, Node
from turngraph.models import BatchItemRow, DatabaseManager
from turngraph.workflows import run_batch

from . import servers
from .test_batch_workers import APP, Farm, batch, graph, whole  # noqa: F401

COUNT = 600


class Count(Node):
    """Takes a moment for each record, and notes it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def prep(self, state: Any) -> int:
        return int(state["n"])

    async def exec(self, n: int) -> int:
        self.begun.append(n)
        await asyncio.sleep(0.03)
        return n

    def post(self, state: Any, n: int, result: int) -> None:
        state["twice"] = 2 * result


@pytest.fixture
def postgres() -> Iterator[servers.Server]:
    made = servers.postgres()
    yield made
    made.close()


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    made = servers.redis() if request.param == "redis" else servers.rabbitmq()
    yield made
    made.close()


async def until_listening(server: servers.Server) -> str:
    import psycopg

    url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return url
        except psycopg.OperationalError:
            await asyncio.sleep(0.1)


async def test_a_database_that_is_killed_and_started_again_is_waited_for(postgres: servers.Server):
    url, node = await until_listening(postgres), Count()
    with DatabaseManager(url) as db:
        given = [{"n": n} for n in range(COUNT)]
        task = asyncio.create_task(
            run_batch(given, Graph("count", node >> END), db=db, name="b", concurrency=10)
        )
        for _ in range(2):
            seen = len(node.begun)
            while len(node.begun) < min(seen + 100, COUNT):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(postgres.kill)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(postgres.start)
        report = await asyncio.wait_for(task, 120)
        assert (report.done, report.failed) == (COUNT, 0)
        with db.get_session() as session:
            rows = session.execute(select(BatchItemRow.line, BatchItemRow.result)).all()
    assert sorted(line for line, _ in rows) == list(range(1, COUNT + 1))
    assert all(json.loads(result) == {"twice": 2 * (line - 1)} for line, result in rows)
    assert len(node.begun) == COUNT  # its outcome waits for the database; the record is not done again


@pytest.fixture
def farm(
    broker: servers.Server, request: pytest.FixtureRequest, tmp_path: Path, postgres_database: str
) -> Iterator[Farm]:
    (tmp_path / "noting.py").write_text(APP)
    (tmp_path / "notes").touch()
    redis = "redis" in request.node.callspec.params.values()
    url = "redis://127.0.0.1:{}/0" if redis else "amqp://guest:guest@127.0.0.1:{}//"
    made = Farm(tmp_path, url.format(broker.port), postgres_database)
    yield made
    made.close()


async def test_a_broker_that_is_killed_is_waited_for_whether_it_kept_its_messages_or_starts_empty(
    farm: Farm,
    broker: servers.Server,
    graph: Graph,  # noqa: F811
):
    farm.start()
    with DatabaseManager(farm.url) as db:
        task = asyncio.create_task(batch(farm, db, graph, COUNT))
        for keeps in (True, False):
            await noted(farm, 100)
            await asyncio.to_thread(broker.kill)
            if not keeps:
                broker.empty()
            await asyncio.to_thread(broker.start)
        report = await task
        assert report.done == COUNT
        whole(farm, db, COUNT)


async def noted(farm: Farm, more: int) -> None:
    """Returns when the workers have begun that many more records, or all there are."""
    notes = farm.folder / "notes"
    begun = len(notes.read_text().splitlines())
    while len(notes.read_text().splitlines()) < min(begun + more, COUNT):
        await asyncio.sleep(0.05)
