"""What becomes of a tool call when its run is cancelled, or its process dies: made again under the same key, or not at all?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from turngraph.engine import Graph
from turngraph.models import DatabaseManager, Scope
from turngraph.models.repositories import tool_executions
from turngraph.services import OfflineModel, Prompt
from turngraph.services.tools import Asking, Call, Toolbox, tool
from turngraph.workflows import create_tool_conversation_workflow

INPUTS = {"user_id": "ada", "current_message": "Pay Bob 5 euros."}


class Once(OfflineModel):
    """Pays Bob, and says so; it counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    async def step(self, prompt: Prompt, tools: Any, done: Any, *, max_tokens: int = 1024) -> Asking:
        self.steps += 1
        calls = [] if done else [Call(tool="pay", arguments={"to": "Bob"})]
        return Asking(text="Paid." if done else "", provider="tests", model="once", calls=calls)


class Bank:
    """Pays; the first call hangs where it is told to."""

    def __init__(self, *, hangs: bool) -> None:
        self.keys: list[str] = []
        self.hangs = hangs
        self.begun, self.stopped = asyncio.Event(), 0
        self.tool = tool(asked=("pay",))(self.pay)

    async def pay(self, to: str, *, key: str) -> str:
        """Pays."""
        self.keys.append(key)
        if self.hangs and len(self.keys) == 1:
            self.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.stopped += 1
        return f"paid {to}"

    def graph(self, db: DatabaseManager, llm: Once) -> Graph:
        return create_tool_conversation_workflow(db, llm=llm, toolbox=Toolbox(self.tool), tools=["pay"])


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///here.db") as opened:
        yield opened


async def rows(db: DatabaseManager) -> list[Any]:
    return await db.read(lambda session: tool_executions.listed(session, Scope("default", "ada")))


async def test_a_run_that_is_cancelled_in_a_call_makes_it_again_under_the_same_key(
    db: DatabaseManager,
) -> None:
    bank, llm = Bank(hangs=True), Once()
    graph = bank.graph(db, llm)
    running = asyncio.create_task(graph.run(INPUTS, store=db.runs, run_id="r", scope=Scope("default", "ada")))
    await bank.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert bank.stopped == 1 and await rows(db) == []
    result = await graph.resume("r", store=db.runs)
    assert result["response"] == "Paid." and result["tool_calls"][0].result == "paid Bob"
    assert len(bank.keys) == 2 and len(set(bank.keys)) == 1
    (row,) = await rows(db)
    assert (row.status, row.key, row.message_id) == ("done", bank.keys[0], result["message_id"])


async def test_a_call_that_was_made_is_not_made_again_when_its_step_must_be(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, llm = Bank(hangs=False), Once()
    graph = bank.graph(db, llm)
    real = tool_executions.record

    def dies(*_: Any) -> Any:
        raise asyncio.CancelledError("the process goes down before the step is committed")

    monkeypatch.setattr(tool_executions, "record", dies)
    with pytest.raises(asyncio.CancelledError, match="goes down"):
        await graph.run(INPUTS, store=db.runs, run_id="r", scope=Scope("default", "ada"))
    assert len(bank.keys) == 1 and await rows(db) == []
    monkeypatch.setattr(tool_executions, "record", real)
    result = await graph.resume("r", store=db.runs)
    # The result of exec was recorded before post: neither the model nor the tool is asked a second time.
    assert (result["response"], llm.steps, len(bank.keys)) == ("Paid.", 2, 1)
    (row,) = await rows(db)
    assert (row.status, row.key) == ("done", bank.keys[0])


async def test_a_deadline_of_the_node_stops_the_tool(db: DatabaseManager) -> None:
    from turngraph.engine import END
    from turngraph.nodes import ToolLoopNode

    class Hurried(ToolLoopNode):
        timeout = 0.2

    bank, llm = Bank(hangs=True), Once()
    node = Hurried(tools=["pay"])
    endings = ("truncated", "refused", "over_budget", "failed")
    wired = Graph("g", node >> END, *(node - ending >> END for ending in endings))
    given = {"current_message": "Pay Bob.", "message_id": "m", "built_context": Prompt(message="Pay Bob.")}
    with pytest.raises(TimeoutError):
        await wired.bind(llm=llm, toolbox=Toolbox(bank.tool)).run(given)
    assert bank.stopped == 1
