"""A durable run goes on from its last committed step, and nothing that was committed runs again."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, Map, MemoryStore, Node, NotBound, Parallel
from turngraph.engine.codec import NotStorable
from turngraph.engine.record import RunChanged, RunExists, UnknownRun


class Start(BaseModel):
    words: list[str]


ran: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


class Say(Node):
    """Notes that it ran, adds a word in place, and fails as long as `broken` names it."""

    broken: set[str] = set()

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    async def exec(self, prepared: Any, *, context) -> None:
        ran.append(self.name)
        if self.name in self.broken:
            raise OSError(self.name)

    def post(self, state) -> None:
        state["words"].append(self.name)
        state[self.name] = (self.name, {1, 2})


class Again(Node):
    def post(self, state) -> Literal["again"] | None:
        state["n"] = state.get("n", 0) + 1
        return "again" if state["n"] < 3 else None


def chain(**options: Any) -> Graph:
    return Graph("chain", Say(name="a") >> Say(name="b") >> Say(name="c") >> END, inputs=Start, **options)


async def test_what_was_committed_is_not_run_again(monkeypatch):
    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"b"})
    with pytest.raises(OSError):
        await chain().run({"words": []}, store=store, run_id="r")
    assert (ran, store.runs["r"].status, store.runs["r"].error) == (["a", "b"], "failed", "OSError: b")
    monkeypatch.setattr(Say, "broken", set())
    result = await chain().resume("r", store=store)
    assert ran == ["a", "b", "b", "c"]
    assert result["words"] == ["a", "b", "c"] and result["a"] == ("a", {1, 2})
    assert store.runs["r"].status == "done"
    assert dict(await chain().resume("r", store=store)) == dict(result) and len(ran) == 4


async def test_a_step_stores_only_what_it_changed():
    store = MemoryStore()
    loop = Again()
    await Graph("loop", loop - "again" >> loop, loop >> END).run({"big": "x" * 5000}, store=store, run_id="l")
    assert [len(step.changes) < 40 for step in store.steps["l"].values()] == [True] * 3
    assert list(store.steps["l"]) == ["l/again/1", "l/again/2", "l/again/3"]


async def test_branches_items_and_sub_graphs_go_on_where_each_was(monkeypatch):
    inner = Graph("inner", Say(name="one") >> Say(name="two") >> END)

    class Item(Node):
        async def exec(self, prepared: Any, *, context) -> None:
            ran.append(context.path.split("/")[2])
            if context.path.split("/")[3] in Say.broken:
                raise OSError("item")

        def post(self, state) -> None:
            state["seen"] = state["item"]

    class Left(Say):
        def post(self, state) -> None:
            state[self.name] = 1

    both = Parallel(Left(name="p"), Left(name="q"))
    graph = Graph(
        "g", both >> inner >> Map(Item(), over="words", into="out", limit=1, name="m") >> END, inputs=Start
    )
    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"3"})
    with pytest.raises(OSError, match="item"):
        await graph.run({"words": ["w", "x"]}, store=store, run_id="r")
    assert ran == ["p", "q", "one", "two", "1", "1", "1", "1"]
    monkeypatch.setattr(Say, "broken", set())
    result = await graph.resume("r", store=store)
    assert ran[8:] == ["1"]
    assert [entry["seen"] for entry in result["out"]] == ["w", "x", "one", "two"]


async def test_a_graph_that_changed_says_what_changed(monkeypatch):
    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"b"})
    with pytest.raises(OSError):
        await chain().run({"words": []}, store=store, run_id="r")
    other = Graph("chain", Say(name="a") >> Say(name="d") >> END, inputs=Start, max_steps=5)
    with pytest.raises(
        RunChanged, match=r"without nodes 'b', 'c'; with new nodes 'd'.*max_steps: None, now 5"
    ):
        await other.resume("r", store=store)


async def test_ids_are_taken_once_and_unknown_ones_say_so():
    store = MemoryStore()
    await chain().run({"words": []}, store=store, run_id="r")
    with pytest.raises(RunExists):
        await chain().run({"words": []}, store=store, run_id="r")
    with pytest.raises(UnknownRun):
        await chain().resume("s", store=store)
    with pytest.raises(NotBound, match="needs the durable store"):
        await chain().resume("r")


async def test_what_cannot_be_stored_is_an_error_at_its_step():
    class Odd(Node):
        def post(self, state) -> None:
            state["thing"] = object()

    with pytest.raises(
        NotStorable, match=r"the key 'thing', written by node 'odd', holds a builtins\.object"
    ):
        await Graph("g", Odd() >> END).run({}, store=MemoryStore())
    with pytest.raises(NotStorable, match="what graph 'g' was given"):
        await Graph("g", Node(name="n") >> END).run({"x": object()}, store=MemoryStore())


async def test_a_memory_store_has_no_sessions():
    class Writes(Node):
        def post(self, state, prepared, result, *, session) -> None: ...

    with pytest.raises(NotBound, match="asks for a session"):
        await Graph("g", Writes() >> END).run({}, store=MemoryStore())
