"""Are records spread over chunks so that workers have something to do at once, and each user's stay in order?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from turngraph.engine import END, Graph, Node
from turngraph.models import DatabaseManager
from turngraph.workflows import run_batch
from turngraph.workflows.batch.chunk import Workshop
from turngraph.workflows.batch.chunks import Far

USERS = 8


class Note(Node):
    """Notes whose record it is and how many are under way."""

    def __init__(self) -> None:
        super().__init__(name="note")
        self.seen: list[tuple[str, int]] = []
        self.now = self.most = 0

    def prep(self, state: Any) -> tuple[str, int]:
        return state["user_id"], state["n"]

    async def exec(self, given: tuple[str, int]) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        self.seen.append(given)


async def test_chunks_of_users_who_wait_are_mixed_and_each_users_records_stay_in_order(tmp_path: Path):
    url, node = f"sqlite:///{tmp_path / 'far.db'}", Note()
    graph = Graph("note", node >> END)
    chunks: list[list[str]] = []
    with DatabaseManager(url) as here, DatabaseManager(url) as there:
        shop = Workshop(there, lambda name: graph)
        at_work: set[asyncio.Task[str]] = set()

        async def send(order: dict[str, Any]) -> None:
            chunks.append([record[2]["user_id"] for record in order["records"]])
            at_work.add(asyncio.create_task(shop.run(order)))

        records = [{"user_id": f"u{n % USERS}", "n": n} for n in range(20 * USERS)]
        far = Far(send, workflow="note", size=USERS)
        report = await run_batch(records, graph, db=here, concurrency=USERS, far=far)
        assert {await task for task in at_work} == {"done"}
    assert (report.done, report.failed) == (20 * USERS, 0)
    for user in {user for user, _ in node.seen}:
        own = [n for who, n in node.seen if who == user]
        assert own == sorted(own)
    assert all(len(set(users)) == len(users) for users in chunks)  # nobody waits behind a record of their own
    assert node.most == USERS


async def test_a_worker_that_is_waited_for_is_named_by_the_command_that_starts_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async def nowhere(order: dict[str, Any]) -> None:
        sent.append(order)

    sent: list[dict[str, Any]] = []
    stop, graph = asyncio.Event(), Graph("note", Note() >> END)
    far = Far(
        nowhere, workflow="note", patience=0.2, start="turngraph worker --queue q", broker="redis://here"
    )
    with DatabaseManager(f"sqlite:///{tmp_path / 'far.db'}") as db:
        batch = run_batch([{"user_id": "u", "n": 1}], graph, db=db, far=far, stop=stop, name="b")
        task = asyncio.create_task(batch)
        while len(sent) < 3 or caplog.text.count("no worker has taken a chunk") < 2:
            await asyncio.sleep(0.05)
        assert "reaches redis://here and the database:  turngraph worker --queue q" in caplog.text
        stop.set()  # as Ctrl-C does: what nobody took is not waited for
        report = await asyncio.wait_for(task, 20)
        assert (report.status, report.finished) == ("stopped", 0)
        assert (
            await Workshop(db, lambda name: graph).run(sent[-1]) != "done"
        )  # nor done by who comes too late
