"""Rows: the same for each item of a list, in what order, and what one item's failure means for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, ItemError, Map, Node, Retry, ValidationError

from ..parts import Put, Say, choose, note
from ..row import IN_MEMORY, IN_PYTHON, Row


class Items(BaseModel):
    items: list[Any]


class Chunks(Node):
    """Cuts the numbers into chunks."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def post(self, state: Any) -> None:
        numbers = state["numbers"]
        state["chunks"] = [numbers[at : at + self.size] for at in range(0, len(numbers), self.size)]


class Sum(Node):
    """Adds one chunk up."""

    class Outputs(BaseModel):
        total: int

    def prep(self, state: Any) -> Any:
        return state["item"]

    def exec(self, chunk: list[int]) -> Outputs:
        return self.Outputs(total=sum(chunk))


class AsyncSum(Sum):
    async def exec(self, chunk: list[int]) -> Sum.Outputs:
        await asyncio.sleep(0)
        return self.Outputs(total=sum(chunk))


class ThreadSum(Sum):
    thread = True


class Totals(Node):
    """Puts the results together."""

    def post(self, state: Any) -> None:
        state["sums"] = [entry.total for entry in state["parts"]]
        state["total"] = sum(state["sums"])


def sums(size: int, each: type[Sum] = Sum) -> Graph:
    return Graph("sums", Chunks(size) >> Map(each(), over="chunks", into="parts") >> Totals() >> END)


def summed(rule: str, count: int, size: int, expected: list[int], each: type[Sum] = Sum) -> Row:
    return Row(
        rule=rule,
        source="PocketFlow",
        graph=lambda: sums(size, each),
        inputs={"numbers": list(range(count))},
        state={"sums": expected, "total": sum(range(count))},
    )


class Double(Node):
    """Doubles an item after some turns of the event loop; the later items are quicker."""

    class Outputs(BaseModel):
        doubled: int

    def prep(self, state: Any) -> Any:
        return state["item"], len(state["items"])

    async def exec(self, given: tuple[int, int]) -> Outputs:
        item, count = given
        for _ in range(2 * (count - item)):
            await asyncio.sleep(0)
        note(str(item))
        return self.Outputs(doubled=2 * item)


class Plain(Node):
    """Writes what it makes of an item into its own state."""

    def post(self, state: Any) -> None:
        state["made"] = [state["item"], state.get("made")]


class Flatten(Node):
    """Makes plain values of the entries."""

    def post(self, state: Any) -> None:
        state["out"] = [
            entry.model_dump() if isinstance(entry, BaseModel) else entry for entry in state["out"]
        ]


def mapped(each: Node | Graph, **options: Any) -> Graph:
    return Graph("mapped", Map(each, over="items", into="out", **options) >> Flatten() >> END, inputs=Items)


class Weak(Node):
    """Fails for the items below zero."""

    class Outputs(BaseModel):
        value: int

    def prep(self, state: Any) -> Any:
        return state["item"]

    async def exec(self, item: int) -> Outputs:
        note(str(item))
        if item < 0:
            raise ValueError(f"{item} is below zero")
        return self.Outputs(value=item)


class Stubborn(Weak):
    retry = Retry(attempts=3, wait=0)


class Safe(Stubborn):
    def fallback(self, item: int, error: Exception) -> Weak.Outputs:
        return self.Outputs(value=-100)


class Sibling(Node):
    """The item 0 fails once the others have begun; they would note it if they went on."""

    def prep(self, state: Any) -> Any:
        return state["item"]

    async def exec(self, item: int) -> None:
        if item == 0:
            for _ in range(10):
                await asyncio.sleep(0)
            raise ValueError("the first one")
        try:
            await asyncio.sleep(30)
            note("went on")
        finally:
            note("cancelled")


class SlowToLeave(Sibling):
    """A cancelled item takes its time to clean up; the error waits for it."""

    async def exec(self, item: int) -> None:
        if item == 0:
            for _ in range(10):
                await asyncio.sleep(0)
            raise ValueError("the first one")
        try:
            await asyncio.sleep(30)
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            note("cleaned up")


class Gauge(Node):
    """Counts how many items run at once."""

    class Outputs(BaseModel):
        most: int

    def __init__(self) -> None:
        super().__init__()
        self.running = self.most = 0

    async def exec(self) -> Outputs:
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(5):
            await asyncio.sleep(0)
        self.running -= 1
        return self.Outputs(most=self.most)


class Most(Node):
    def post(self, state: Any) -> None:
        state["most"] = max(entry.most for entry in state["out"])


def gauged(limit: int) -> Graph:
    return Graph("gauged", Map(Gauge(), over="items", into="out", limit=limit) >> Most() >> END)


class Looks(Node):
    """Changes what it shares with the others in place, and writes keys beside."""

    def post(self, state: Any) -> None:
        state["shared"].append(state["item"])
        state["beside"] = state["item"]
        state["seen"] = list(state["shared"])


def looking() -> Graph:
    return Graph("looking", Put("shared", []) >> Map(Looks(), over="items", into="out", limit=1) >> END)


class Product(BaseModel):
    product: int


class Pair(BaseModel):
    item: dict[str, int]
    factor: int = 2


class Load(Node):
    def post(self, state: Any) -> None:
        state["value"] = state["item"]["n"]


class Multiply(Node):
    class Outputs(BaseModel):
        product: int

    def prep(self, state: Any) -> Any:
        return state["value"] * state["factor"]

    def exec(self, product: int) -> Outputs:
        return self.Outputs(product=product)


def flow_per_item(factor: int) -> Graph:
    inner = Graph("inner", Load() >> Multiply() >> END, outputs=Product)
    return Graph("flows", Put("factor", factor) >> Map(inner, over="items", into="out") >> Flatten() >> END)


def inner_action() -> Graph:
    start = choose("b", "a", "b")
    inner = Graph("inner", start - "a" >> END, start - "b" >> END)
    return Graph("g", Map(inner, over="items", into="out") >> Say(name="after") >> END)


class Both(Node):
    """Sees the item of the group and its own."""

    class Outputs(BaseModel):
        both: list[Any]

    def prep(self, state: Any) -> Any:
        return [state["group"]["name"], 2 * state["item"]]

    def exec(self, both: list[Any]) -> Outputs:
        return self.Outputs(both=both)


class OpenGroup(Node):
    def post(self, state: Any) -> None:
        state["members"] = state["group"]["members"]


class CloseGroup(Node):
    class Outputs(BaseModel):
        name: str
        values: list[int]

    def prep(self, state: Any) -> Any:
        return {"name": state["group"]["name"], "values": [entry.both[1] for entry in state["inner"]]}

    def exec(self, closed: Any) -> Any:
        return closed


class Group(BaseModel):
    name: str
    values: list[int]


def groups() -> Graph:
    each = Graph(
        "each", OpenGroup() >> Map(Both(), over="members", into="inner") >> CloseGroup() >> END, outputs=Group
    )
    return Graph("groups", Map(each, over="items", into="out", item="group") >> Flatten() >> END)


def failing_group() -> Graph:
    each = Graph("each", OpenGroup() >> Map(Weak(), over="members", into="inner") >> END)
    return Graph("groups", Map(each, over="items", into="out", item="group") >> END)


class Refill(Node):
    def post(self, state: Any) -> Literal["again"] | None:
        state["rounds"] = [*state.get("rounds", []), len(state["out"])]
        state["items"] = state["items"][1:]
        return "again" if state["items"] else None


def rounds() -> Graph:
    each, refill = Map(Weak(), over="items", into="out"), Refill()
    return Graph("rounds", each >> refill - "again" >> each, refill >> END)


class Fetch(Node):
    """An item that asks for its step's key: it tells which item it is."""

    class Outputs(BaseModel):
        key: str

    async def exec(self, prepared: None, *, context: Any) -> Outputs:
        return self.Outputs(key=context.idempotency_key.split("/", 1)[1])


def wrong_list(value: Any, found: str) -> Row:
    return Row(
        rule=f"a Map over {found} is an error that says so",
        source="wrong there (three answers to it)" if value is None else "silent there",
        graph=lambda: Graph("g", Map(Weak(), over="items", into="out") >> END),
        inputs={"items": value},
        raises=ValidationError,
        text=("'items' must be a list", type(value).__name__),
        ran=(),
    )


def fault(rule: str, build: Callable[[], Graph], *faults: str) -> Row:
    return Row(rule=rule, source="silent there", graph=build, faults=faults)


ROWS = [
    summed("chunks of 10 of 25 numbers give 45, 145, 110", 25, 10, [45, 145, 60 + 50]),
    summed(
        "map and reduce: the numbers below 100 make 4950",
        100,
        10,
        [sum(range(n, n + 10)) for n in range(0, 100, 10)],
    ),
    summed("chunks that do not come out even", 25, 15, [sum(range(15)), sum(range(15, 25))]),
    summed("chunks of one", 4, 1, [0, 1, 2, 3]),
    summed("one chunk of all", 4, 50, [6]),
    summed("no chunk at all", 0, 10, []),
    summed("async nodes alike", 25, 10, [45, 145, 110], AsyncSum),
    summed("nodes on threads alike", 25, 10, [45, 145, 110], ThreadSum),
    Row(
        rule="results keep the order of the items, though the last is done first",
        source="PocketFlow",
        graph=lambda: mapped(Double()),
        inputs={"items": list(range(5))},
        state={"out": [{"doubled": 2 * n} for n in range(5)]},
    ),
    Row(
        rule="the quickest item is done first",
        source="PocketFlow",
        graph=lambda: mapped(Double()),
        inputs={"items": list(range(5))},
        ran=("4", "3", "2", "1", "0"),
        modes=IN_MEMORY,
    ),
    Row(
        rule="a limit of one is one after the other",
        source="PocketFlow",
        graph=lambda: mapped(Double(), limit=1),
        inputs={"items": list(range(5))},
        ran=("0", "1", "2", "3", "4"),
    ),
    Row(
        rule="100 items at once come out in order",
        source="PocketFlow",
        graph=lambda: mapped(Weak(), limit=100),
        inputs={"items": list(range(100))},
        state={"out": [{"value": n} for n in range(100)]},
    ),
    Row(
        rule="no more than limit run at once",
        source="silent there (no limit)",
        graph=lambda: gauged(3),
        inputs={"items": list(range(20))},
        state={"most": 3},
    ),
    Row(
        rule="and no fewer, where there are items enough",
        source="wrong in KayGraph (parallel is one by one)",
        graph=lambda: gauged(20),
        inputs={"items": list(range(20))},
        state={"most": 20},
    ),
    Row(
        rule="one item",
        source="PocketFlow",
        graph=lambda: mapped(Weak()),
        inputs={"items": [7]},
        state={"out": [{"value": 7}]},
    ),
    Row(
        rule="no item: an empty list",
        source="PocketFlow",
        graph=lambda: mapped(Weak()),
        inputs={"items": []},
        state={"out": []},
        ran=(),
    ),
    Row(
        rule="items that are false in a condition are items",
        source="silent there",
        graph=lambda: mapped(Plain()),
        inputs={"items": [0, "", None, False, [], {}]},
        state={"out": [{"made": [item, None]} for item in [0, "", None, False, [], {}]]},
    ),
    Row(
        rule="equal items are each run",
        source="silent there",
        graph=lambda: mapped(Weak(), limit=1),
        inputs={"items": [1, 1, 1]},
        state={"out": [{"value": 1}] * 3},
        ran=("1", "1", "1"),
    ),
    Row(
        rule="a tuple is a list of items",
        source="silent there",
        graph=lambda: Graph("g", Map(Weak(), over="items", into="out") >> Flatten() >> END),
        inputs={"items": (1, 2)},
        state={"out": [{"value": 1}, {"value": 2}]},
    ),
    wrong_list(None, "None"),
    wrong_list("ab", "a text"),
    wrong_list({"a": 1}, "a mapping"),
    wrong_list(3, "a number"),
    Row(
        rule="an item's error ends the run, naming the item",
        source="PocketFlow",
        graph=lambda: mapped(Weak(), limit=1),
        inputs={"items": [1, -2, 3]},
        raises=ValueError,
        text=("-2 is below zero", "in item 1 on the way weak"),
        ran=("1", "-2"),
    ),
    Row(
        rule="with errors=collect it stands in its item's place, and the others go on",
        source="silent there",
        graph=lambda: mapped(Weak(), errors="collect", limit=1),
        inputs={"items": [1, -2, 3]},
        state={"out": [{"value": 1}, ItemError(1, "ValueError", "-2 is below zero"), {"value": 3}]},
        ran=("1", "-2", "3"),
    ),
    Row(
        rule="attempts are counted for each item: two that always fail have three each",
        source="wrong there (3 + 1)",
        graph=lambda: mapped(Stubborn(), errors="collect", limit=2),
        inputs={"items": [-1, -1]},
        state={
            "out": [
                ItemError(0, "ValueError", "-1 is below zero"),
                ItemError(1, "ValueError", "-1 is below zero"),
            ]
        },
        ran=("-1",) * 6,
    ),
    Row(
        rule="the fallback stands in for the items that fail, and only for them",
        source="PocketFlow",
        graph=lambda: mapped(Safe(), limit=1),
        inputs={"items": [1, -2, 3]},
        state={"out": [{"value": 1}, {"value": -100}, {"value": 3}]},
        ran=("1", "-2", "-2", "-2", "3"),
    ),
    Row(
        rule="the first error cancels the other items",
        source="wrong there (they go on behind)",
        graph=lambda: mapped(Sibling()),
        inputs={"items": [0, 1, 2]},
        raises=ValueError,
        text="the first one",
        ran=("cancelled", "cancelled"),
    ),
    Row(
        rule="and is raised when they have ended",
        source="wrong there (they go on behind)",
        graph=lambda: mapped(SlowToLeave()),
        inputs={"items": [0, 1, 2]},
        raises=ValueError,
        text="the first one",
        ran=("cleaned up", "cleaned up"),
    ),
    Row(
        rule="items that have not begun never begin",
        source="wrong there (they go on behind)",
        graph=lambda: mapped(Weak(), limit=1),
        inputs={"items": [-1, *range(50)]},
        raises=ValueError,
        ran=("-1",),
    ),
    Row(
        rule="a graph runs for each item: a is 2, b is 4, c is 6",
        source="PocketFlow",
        graph=lambda: flow_per_item(2),
        inputs={"items": [{"n": 1}, {"n": 2}, {"n": 3}]},
        state={"out": [{"product": 2}, {"product": 4}, {"product": 6}]},
    ),
    Row(
        rule="what stands beside the item is read from the parent: 3, 6, 9",
        source="PocketFlow",
        graph=lambda: flow_per_item(3),
        inputs={"items": [{"n": 1}, {"n": 2}, {"n": 3}]},
        state={"out": [{"product": 3}, {"product": 6}, {"product": 9}]},
    ),
    Row(
        rule="a graph over no items",
        source="PocketFlow",
        graph=lambda: flow_per_item(3),
        inputs={"items": []},
        state={"out": []},
    ),
    Row(
        rule="an item's error names the item, the graph and the way in it",
        source="PocketFlow",
        graph=lambda: flow_per_item(3),
        inputs={"items": [{"n": 1}, {"wrong": 2}]},
        raises=KeyError,
        text=("'n'", "in item 1 on the way", "→ load"),
    ),
    Row(
        rule="batches nest, and the inner items see the outer one: A is 2 and 4, B is 6 and 8",
        source="PocketFlow; wrong there (the outer keys must be handed on)",
        graph=groups,
        inputs={"items": [{"name": "A", "members": [1, 2]}, {"name": "B", "members": [3, 4]}]},
        state={"out": [{"name": "A", "values": [2, 4]}, {"name": "B", "values": [6, 8]}]},
    ),
    Row(
        rule="an error in an inner batch names both items",
        source="PocketFlow",
        graph=failing_group,
        inputs={"items": [{"name": "A", "members": [1]}, {"name": "B", "members": [3, -4]}]},
        raises=ValueError,
        text=("-4 is below zero", "in item 1 on the way weak", "in item 1 on the way open_group → map_weak"),
    ),
    Row(
        rule="how an item's graph ends does not choose the way after the Map",
        source="PocketFlow",
        graph=inner_action,
        inputs={"items": [1]},
        ran=("choose", "after"),
    ),
    Row(
        rule="an item changes neither its parent's state nor another item's",
        source="wrong there (all share one)",
        graph=looking,
        inputs={"items": [1, 2]},
        state={
            "shared": [],
            "out": [{"shared": [1], "beside": 1, "seen": [1]}, {"shared": [2], "beside": 2, "seen": [2]}],
        },
        gone=("beside", "seen", "item"),
    ),
    Row(
        rule="a Map in a loop gives its results anew each time",
        source="silent there",
        graph=rounds,
        inputs={"items": [1, 2, 3]},
        state={"rounds": [3, 2, 1], "items": []},
    ),
    Row(
        rule="each item's step has a key of its own for the world outside",
        source="silent there",
        graph=lambda: mapped(Fetch()),
        inputs={"items": ["a", "b"]},
        state={"out": [{"key": f"map_fetch/1/{n}/fetch/1"} for n in range(2)]},
        modes=IN_PYTHON,
    ),
    fault(
        "a Map over a list that nobody writes is refused",
        lambda: Graph("g", Map(Weak(), over="lines", into="out") >> END, inputs=Items),
        "nobody writes the input 'lines' of 'map_weak'",
    ),
    fault(
        "a limit below one is refused",
        lambda: Graph("g", Map(Weak(), over="items", into="out", limit=0) >> END),
        "has the limit 0",
    ),
    fault(
        "an unknown way with errors is refused",
        lambda: Graph("g", Map(Weak(), over="items", into="out", errors="ignore") >> END),  # type: ignore[arg-type]
        "has errors='ignore'",
    ),
]
