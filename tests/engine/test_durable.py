"""A durable run goes on from its last committed step, and nothing that was committed runs again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import (
    END,
    Graph,
    ItemError,
    Map,
    MemoryStore,
    Node,
    NodeFinished,
    NotBound,
    Parallel,
    Registry,
    Retry,
)
from turngraph.engine.codec import NotStorable
from turngraph.engine.record import RunChanged, RunExists, RunOwned, UnknownRun


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


async def broken_at_b(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Say, "broken", {"b"})
    with pytest.raises(OSError):
        await chain().run({"words": []}, store=store, run_id="r")
    monkeypatch.setattr(Say, "broken", set())
    ran.clear()


async def test_a_graph_that_changed_says_what_changed_where_the_run_does_not_fit(monkeypatch):
    store = MemoryStore()
    await broken_at_b(store, monkeypatch)
    other = Graph("chain", Say(name="z") >> Say(name="b") >> END, inputs=Start, max_steps=5)
    with pytest.raises(RunChanged) as raised:
        await other.resume("r", store=store)
    assert "without nodes 'a', 'c'; with new nodes 'z'" in str(raised.value)
    assert "it began at 'a', and this one begins at 'z'; the node 'a', which it has walked, is gone" in str(
        raised.value
    )
    assert store.runs["r"].status == "failed"


async def test_a_graph_that_changed_goes_on_where_the_run_still_fits(monkeypatch):
    store = MemoryStore()
    await broken_at_b(store, monkeypatch)
    other = Graph("chain", Say(name="a") >> Say(name="new") >> Say(name="c") >> END, inputs=Start)
    assert (await other.resume("r", store=store))["words"] == ["a", "new", "c"]
    assert ran == ["new", "c"] and '"new"' in store.runs["r"].shape
    with pytest.raises(RunChanged, match="'default' led from 'a' to 'new', and now leads to 'b'"):
        await chain().resume("r", store=store)


async def test_a_migration_says_where_and_with_what_a_run_goes_on(monkeypatch):
    store = MemoryStore()
    await broken_at_b(store, monkeypatch)
    seen = []

    def migrate(state: dict[str, Any], node: str) -> tuple[dict[str, Any], str]:
        seen.append((dict(state), node))
        return {**state, "words": [*state["words"], "moved"]}, "y"

    other = Graph("chain", Say(name="x") >> Say(name="y") >> Say(name="z") >> END, inputs=Start)
    with pytest.raises(RunChanged, match=r"goes on at 'q'; graph 'chain' has 'x', 'y', 'z'"):
        await other.resume("r", store=store, migrate=lambda state, node: (state, "q"))
    monkeypatch.setattr(Say, "broken", {"z"})
    with pytest.raises(OSError):
        await other.resume("r", store=store, migrate=migrate)
    assert seen == [({"words": ["a"], "a": ("a", {1, 2})}, "b")]
    monkeypatch.setattr(Say, "broken", set())
    result = await other.resume("r", store=store)
    assert result["words"] == ["a", "moved", "y", "z"] and ran == ["y", "z", "z"]
    assert list(store.steps["r"]) == ["r/a/1", "r~1/y/1", "r~1/z/1"]


async def test_sub_graphs_may_change_while_a_run_is_inside_them(monkeypatch):
    def outer(*names: str) -> Graph:
        first, *rest = (Say(name=name) for name in names)
        path: Any = first
        for node in rest:
            path = path >> node
        return Graph("outer", Say(name="a") >> Graph("inner", path >> END) >> END, inputs=Start)

    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"q"})
    with pytest.raises(OSError):
        await outer("p", "q").run({"words": []}, store=store, run_id="r")
    monkeypatch.setattr(Say, "broken", set())
    with pytest.raises(RunChanged, match="the node 'p', which it has walked, is gone"):
        await outer("s", "q").resume("r", store=store)
    assert (await outer("p", "t").resume("r", store=store))["words"] == ["a", "p", "t"]
    assert [step.path for step in store.steps["r"].values()][-1] == "r/inner/1"


async def test_branches_and_items_may_change_while_they_are_under_way(monkeypatch):
    def graph(step: str, last: str, into: str = "out") -> Graph:
        class Item(Say):
            def post(self, state) -> None:
                state[self.name] = state["item"]

        each = Graph("each", Item(name=step) >> Item(name=last) >> END)
        return Graph("g", Map(each, over="words", into=into, name="m") >> END, inputs=Start)

    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"q"})
    with pytest.raises(OSError):
        await graph("p", "q").run({"words": ["w"]}, store=store, run_id="r")
    monkeypatch.setattr(Say, "broken", set())
    with pytest.raises(RunChanged, match="the node 'p', which it has walked, is gone"):
        await graph("x", "q").resume("r", store=store)
    with pytest.raises(RunChanged, match="'m' was under way, and is another one now"):
        await graph("p", "q", "other").resume("r", store=store)
    assert (await graph("p", "t").resume("r", store=store))["out"] == [{"p": "w", "t": "w"}]
    assert ran == ["p", "q", "t"]


async def test_an_item_with_a_state_of_its_own_may_change_while_it_is_under_way(monkeypatch):
    class One(BaseModel):
        item: str

    def graph(last: str) -> Graph:
        class Item(Say):
            def post(self, state) -> None:
                state[self.name] = state["item"]

        each = Graph("each", Item(name="p") >> Item(name=last) >> END, inputs=One)
        return Graph("g", Map(each, over="words", into="out", name="m") >> END, inputs=Start)

    store = MemoryStore()
    monkeypatch.setattr(Say, "broken", {"q"})
    with pytest.raises(OSError):
        await graph("q").run({"words": ["w"]}, store=store, run_id="r")
    monkeypatch.setattr(Say, "broken", set())
    assert (await graph("t").resume("r", store=store))["out"] == [{"p": "w", "t": "w"}]
    assert ran == ["p", "q", "t"]


async def test_a_cancel_leaves_a_run_that_can_go_on():
    class Waits(Node):
        async def exec(self) -> None:
            ran.append("waits")
            if ran.count("waits") == 1:
                await asyncio.sleep(600)

    store = MemoryStore()
    graph = Graph("g", Say(name="a") >> Waits() >> END, inputs=Start)
    task = asyncio.ensure_future(graph.run({"words": []}, store=store, run_id="r"))
    while "waits" not in ran:
        await asyncio.sleep(0)
    with pytest.raises(RunOwned, match="being run in this process"):
        await graph.resume("r", store=store)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.runs["r"].status == "cancelled"
    await graph.resume("r", store=store)
    assert ran == ["a", "waits", "waits"]


async def test_a_recorded_result_is_paid_for_once():
    class Costly(Node):
        recorded = True
        fails = True

        async def exec(self) -> dict[str, int]:
            ran.append("paid")
            return {"tokens": 7}

        def post(self, state, prepared, result) -> None:
            if self.fails:
                raise OSError("crash before the commit")
            state["tokens"] = result["tokens"]

    store, costly = MemoryStore(), Costly()
    with pytest.raises(OSError):
        await Graph("g", costly >> END).run({}, store=store, run_id="r")
    costly.fails = False
    assert (await Graph("g", costly >> END).resume("r", store=store))["tokens"] == 7
    assert ran == ["paid"] and list(store.steps["r"]) == ["r/costly/1#exec", "r/costly/1"]
    assert (await Graph("g", costly >> END).run({}))["tokens"] == 7


async def test_attempts_are_counted_and_the_last_step_ends_the_run():
    class Flaky(Node):
        async def exec(self) -> None:
            ran.append("flaky")
            if len(ran) < 3:
                raise OSError

    store = MemoryStore()
    await Graph("g", Flaky(retry=Retry(attempts=3, wait=0)) >> END).run({}, store=store, run_id="r")
    (step,) = store.steps["r"].values()
    assert (step.attempts, step.last, store.runs["r"].status) == (3, True, "done")


async def test_a_durable_run_can_be_streamed():
    store = MemoryStore()
    events = [event async for event in chain().stream({"words": []}, store=store, run_id="r")]
    assert (type(events[0]).__name__, type(events[-1]).__name__) == ("RunStarted", "RunFinished")
    told = [event.seconds for event in events if isinstance(event, NodeFinished)]
    assert told == [step.seconds for step in store.steps["r"].values()] and len(told) == 3


async def test_the_results_of_a_map_and_its_errors_are_stored():
    class Item(Node):
        class Inputs(BaseModel):
            item: int

        class Outputs(BaseModel):
            half: float

        async def exec(self, inputs: Inputs) -> Outputs:
            return self.Outputs(half=1 / inputs.item)

    store = MemoryStore()
    graph = Graph("g", Map(Item(), over="items", into="out", errors="collect") >> Say(name="a") >> END)
    result = await graph.run({"items": [1, 0, 2], "words": []}, store=store, run_id="r")
    assert result["out"][1] == ItemError(1, "ZeroDivisionError", "division by zero")
    again = await graph.resume("r", store=store)
    assert again["out"] == result["out"] and again["out"][2].half == 0.5


async def test_types_of_the_registry_can_be_stored():
    @dataclass
    class Money:
        cents: int

    class Earn(Node):
        def post(self, state) -> None:
            state["money"] = Money(5)

    registry = Registry()
    registry.type(Money)
    registry.graph("g", lambda: Graph("g", Earn() >> END))
    store = MemoryStore()
    assert (await registry.make_graph("g").run({}, store=store, run_id="r"))["money"] == Money(5)
    assert (await registry.make_graph("g").resume("r", store=store))["money"] == Money(5)


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
