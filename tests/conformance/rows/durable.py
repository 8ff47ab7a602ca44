"""Rows: runs that stop in the middle and go on, in this process or in a new one."""

from __future__ import annotations

import asyncio
import contextlib
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import (
    END,
    Graph,
    ItemError,
    Map,
    Node,
    NodeFinished,
    Parallel,
    Pause,
    Result,
    Retry,
    Retrying,
    RunStore,
    ValidationError,
)
from turngraph.engine.codec import NotStorable
from turngraph.engine.fork import UnknownStep
from turngraph.engine.record import NotWaiting, RunChanged, RunExists, RunOwned, UnknownRun

from ..parts import Add, Put, Say, choose, note, one, say
from ..row import DURABLE, SQL, Row, Stopped, stage


def durable(rule: str, source: str, graph: Any, **more: Any) -> Row:
    """A row for the stores alone."""
    return Row(rule=rule, source=source, graph=graph, **{"modes": DURABLE, **more})


def chain(*names: str) -> Graph:
    path: Any = None
    for each in say(*names):
        path = each if path is None else path >> each
    return Graph("chain", path >> END)


class Round(Node):
    """A loop of one node, which knows the round."""

    def prep(self, state: Any) -> int:
        return state["n"] + 1

    def exec(self, n: int, *, context: Any) -> str:
        note(f"round {n}")
        return str(context.path.rsplit("/", 1)[1])

    def post(self, state: Any, n: int, visit: str) -> Literal["again"] | None:
        state["n"] = n
        state["visits"] = [*state.get("visits", []), visit]
        return "again" if n < 5 else None


def looping() -> Graph:
    each = Round()
    return Graph("loop", each - "again" >> each, each >> END)


def coin(side: str) -> Graph:
    start = choose(side, "heads", "tails")
    return Graph(
        "coin",
        start - "heads" >> Say(name="heads_1") >> Say(name="heads_2") >> END,
        start - "tails" >> Say(name="tails_1") >> END,
    )


def inside() -> Graph:
    a, b, c, d = say("a", "b", "c", "d")
    return Graph("outer", a >> Graph("inner", b >> c >> END) >> d >> END)


def deep_inside() -> Graph:
    a, b, c, d = say("a", "b", "c", "d")
    deepest = Graph("deepest", b >> c >> END)
    return Graph("outer", a >> Graph("middle", deepest >> d >> END) >> END)


def beside() -> Graph:
    left = Put("left", 1)
    right = Graph("right", Say(name="r1") >> Say(name="r2") >> Say(name="r3") >> Put("right", 2) >> END)
    return Graph("beside", Parallel(left, right) >> Say(name="after") >> END)


class Item(Node):
    """Notes the item it works on."""

    class Outputs(BaseModel):
        value: int

    def prep(self, state: Any) -> Any:
        return state["item"]

    async def exec(self, item: int) -> Outputs:
        note(f"{self.name} {item}")
        return self.Outputs(value=item * 10)


class Values(Node):
    def post(self, state: Any) -> None:
        state["values"] = [getattr(entry, "value", entry) for entry in state["out"]]


def items() -> Graph:
    return Graph("items", Map(Item(), over="items", into="out", limit=1) >> Values() >> END)


class Value(BaseModel):
    value: int


def graph_items() -> Graph:
    each = Graph("each", Item(name="first") >> Item(name="second") >> END, outputs=Value)
    return Graph("items", Map(each, over="items", into="out", limit=1) >> Values() >> END)


class Weak(Item):
    retry = Retry(attempts=2, wait=0)

    async def exec(self, item: int) -> Item.Outputs:
        note(f"{self.name} {item}")
        if item < 0:
            raise ValueError(f"{item} is below zero")
        return self.Outputs(value=item)


def collecting() -> Graph:
    each = Map(Weak(), over="items", into="out", limit=1, errors="collect")
    return Graph("collecting", each >> Say(name="after") >> Values() >> END)


class Costly(Node):
    """Its exec is recorded; then post may fail."""

    recorded = True

    def exec(self) -> str:
        note("exec")
        return "answer"

    def post(self, state: Any, prepared: None, result: str) -> None:
        note("post")
        state["result"] = result


class Cheap(Costly):
    recorded = False


class Keyed(Node):
    def exec(self, prepared: None, *, context: Any) -> None:
        note("key " + context.idempotency_key.split("/", 1)[1])


class Attempts(Node):
    """Succeeds at the third attempt."""

    retry = Retry(attempts=3, wait=0)

    def exec(self, prepared: None, *, context: Any) -> None:
        note(f"attempt {context.attempt}")
        if context.attempt < 3:
            raise OSError("not yet")


class Fallen(Node):
    def exec(self) -> str:
        note("exec")
        raise OSError("away")

    def fallback(self, prepared: None, error: Exception) -> str:
        note("fallback")
        return "instead"

    def post(self, state: Any, prepared: None, result: str) -> None:
        state["result"] = result


class Grow(Node):
    """Changes a value in place, and may stop after that."""

    def post(self, state: Any) -> None:
        state["words"].append(self.name)
        state["half"] = True
        note(f"{self.name} changed")


class Delete(Node):
    def post(self, state: Any) -> None:
        del state["word"]


class Colour(Enum):
    RED = "red"


class Point(BaseModel):
    x: int
    colour: Colour = Colour.RED


class Makes(Node):
    class Outputs(BaseModel):
        point: Point
        points: list[Point]

    def exec(self) -> Outputs:
        return self.Outputs(point=Point(x=1), points=[Point(x=2)])


VALUES = {
    "tuple": (1, ("a", 2)),
    "set": {1, 2},
    "frozen": frozenset("ab"),
    "bytes": b"\x00\xff",
    "moment": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "span": timedelta(days=-1, microseconds=5),
    "decimal": Decimal("1.10"),
    "infinite": math.inf,
    "keys": {1: "a", None: "b", (1, 2): "c"},
    "half": "\ud83d",
    "zero": "\x00",
    "big": 10**30,
}


class PutValues(Node):
    """Writes one value of each kind."""

    def post(self, state: Any) -> None:
        state.update(VALUES)


class PutFalsy(Node):
    def post(self, state: Any) -> None:
        state.update(FALSY)


FALSY = {"zero": 0, "empty": "", "none": None, "false": False, "list": [], "dict": {}, "float": 0.0}


class PutObject(Node):
    def post(self, state: Any) -> None:
        state["thing"] = [object()]


class Approval(BaseModel):
    ok: bool
    by: str = "nobody"


class Ask(Node):
    pauses = {"approval": Approval}

    def exec(self) -> None:
        note(f"{self.name} exec")

    def post(self, state: Any) -> Pause:
        note(f"{self.name} post")
        state[self.name] = "asked"
        return Pause("approval")


class Send(Node):
    class Inputs(BaseModel):
        approval: Approval

    def post(self, state: Any, inputs: Inputs) -> None:
        note("send")
        state["sent"] = [inputs.approval.ok, inputs.approval.by]


def letter() -> Graph:
    return Graph("letter", Say(name="draft") >> Ask() - "approval" >> Send() >> END)


class AskBudget(Ask):
    pauses = {"budget": int}

    def post(self, state: Any) -> Pause:
        note(f"{self.name} post")
        return Pause("budget")


def two_asks() -> Graph:
    one = Graph("one", Ask() - "approval" >> Send() >> END)
    two = Graph("two", AskBudget() - "budget" >> Say(name="spend") >> END)
    return Graph("both", Parallel(one, two) >> Say(name="after") >> END)


def asked_in_turn() -> Graph:
    return Graph("turns", Ask() - "approval" >> AskBudget() - "budget" >> Send() >> END)


class Insert(Node):
    """Writes a row in the step's transaction, and may stop before it ends."""

    def post(self, state: Any, prepared: None, result: None, *, session: Any, context: Any) -> None:
        from turngraph.models import MemoryIndex

        session.add(MemoryIndex(user_id=context.run_id, content="written"))
        session.flush()
        note("inserted")


class CountRows(Node):
    def prep(self, state: Any, *, session: Any, context: Any) -> int:
        from sqlalchemy import func, select

        from turngraph.models import MemoryIndex

        query = select(func.count()).select_from(MemoryIndex).where(MemoryIndex.user_id == context.run_id)
        return int(session.scalar(query))

    def post(self, state: Any, count: int) -> None:
        state["rows"] = count


class Shrink(Node):
    def post(self, state: Any) -> Literal["again"] | None:
        state["items"] = state["items"][1:]
        return "again" if state["items"] else None


def items_in_a_loop() -> Graph:
    each, shrink = Map(Item(), over="items", into="out", limit=1), Shrink()
    return Graph("loop", each >> shrink - "again" >> each, shrink >> Values() >> END)


class Counted(Node):
    """Notes the number, which tells the rounds of a loop around it apart."""

    def prep(self, state: Any) -> int:
        return state["n"]

    def exec(self, n: int) -> None:
        note(f"{self.name} {n}")

    def post(self, state: Any) -> None: ...


def graph_in_a_loop() -> Graph:
    inner, each = Graph("inner", Counted(name="a") >> Counted(name="b") >> END), Round()
    return Graph("loop", inner >> each - "again" >> inner, each >> END)


class Numbers(BaseModel):
    n: int


def graph_with_models() -> Graph:
    inner = Graph(
        "inner", Add(1) >> Say(name="b") >> Add(10, name="ten") >> END, inputs=Numbers, outputs=Numbers
    )
    return Graph("outer", Put("other", 1) >> inner >> END, inputs=Numbers)


class Judge(Node):
    class Inputs(BaseModel):
        approval: Approval

    def post(self, state: Any, inputs: Inputs) -> Literal["again"] | None:
        state["by"] = [*state.get("by", []), inputs.approval.by]
        return None if inputs.approval.ok else "again"


def asked_again() -> Graph:
    ask, judge = Ask(), Judge()
    return Graph("again", ask - "approval" >> judge - "again" >> ask, judge >> END)


class AskNote(Ask):
    pauses = {"remark": str | None}

    def post(self, state: Any) -> Pause:
        return Pause("remark")


def asked_for_nothing() -> Graph:
    return Graph("g", AskNote() - "remark" >> AskBudget() - "budget" >> Say(name="after") >> END)


def letter_with_copy() -> Graph:
    return Graph(
        "letter",
        Say(name="draft") >> Ask() - "approval" >> Send() >> Say(name="copy") >> Say(name="file") >> END,
    )


class CostlyNothing(Costly):
    def exec(self) -> None:
        note("exec")

    def post(self, state: Any, prepared: None, result: Any) -> None:
        note("post")
        state["result"] = result


def migrated(state: Any, node: str) -> tuple[dict[str, Any], str]:
    note(f"migrate at {node}")
    return {**state, "moved": True}, "x"


# --- what is more than to stop and go on


async def twice(graph: Graph, store: RunStore, run_id: str) -> Result:
    await graph.run({}, store=store, run_id=run_id)
    return await graph.run({}, store=store, run_id=run_id)


class Sent(BaseModel):
    sent: list[Any]


class Letters(Node):
    def post(self, state: Any) -> None:
        state["letters"] = [entry.sent for entry in state["out"]]


def letters() -> Graph:
    each = Graph("each", Ask() - "approval" >> Send() >> END, outputs=Sent)
    return Graph("letters", Map(each, over="items", into="out", limit=1) >> Letters() >> END)


async def unknown(graph: Graph, store: RunStore, run_id: str) -> Result:
    return await graph.resume("no such run", store=store)


async def five_at_once(graph: Graph, store: RunStore, run_id: str) -> Result:
    runs = [graph.run({"n": n}, store=store, run_id=f"{run_id} {n}") for n in range(5)]
    results = await asyncio.gather(*runs)
    assert [result["n"] for result in results] == [11, 12, 13, 14, 15]
    return results[0]


async def while_it_runs(graph: Graph, store: RunStore, run_id: str) -> Result:
    task = asyncio.create_task(graph.run({"items": [1]}, store=store, run_id=run_id))
    await begun(store, run_id, task)
    try:
        return await graph.resume(run_id, store=store)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def begun(store: RunStore, run_id: str, task: asyncio.Task[Result]) -> None:
    """Returns when the first step of the run is committed."""
    while not task.done():
        try:
            if (await store.shown(run_id))[1]:
                return
        except UnknownRun:
            pass
        await asyncio.sleep(0)


class Sleeps(Node):
    """Sleeps for ever the first time."""

    slept = False

    async def exec(self) -> None:
        note("sleeps")
        if not self.slept:
            self.slept = True
            await asyncio.sleep(30)


def sleeping() -> Graph:
    return Graph("sleeping", Say() >> Sleeps() >> Say(name="after") >> END)


async def cancelled(graph: Graph, store: RunStore, run_id: str) -> Result:
    task = asyncio.create_task(graph.run({}, store=store, run_id=run_id))
    while "sleeps" not in stage.ran and not task.done():
        await asyncio.sleep(0)
    task.cancel()
    (error,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, asyncio.CancelledError)
    assert (await store.shown(run_id))[0].status == "cancelled"
    return await graph.resume(run_id, store=store)


async def moved_and_stopped(graph: Graph, store: RunStore, run_id: str) -> Result:
    """Stops before and after it moved to another graph."""
    for stop in ("c", "y"):
        stage.stops = stop
        with contextlib.suppress(Stopped):
            if stop == "c":
                await graph.run({}, store=store, run_id=run_id)
            await chain("x", "y").resume(run_id, store=store, migrate=migrated)
    stage.stops = None
    return await chain("x", "y").resume(run_id, store=store)


async def failed_twice(graph: Graph, store: RunStore, run_id: str) -> Result:
    stage.stops = "b"
    for again in (False, True):
        try:
            await (graph.resume(run_id, store=store) if again else graph.run({}, store=store, run_id=run_id))
        except Stopped:
            run, steps = await store.shown(run_id)
            assert (run.status, run.error, len(steps)) == ("failed", "Stopped: b", 1)
    stage.stops = None
    return await graph.resume(run_id, store=store)


async def answered_wrongly(graph: Graph, store: RunStore, run_id: str) -> Result:
    await graph.run({}, store=store, run_id=run_id)
    try:
        await graph.resume(run_id, {"ok": "perhaps"}, store=store)
    except ValidationError as error:
        assert "approval" in str(error) and "ok" in error.fields
    assert (await store.shown(run_id))[0].status == "waiting"
    return await graph.resume(run_id, {"ok": True}, store=store)


async def answered_twice(graph: Graph, store: RunStore, run_id: str) -> Result:
    await graph.run({}, store=store, run_id=run_id)
    await graph.resume(run_id, {"ok": True}, store=store)
    return await graph.resume(run_id, {"ok": False}, store=store)


async def answered_without_name(graph: Graph, store: RunStore, run_id: str) -> Result:
    await graph.run({}, store=store, run_id=run_id)
    return await graph.resume(run_id, {"ok": True}, store=store, name="aproval")


async def answered_by_path(graph: Graph, store: RunStore, run_id: str) -> Result:
    first = await graph.run({"items": ["a", "b", "c"]}, store=store, run_id=run_id)
    paths = [wait.path for wait in first.waits]
    assert [path.removeprefix(run_id) for path in paths] == [
        f"/map_each/1/{n}/each/1/ask/1" for n in range(3)
    ]
    try:
        await graph.resume(run_id, {"ok": True}, store=store)
    except NotWaiting as error:
        assert all(path in str(error) for path in paths)
    for number in (2, 0):
        held = await graph.resume(run_id, {"ok": True, "by": str(number)}, store=store, name=paths[number])
        assert held.status == "waiting"
    return await graph.resume(run_id, {"ok": False}, store=store)


async def not_answered(graph: Graph, store: RunStore, run_id: str) -> Result:
    first = await graph.run({}, store=store, run_id=run_id)
    again = await graph.resume(run_id, store=store)
    assert (again.status, again.waits, dict(again)) == ("waiting", first.waits, dict(first))
    assert [wait.name for wait in again.waits] == ["approval"]
    return again


async def forked(graph: Graph, store: RunStore, run_id: str) -> Result:
    whole = await graph.run({"n": 0}, store=store, run_id=run_id)
    assert whole["n"] == 111
    fork = await graph.fork(run_id, "two/1", {"n": 5}, store=store, new_id=f"fork of {run_id}")
    assert (await graph.resume(run_id, store=store))["n"] == 111
    return fork


async def forked_at_nothing(graph: Graph, store: RunStore, run_id: str) -> Result:
    await graph.run({"n": 0}, store=store, run_id=run_id)
    return await graph.fork(run_id, "seven/1", {}, store=store)


async def told(graph: Graph, store: RunStore, run_id: str) -> Result:
    """What the store keeps of each step is what a listener heard."""
    heard = [event async for event in graph.stream({}, store=store, run_id=run_id)]
    ended = [event for event in heard if isinstance(event, NodeFinished)]
    tries = [event.node for event in heard if isinstance(event, Retrying)]
    _, steps = await store.shown(run_id)
    assert [step.number for step in steps] == [1, 2, 3]
    assert [step.path for step in steps] == [event.path for event in ended]
    assert [step.action for step in steps] == [event.action for event in ended]
    assert [step.attempts for step in steps] == [1 + tries.count(event.node) for event in ended] == [1, 3, 1]
    assert all(step.seconds <= event.seconds for step, event in zip(steps, ended, strict=True))
    result: Result = heard[-1].result  # type: ignore[attr-defined]
    return result


async def replayed(graph: Graph, store: RunStore, run_id: str) -> Result:
    result = await graph.run({"items": [1]}, store=store, run_id=run_id)
    before = await store.shown(run_id)
    await graph.replay(run_id, store=store)
    assert await store.shown(run_id) == before
    return result


ROWS = [
    durable(
        "what was committed is not run again; the step that was not is",
        "KayGraph; claims CM-04, CM-57",
        lambda: chain("a", "b", "c", "d"),
        stops="c",
        ran=("a", "b", "c", "c", "d"),
        after=("c", "d"),
    ),
    durable(
        "a run that stopped in its first step begins there",
        "KayGraph",
        lambda: chain("a", "b"),
        stops="a",
        after=("a", "b"),
    ),
    durable(
        "a run that stopped in its last step ends there",
        "KayGraph",
        lambda: chain("a", "b"),
        stops="b",
        after=("b",),
    ),
    durable(
        "the state goes on as it was committed: (0 + 1 + 10) + 100",
        "KayGraph",
        lambda: Graph("sum", Add(1) >> Add(10, name="ten") >> Add(100, name="hundred") >> END),
        inputs={"n": 0},
        stops="hundred",
        state={"n": 111},
        after=("hundred",),
    ),
    durable(
        "a loop goes on in its round, and its visits are counted on",
        "wrong in KayGraph (the counter begins at 0)",
        looping,
        inputs={"n": 0},
        stops="round 3",
        state={"n": 5, "visits": ["1", "2", "3", "4", "5"]},
        after=("round 3", "round 4", "round 5"),
    ),
    durable(
        "a way that was chosen is not chosen anew",
        "silent there",
        lambda: coin("heads"),
        stops="heads_2",
        then=lambda: coin("tails"),
        after=("heads_2",),
    ),
    durable(
        "a way that was not committed may be",
        "silent there",
        lambda: coin("heads"),
        stops="choose",
        then=lambda: coin("tails"),
        after=("choose", "tails_1"),
    ),
    durable(
        "a sub-graph goes on inside",
        "silent there",
        inside,
        stops="c",
        ran=("a", "b", "c", "c", "d"),
        after=("c", "d"),
    ),
    durable(
        "and one in a sub-graph",
        "silent there",
        deep_inside,
        stops="c",
        after=("c", "d"),
    ),
    durable(
        "a sub-graph that was done is not entered again",
        "silent there",
        inside,
        stops="d",
        after=("d",),
    ),
    durable(
        "a branch that was done is not run again, the other goes on where it was",
        "silent there",
        beside,
        stops="r3",
        state={"left": 1, "right": 2},
        after=("r3", "put_right", "after"),
    ),
    durable(
        "no item that was done runs again",
        "silent there",
        items,
        inputs={"items": [1, 2, 3, 4]},
        stops="item 3",
        state={"values": [10, 20, 30, 40]},
        after=("item 3", "item 4"),
    ),
    durable(
        "an item's graph goes on inside",
        "silent there",
        graph_items,
        inputs={"items": [1, 2, 3]},
        stops="second 2",
        state={"values": [10, 20, 30]},
        after=("second 2", "first 3", "second 3"),
    ),
    durable(
        "in a loop too, each round has items of its own",
        "silent there",
        items_in_a_loop,
        inputs={"items": [1, 2]},
        stops="item 2",
        state={"values": [20]},
        ran=("item 1", "item 2", "item 2", "item 2"),
        after=("item 2", "item 2"),
    ),
    durable(
        "a sub-graph in a loop goes on in its round",
        "silent there",
        graph_in_a_loop,
        inputs={"n": 2},
        stops="b 3",
        after=("b 3", "round 4", "a 4", "b 4", "round 5"),
    ),
    durable(
        "a sub-graph with inputs= and outputs= goes on with its own state",
        "silent there",
        graph_with_models,
        inputs={"n": 0},
        stops="b",
        state={"n": 11, "other": 1},
        after=("b", "ten"),
    ),
    durable(
        "names with the marks of a path in them are told apart",
        "silent there",
        lambda: chain("a/1/b", "a", "b#exec", "b", "100%", "100%25", "c", "Ä ö"),
        stops="c",
        after=("c", "Ä ö"),
    ),
    durable(
        "the errors of collected items are kept with the results",
        "silent there",
        collecting,
        inputs={"items": [1, -2]},
        stops="after",
        state={"values": [1, ItemError(1, "ValueError", "-2 is below zero")]},
        after=("after",),
    ),
    durable(
        "an exec that is recorded is paid for once",
        "silent there",
        lambda: one(Costly()),
        stops="post",
        state={"result": "answer"},
        ran=("exec", "post", "post"),
    ),
    durable(
        "also where it gave nothing",
        "silent there",
        lambda: one(CostlyNothing()),
        stops="post",
        state={"result": None},
        ran=("exec", "post", "post"),
    ),
    durable(
        "one that is not is called again",
        "silent there",
        lambda: one(Cheap()),
        stops="post",
        state={"result": "answer"},
        ran=("exec", "post", "exec", "post"),
    ),
    durable(
        "the key for the world outside is the same in every process",
        "wrong in KayGraph (ids are addresses in memory)",
        lambda: Graph("keys", Say() >> Keyed() >> END),
        stops="key keyed/1",
        after=("key keyed/1",),
    ),
    durable(
        "attempts are counted anew",
        "silent there",
        lambda: one(Attempts()),
        stops="attempt 2",
        ran=("attempt 1", "attempt 2", "attempt 1", "attempt 2", "attempt 3"),
    ),
    durable(
        "what a fallback gave is kept like a result",
        "silent there",
        lambda: Graph("g", Fallen() >> Say(name="after") >> END),
        stops="after",
        state={"result": "instead"},
        after=("after",),
    ),
    durable(
        "of a post that did not end nothing counts",
        "silent there",
        lambda: Graph("g", Grow(name="a") >> Grow(name="b") >> END),
        inputs={"words": []},
        stops="b changed",
        state={"words": ["a", "b"]},
        after=("b changed",),
    ),
    durable(
        "a key that was deleted stays deleted",
        "silent there",
        lambda: Graph("g", Delete() >> Say() >> END),
        inputs={"word": "w", "other": 1},
        stops="say",
        state={"other": 1},
        gone=("word",),
    ),
    durable(
        "values keep their types",
        "wrong in KayGraph (a tuple becomes a list, an object a mapping)",
        lambda: Graph("g", PutValues() >> Say() >> END),
        stops="say",
        state=VALUES,
    ),
    durable(
        "values that are false in a condition stay what they are",
        "silent there",
        lambda: Graph("g", PutFalsy() >> Say() >> END),
        stops="say",
        state=FALSY,
    ),
    durable(
        "models stay models, and what they hold too",
        "wrong in KayGraph (an object becomes a mapping)",
        lambda: Graph("g", Makes() >> Say() >> END),
        stops="say",
        state={"point": Point(x=1), "points": [Point(x=2)]},
    ),
    durable(
        "what cannot be stored is an error that names node and key",
        "wrong in KayGraph (it becomes a mapping)",
        lambda: Graph("g", Say() >> PutObject() >> END),
        raises=NotStorable,
        text=("'thing'", "'put_object'", "object"),
    ),
    durable(
        "what a post wrote with its session and its step are one: neither, or both once",
        "silent there",
        lambda: Graph("g", Insert() >> CountRows() >> END),
        modes=(SQL,),
        stops="inserted",
        state={"rows": 1},
        ran=("inserted", "inserted"),
    ),
    durable(
        "a graph that lost a step it had taken is refused, and the error says what changed",
        "silent there",
        lambda: chain("a", "b", "c"),
        stops="c",
        then=lambda: chain("a", "c"),
        raises=RunChanged,
        text=("without nodes 'b'",),
        after=(),
    ),
    durable(
        "a graph that changed behind where the run stands goes on",
        "silent there",
        lambda: chain("a", "b", "c"),
        stops="b",
        then=lambda: chain("a", "b", "x", "y"),
        after=("b", "x", "y"),
    ),
    durable(
        "a migration says where a changed graph goes on, and with what",
        "silent there",
        lambda: chain("a", "b", "c"),
        stops="c",
        then=lambda: chain("x", "y"),
        migrate=migrated,
        state={"moved": True},
        after=("migrate at c", "x", "y"),
    ),
    durable(
        "and goes on there from its own steps when it stops again",
        "silent there",
        lambda: chain("a", "b", "c"),
        play=moved_and_stopped,
        state={"moved": True},
        ran=("a", "b", "c", "migrate at c", "x", "y", "y"),
    ),
    durable(
        "a run that fails again and again stays where it was",
        "KayGraph",
        lambda: chain("a", "b", "c"),
        play=failed_twice,
        ran=("a", "b", "b", "b", "c"),
    ),
    durable(
        "a run waits for a person, and goes on with the answer; its post is not repeated",
        "silent there",
        letter,
        answers=((None, {"ok": True, "by": "ada"}),),
        state={"sent": [True, "ada"], "ask": "asked", "approval": Approval(ok=True, by="ada")},
        ran=("draft", "ask exec", "ask post", "send"),
        after=("send",),
    ),
    durable(
        "two waits of two branches are answered by name, in any order",
        "silent there",
        two_asks,
        answers=(("budget", 7), ("approval", {"ok": False})),
        state={"sent": [False, "nobody"], "budget": 7},
        after=("spend", "send", "after"),
    ),
    durable(
        "items wait each for an answer of its own, and those that have it go on",
        "silent there",
        letters,
        play=answered_by_path,
        state={"letters": [[True, "0"], [False, "nobody"], [True, "2"]]},
        ran=("ask exec", "ask post") * 3 + ("send",) * 3,
    ),
    durable(
        "one wait follows another",
        "silent there",
        asked_in_turn,
        answers=((None, {"ok": True}), (None, 3)),
        state={"sent": [True, "nobody"], "budget": 3},
    ),
    durable(
        "in a loop it waits anew each time",
        "silent there",
        asked_again,
        answers=(
            (None, {"ok": False, "by": "ada"}),
            (None, {"ok": False, "by": "bob"}),
            (None, {"ok": True}),
        ),
        state={"by": ["ada", "bob", "nobody"]},
        ran=("ask exec", "ask post") * 3,
    ),
    durable(
        "an answer that is false in a condition is an answer",
        "silent there",
        asked_for_nothing,
        answers=((None, None), (None, 0)),
        state={"remark": None, "budget": 0},
    ),
    durable(
        "a graph that changed behind the wait takes the answer",
        "silent there",
        letter,
        then=letter_with_copy,
        answers=((None, {"ok": True}),),
        state={"sent": [True, "nobody"]},
        after=("send", "copy", "file"),
    ),
    durable(
        "an answer that does not fit is refused, and the run waits on",
        "silent there",
        letter,
        play=answered_wrongly,
        state={"sent": [True, "nobody"]},
    ),
    durable(
        "a wait is answered once",
        "silent there",
        letter,
        play=answered_twice,
        raises=NotWaiting,
        text="has its answer already",
    ),
    durable(
        "an answer to what nobody asked names what the run waits for",
        "silent there",
        letter,
        play=answered_without_name,
        raises=NotWaiting,
        text=("'aproval'", "it waits for 'approval'"),
    ),
    durable(
        "without an answer it waits on",
        "silent there",
        letter,
        play=not_answered,
        state={"ask": "asked"},
        gone=("approval",),
        action=None,
        ran=("draft", "ask exec", "ask post"),
    ),
    durable(
        "a run id is given once",
        "wrong in KayGraph (it overwrites)",
        lambda: chain("a"),
        play=twice,
        raises=RunExists,
        text="is stored already",
        ran=("a",),
    ),
    durable(
        "a run that is not there is an error",
        "KayGraph",
        lambda: chain("a"),
        play=unknown,
        raises=UnknownRun,
        text="no run 'no such run'",
        ran=(),
    ),
    durable(
        "a run that is being run cannot be resumed beside",
        "silent there",
        sleeping,
        play=while_it_runs,
        raises=RunOwned,
        text="run of silent there: a run that is being run",
    ),
    durable(
        "runs of one graph at the same time do not mix",
        "silent there",
        lambda: Graph("sum", Add(1) >> Add(10, name="ten") >> END),
        play=five_at_once,
        state={"n": 11},
    ),
    durable(
        "a run that was cancelled goes on later",
        "silent there",
        sleeping,
        play=cancelled,
        ran=("say", "sleeps", "sleeps", "after"),
    ),
    durable(
        "a run begins anew from one of its steps, and stays itself",
        "KayGraph",
        lambda: Graph("sum", Add(1) >> Add(10, name="two") >> Add(100, name="three") >> END),
        play=forked,
        state={"n": 105},
        ran=("add", "two", "three", "three"),
    ),
    durable(
        "from a step that it has, and no other",
        "KayGraph",
        lambda: Graph("sum", Add(1) >> END),
        play=forked_at_nothing,
        raises=UnknownStep,
        text=("'seven/1'", "'add/1'"),
    ),
    durable(
        "steps are numbered in their order, with path, action, time and attempts",
        "KayGraph; claim CM-93",
        lambda: Graph("g", Say(name="a") >> Attempts() >> Say(name="b") >> END),
        play=told,
        ran=("a", "attempt 1", "attempt 2", "attempt 3", "b"),
    ),
    durable(
        "to replay a run changes nothing, and runs nothing that is as it was",
        "silent there",
        items,
        play=replayed,
        state={"values": [10]},
        ran=("item 1",),
    ),
]
