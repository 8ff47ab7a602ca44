"""Rows: branches at the same time, what each sees, and how they are put together."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Collision, Graph, Map, Node, Parallel, Retry

from ..parts import Add, Fail, Nap, Number, Put, Say, Sign, Times, choose, note
from ..row import IN_MEMORY, IN_PYTHON, Row


class Join(Node):
    """Adds up what the branches wrote."""

    def post(self, state: Any) -> None:
        state["total"] = state["left"] + state["right"]


def joined() -> Graph:
    return Graph("g", Parallel(Put("left", 15), Put("right", 10)) >> Join() >> END)


class Scaled(Node):
    """Writes the number times a factor under a key of its own."""

    def __init__(self, factor: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.factor = factor

    def post(self, state: Any) -> None:
        state[self.name] = state["n"] * self.factor


def graphs() -> Graph:
    one = Graph("graph_0", Scaled(3, name="left") >> END)
    two = Graph("graph_1", Scaled(1, name="half") >> Scaled(2, name="right") >> END)
    return Graph("g", Parallel(one, two) >> Join() >> END, inputs=Number)


class Meets(Node):
    """Can only end when its partner has begun: one after the other would never end."""

    def __init__(self, key: str) -> None:
        super().__init__(name=key)
        self.begun: asyncio.Event | None = None
        self.partner: Meets | None = None

    async def exec(self) -> None:
        assert self.begun and self.partner and self.partner.begun
        self.begun.set()
        await self.partner.begun.wait()
        note("met")


def meeting() -> Graph:
    a, b = Meets("a"), Meets("b")
    a.begun, b.begun = asyncio.Event(), asyncio.Event()
    a.partner, b.partner = b, a
    return Graph("g", Parallel(a, b) >> END, deadline=20)


class Sees(Node):
    """Writes what it sees, after the others have had their turns."""

    async def exec(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def post(self, state: Any) -> None:
        state["seen"] = sorted(state)


class Left(Node):
    class Outputs(BaseModel):
        value: int

    def exec(self) -> Outputs:
        return self.Outputs(value=1)


class Right(Left):
    pass


class Appends(Node):
    def post(self, state: Any) -> None:
        state["words"].append(self.name)


class AppendsInTuple(Node):
    def post(self, state: Any) -> None:
        state["pair"][0].append(self.name)


class Removes(Node):
    def post(self, state: Any) -> None:
        del state["words"]


class Same(Node):
    """Assigns the value that is there already."""

    def post(self, state: Any) -> None:
        state["n"] = state["n"]


class Waits(Node):
    """Would go on for ever; notes that it was cancelled."""

    async def exec(self) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            note("cancelled")


class FailsLater(Node):
    async def exec(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        raise ValueError("too late")


class Shaky(Node):
    """Succeeds at its second attempt."""

    retry = Retry(attempts=2, wait=0)

    async def exec(self, prepared: None, *, context: Any) -> int:
        if context.attempt == 1:
            raise OSError("first")
        return int(context.attempt)

    def post(self, state: Any, prepared: None, result: int) -> None:
        state[self.name] = result


class Kept(Fail):
    async def fallback(self, prepared: None, error: Exception) -> str:
        return str(error)

    def post(self, state: Any, prepared: None, result: str) -> None:
        state[self.name] = result


def nested() -> Graph:
    inner = Parallel(Put("b", 2), Put("c", 3), name="inner")
    return Graph("g", Parallel(Put("a", 1), Graph("two", inner >> Put("d", 4) >> END)) >> END)


class Sum(Node):
    class Outputs(BaseModel):
        total: int

    def prep(self, state: Any) -> Any:
        return sum(state["item"])

    def exec(self, total: int) -> Outputs:
        return self.Outputs(total=total)


class Aggregate(Node):
    def post(self, state: Any) -> None:
        state["total"] = sum(entry.total for key in ("evens", "odds") for entry in state[key])


def maps_in_parallel() -> Graph:
    evens = Map(Sum(), over="twos", into="evens", name="even")
    odds = Map(Sum(), over="threes", into="odds", name="odd")
    return Graph("g", Parallel(evens, odds) >> Aggregate() >> END)


class PerItem(Node):
    def __init__(self, factor: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.factor = factor

    def post(self, state: Any) -> None:
        state[self.name] = state["item"] * self.factor


class Both(BaseModel):
    twice: int
    thrice: int


class Flat(Node):
    def post(self, state: Any) -> None:
        state["out"] = [[entry.twice, entry.thrice] for entry in state["out"]]


def parallel_in_map() -> Graph:
    each = Graph("each", Parallel(PerItem(2, name="twice"), PerItem(3, name="thrice")) >> END, outputs=Both)
    return Graph("g", Map(each, over="items", into="out") >> Flat() >> END)


class Again(Node):
    def post(self, state: Any) -> Literal["again"] | None:
        state["n"] += 1
        return "again" if state["n"] < 3 else None


def in_a_loop() -> Graph:
    both, again = Parallel(Scaled(10, name="left"), Scaled(100, name="right")), Again()
    return Graph("g", both >> again - "again" >> both, again >> END)


def branches_of_their_own() -> Graph:
    sign = Sign()
    up, down = Put("left", 1, name="up"), Put("left", -1, name="down")
    inner = Graph("inner", sign - "positive" >> up >> END, sign - "negative" >> down >> END)
    return Graph("g", Parallel(inner, Put("right", 2)) >> Join() >> END)


def bad_branch() -> Graph:
    inner = Graph("inner", choose("a", "a") - "a" >> END)
    return Graph("g", Parallel(inner, Say()) >> END)


def numbered(count: int) -> Graph:
    return Graph("g", Parallel(*(Put(f"k{n}", n) for n in range(count))) >> END)


ROWS = [
    Row(
        rule="what each branch wrote is there after the join",
        source="PocketFlow",
        graph=joined,
        state={"left": 15, "right": 10, "total": 25},
    ),
    Row(
        rule="graphs are branches: 15 and 10",
        source="KayGraph",
        graph=graphs,
        inputs={"n": 5},
        state={"left": 15, "right": 10, "total": 25},
    ),
    Row(
        rule="branches run at the same time",
        source="wrong in KayGraph (one by one)",
        graph=meeting,
        ran=("met", "met"),
        modes=IN_PYTHON,
    ),
    Row(
        rule="the quickest branch is done first, whatever their order",
        source="PocketFlow",
        graph=lambda: Graph(
            "g", Parallel(Nap(20, name="slow"), Nap(0, name="quick"), Nap(5, name="middle")) >> Say() >> END
        ),
        ran=("quick", "middle", "slow", "say"),
        modes=IN_MEMORY,
    ),
    Row(
        rule="twenty branches",
        source="PocketFlow",
        graph=lambda: numbered(20),
        state={f"k{n}": n for n in range(20)},
    ),
    Row(
        rule="a branch sees the state as it was before all of them",
        source="wrong there (all share one)",
        graph=lambda: Graph("g", Parallel(Put("a", 1), Sees()) >> END),
        inputs={"n": 1},
        state={"seen": ["n"], "a": 1},
    ),
    Row(
        rule="a branch may choose its way inside",
        source="PocketFlow",
        graph=branches_of_their_own,
        inputs={"n": -5},
        state={"left": -1, "right": 2, "total": 1},
    ),
    Row(
        rule="parallel branches nest",
        source="PocketFlow",
        graph=nested,
        state={"a": 1, "b": 2, "c": 3, "d": 4},
    ),
    Row(
        rule="batches run in parallel, and an aggregator adds them up",
        source="PocketFlow",
        graph=maps_in_parallel,
        inputs={"twos": [[2], [4, 6]], "threes": [[1, 3], [5], []]},
        state={"total": 21},
    ),
    Row(
        rule="branches stand in a batch",
        source="PocketFlow",
        graph=parallel_in_map,
        inputs={"items": [1, 2, 3]},
        state={"out": [[2, 3], [4, 6], [6, 9]]},
    ),
    Row(
        rule="branches stand in a loop",
        source="silent there",
        graph=in_a_loop,
        inputs={"n": 1},
        state={"n": 3, "left": 20, "right": 200},
    ),
    Row(
        rule="retries and fallback are each branch's own",
        source="wrong there (one counter for all)",
        graph=lambda: Graph("g", Parallel(Shaky(name="a"), Shaky(name="b"), Kept(name="c")) >> END),
        state={"a": 2, "b": 2, "c": "c cannot"},
    ),
    Row(
        rule="a branch that changes a value in place changes the joined state",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Appends(name="a"), Say()) >> END),
        inputs={"words": []},
        state={"words": ["a"]},
    ),
    Row(
        rule="a branch that deletes a key deletes it from the joined state",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Removes(), Say()) >> END),
        inputs={"words": [], "n": 1},
        gone=("words",),
    ),
    Row(
        rule="two branches that may write one key are refused",
        source="wrong there (the last one wins)",
        graph=lambda: Graph("g", Parallel(Left(), Right()) >> END),
        faults=("the branches 'left' and 'right' both may write 'value'",),
    ),
    Row(
        rule="and where it was not declared, it is an error that names both and the key",
        source="wrong there (the last one wins)",
        graph=lambda: Graph("g", Parallel(Put("x", 1, name="a"), Put("x", 1, name="b")) >> END),
        raises=Collision,
        text=("'a' and 'b' both wrote 'x'",),
    ),
    Row(
        rule="two branches that change one value in place are such an error",
        source="wrong there (both changes count)",
        graph=lambda: Graph("g", Parallel(Appends(name="a"), Appends(name="b")) >> END),
        inputs={"words": []},
        raises=Collision,
        text="both wrote 'words'",
    ),
    Row(
        rule="also where it stands in a tuple",
        source="wrong there (both changes count)",
        graph=lambda: Graph("g", Parallel(AppendsInTuple(name="a"), AppendsInTuple(name="b")) >> END),
        inputs={"pair": ([], 1)},
        raises=Collision,
        text="both wrote 'pair'",
    ),
    Row(
        rule="two branches that delete one key, or one that deletes what the other writes, are such an error",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Removes(name="a"), Appends(name="b")) >> END),
        inputs={"words": []},
        raises=Collision,
        text="both wrote 'words'",
    ),
    Row(
        rule="two branches that both read one value are none",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Scaled(2, name="a"), Scaled(3, name="b")) >> END),
        inputs={"n": 1},
        state={"a": 2, "b": 3, "n": 1},
    ),
    Row(
        rule="assigning the value that is there is no write",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Same(name="a"), Add(1)) >> END),
        inputs={"n": 1},
        state={"n": 2},
    ),
    Row(
        rule="the first failure cancels the other branches, and is raised when they have ended",
        source="wrong there (they go on behind)",
        graph=lambda: Graph("g", Parallel(Fail(), Waits()) >> END),
        raises=ValueError,
        text=("fail cannot", "in branch 'fail'"),
        ran=("fail", "cancelled"),
    ),
    Row(
        rule="wherever among them it stands",
        source="wrong there (they go on behind)",
        graph=lambda: Graph("g", Parallel(Waits(), Say(), Fail()) >> END),
        raises=ValueError,
        ran=("say", "fail", "cancelled"),
    ),
    Row(
        rule="of two failures the first in time is raised",
        source="silent there",
        graph=lambda: Graph("g", Parallel(FailsLater(), Fail()) >> END),
        raises=ValueError,
        text="fail cannot",
    ),
    Row(
        rule="nothing follows a branch that failed",
        source="PocketFlow",
        graph=lambda: Graph("g", Parallel(Fail(), Nap(0)) >> Say() >> END),
        raises=ValueError,
        text="on the way parallel",
    ),
    Row(
        rule="the way of a branch is told with its error",
        source="silent there",
        graph=lambda: Graph(
            "g", Parallel(Graph("inner", Say(name="a") >> Fail() >> END), Say(name="b")) >> END
        ),
        raises=ValueError,
        text="in branch 'inner' on the way a → fail",
    ),
    Row(
        rule="the action after the join is the default",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Times(2), Say()) - "default" >> END),
        inputs={"n": 2},
        state={"n": 4},
    ),
    Row(
        rule="a branch that ends in another action is refused",
        source="silent there",
        graph=bad_branch,
        faults=("the branch 'inner' of 'parallel' ends in 'a'",),
    ),
    Row(
        rule="one branch is refused",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Say()) >> END),
        faults=("'parallel' has the branches 'say'",),
    ),
    Row(
        rule="two branches of one name are refused",
        source="silent there",
        graph=lambda: Graph("g", Parallel(Say(), Say()) >> END),
        faults=("'parallel' has the branches 'say', 'say'",),
    ),
]
