"""Rows: graphs in graphs, what they share, and nodes that stand in several of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, NotBound, Retry, StepLimit

from ..parts import Add, Fail, Number, Put, Say, Sign, Times, Until, choose, note
from ..row import IN_PYTHON, Row


def thirty() -> Graph:
    return Graph("outer", Graph("inner", Add(5) >> Times(2) >> END) >> END, inputs=Number)


def three_deep() -> Graph:
    deepest = Graph("deepest", Add(3) >> END)
    middle = Graph("middle", deepest >> Times(2) >> END)
    return Graph("outer", middle >> Times(2, name="again") >> END, inputs=Number)


def two_graphs() -> Graph:
    first = Graph("first", Put("n", 10) >> Add(10) >> END)
    second = Graph("second", Times(2) >> END)
    return Graph("outer", first >> second >> END)


def inner_chooses() -> Graph:
    inner = Graph("inner", Say(name="work") >> choose("inner_done", "inner_done") - "inner_done" >> END)
    return Graph("outer", inner - "inner_done" >> Put("took", "B") >> END)


def inner_branches(n: int) -> Graph:
    sign = Sign()
    inner = Graph("inner", sign - "positive" >> END, sign - "negative" >> Put("n", 0) >> END)
    return Graph(
        "outer", Put("n", n, name="given") >> inner - "positive" >> Put("took", "up") >> END, inner >> END
    )


def inner_unwired() -> Graph:
    sign = Sign()
    inner = Graph("inner", sign - "positive" >> END, sign - "negative" >> END)
    return Graph("outer", inner - "positive" >> END)


class Given(BaseModel):
    n: int


class Gives(BaseModel):
    n: int
    product: int


class Private(Node):
    """Writes keys that its graph keeps to itself, and notes what it can see."""

    def post(self, state: Any) -> None:
        state["seen"] = sorted(state)
        state["product"] = state["n"] * 3
        state["n"] += 1
        state["other"] = "changed"


def isolated() -> Graph:
    inner = Graph("inner", Private() >> END, inputs=Given, outputs=Gives)
    return Graph("outer", Put("secret", 1) >> Put("other", 1) >> inner >> END, inputs=Number)


def only_inputs() -> Graph:
    inner = Graph("inner", Private() >> END, inputs=Given)
    return Graph("outer", Put("secret", 1) >> Put("other", 1) >> inner >> END, inputs=Number)


class Shelf(BaseModel):
    words: list[str]
    data: Any = None


class Wrote(BaseModel):
    count: int


class InPlace(Node):
    """Changes what it was given in place."""

    def post(self, state: Any) -> None:
        state["words"].append("inner")
        state["data"]["list"].append("inner")
        state["count"] = len(state["words"])


class Looks(Node):
    def post(self, state: Any) -> None:
        state["seen"] = [list(state["words"]), list(state["data"]["list"])]


def in_place(outputs: Any) -> Graph:
    inner = Graph("inner", InPlace() >> END, inputs=Shelf, outputs=outputs)
    return Graph("outer", inner >> Looks() >> END, inputs=Shelf)


class Needs(Node):
    class Inputs(BaseModel):
        word: str

    def post(self, state: Any, inputs: Inputs) -> None:
        state["seen"] = inputs.word


def needs_inside() -> Graph:
    return Graph("outer", Graph("inner", Needs() >> END) >> END, inputs=Number)


class Delete(Node):
    def post(self, state: Any) -> None:
        del state["word"]


class Parameter(Node):
    def __init__(self, value: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.value = value

    def post(self, state: Any) -> None:
        state[self.name] = self.value


def parameters() -> Graph:
    inner = Graph("inner", Parameter(1, name="deep") >> END)
    return Graph("outer", Parameter(2, name="first") >> inner >> Parameter(3, name="last") >> END)


def same_node_twice() -> Graph:
    """One instance in two graphs, wired in each another way."""
    shared = Sign()
    Graph("one", shared - "positive" >> Say(name="wrong") >> END, shared - "negative" >> END)
    return Graph("two", shared - "positive" >> END, shared - "negative" >> Say(name="right") >> END)


def one_instance_inside() -> Graph:
    shared = Add(1)
    first, second = Graph("first", shared >> END), Graph("second", shared >> Times(10) >> END)
    return Graph("outer", first >> second >> END)


def same_graph_in_two() -> Graph:
    inner = Graph("inner", Add(1) >> END)
    left = Graph("left", inner >> END)
    right = Graph("right", inner >> Times(2) >> END)
    return Graph("outer", left >> right >> END)


def class_twice(named: bool) -> Graph:
    last = Add(2, name="last") if named else Add(2)
    return Graph("g", Add(1) >> last >> END)


class Wants(Node):
    def exec(self, prepared: None, *, voice: Any) -> str:
        return str(voice)

    def post(self, state: Any, prepared: None, result: str) -> None:
        state[self.name] = result


def inherits() -> Graph:
    inner = Graph("inner", Wants(name="deep") >> END)
    return Graph("outer", Wants(name="flat") >> inner >> END).bind(voice="ours")


def binds_its_own() -> Graph:
    inner = Graph("inner", Wants(name="deep") >> END).bind(voice="its own")
    return Graph("outer", Wants(name="flat") >> inner >> END).bind(voice="ours")


def bound_anew() -> Graph:
    graph = Graph("outer", Wants(name="flat") >> END)
    graph.bind(voice="not this")
    return graph.bind(voice="first").bind(voice="second")


def conditional() -> Graph:
    sign, inner = Sign(), Graph("inner", Add(10) >> END)
    return Graph("outer", sign - "positive" >> inner >> END, sign - "negative" >> END)


class Flaky(Node):
    retry = Retry(attempts=2, wait=0)

    def exec(self) -> str:
        note("flaky")
        raise OSError("away")

    def fallback(self, prepared: None, error: Exception) -> str:
        return "instead"

    def post(self, state: Any, prepared: None, result: str) -> Literal["gave_up"]:
        state["got"] = result
        return "gave_up"


def falls_back_inside() -> Graph:
    inner = Graph("inner", Flaky() - "gave_up" >> END)
    return Graph("outer", inner - "gave_up" >> Say(name="after") >> END)


def fails_inside() -> Graph:
    return Graph(
        "outer", Say(name="a") >> Graph("inner", Say(name="b") >> Fail() >> END) >> Say(name="c") >> END
    )


def inner_limit() -> Graph:
    add, until = Add(1), Until(10**9)
    inner = Graph("inner", add >> until - "again" >> add, until >> END, max_steps=6)
    return Graph("outer", inner >> END, max_steps=2)


def outer_counts_one() -> Graph:
    add, until = Add(1), Until(5)
    inner = Graph("inner", add >> until - "again" >> add, until >> END)
    return Graph("outer", inner >> Say() >> END, max_steps=2)


def only_a_graph() -> Graph:
    inner = Graph("inner", choose("signal", "signal") - "signal" >> END)
    return Graph("outer", inner - "signal" >> END)


ROWS = [
    Row(
        rule="a graph is a node: (10 + 5) * 2 = 30",
        source="PocketFlow",
        graph=thirty,
        inputs={"n": 10},
        state={"n": 30},
    ),
    Row(
        rule="graphs nest three deep: (5 + 3) * 2 * 2 = 32",
        source="PocketFlow",
        graph=three_deep,
        inputs={"n": 5},
        state={"n": 32},
        ran=("add", "times", "again"),
    ),
    Row(
        rule="two graphs stand one after the other: (10 + 10) * 2 = 40",
        source="PocketFlow; wrong in KayGraph (composing two fails)",
        graph=two_graphs,
        state={"n": 40},
    ),
    Row(
        rule="the action that an inner graph ends with chooses the way in the outer one",
        source="PocketFlow; wrong in KayGraph (it is dropped)",
        graph=inner_chooses,
        state={"took": "B"},
        ran=("work", "choose", "put_took"),
    ),
    Row(
        rule="each of its ends has an action of its own: the named one",
        source="silent there",
        graph=lambda: inner_branches(5),
        state={"took": "up", "n": 5},
    ),
    Row(
        rule="each of its ends has an action of its own: the default",
        source="silent there",
        graph=lambda: inner_branches(-5),
        state={"n": 0},
        gone=("took",),
    ),
    Row(
        rule="an inner graph's action that the outer one does not wire is refused",
        source="wrong there (it ends with a warning)",
        graph=inner_unwired,
        faults=("the action 'negative' of 'inner' is not wired",),
    ),
    Row(
        rule="without inputs= a sub-graph shares the keys of its parent",
        source="PocketFlow",
        graph=lambda: Graph("outer", Graph("inner", Delete() >> END) >> END),
        inputs={"word": "w", "other": 1},
        state={"other": 1},
        gone=("word",),
    ),
    Row(
        rule="with inputs= and outputs= it is given only those keys and writes only these",
        source="KayGraph",
        graph=isolated,
        inputs={"n": 2},
        state={"n": 3, "product": 6, "secret": 1, "other": 1},
        gone=("seen",),
    ),
    Row(
        rule="with inputs= alone it sees only those keys, and all it writes is its parent's",
        source="KayGraph",
        graph=only_inputs,
        inputs={"n": 2},
        state={"n": 3, "product": 6, "secret": 1, "other": "changed", "seen": ["n"]},
    ),
    Row(
        rule="what it changes in place of what it was given, and outputs= does not name, is not its parent's",
        source="KayGraph",
        graph=lambda: in_place(Wrote),
        inputs={"words": ["a"], "data": {"list": []}},
        state={"count": 2, "seen": [["a"], []]},
    ),
    Row(
        rule="without outputs= it is, like all it writes",
        source="KayGraph",
        graph=lambda: in_place(None),
        inputs={"words": ["a"], "data": {"list": []}},
        state={"count": 2, "seen": [["a", "inner"], ["inner"]]},
    ),
    Row(
        rule="an input that a node inside needs is refused where the parent cannot give it",
        source="silent there",
        graph=needs_inside,
        faults=("nobody writes the input 'word' of 'inner'",),
    ),
    Row(
        rule="a sub-graph is entered where its condition holds",
        source="KayGraph",
        graph=conditional,
        inputs={"n": 5},
        state={"n": 15},
    ),
    Row(
        rule="and is passed by where it does not",
        source="KayGraph",
        graph=conditional,
        inputs={"n": -5},
        state={"n": -5},
        action="negative",
    ),
    Row(
        rule="each node keeps its own parameters, however deep it stands",
        source="wrong there (the graph's replace them)",
        graph=parameters,
        state={"first": 2, "deep": 1, "last": 3},
    ),
    Row(
        rule="one instance stands in two graphs and is wired in each on its own",
        source="wrong there (the wiring is the node's)",
        graph=same_node_twice,
        inputs={"n": -1},
        ran=("sign", "right"),
    ),
    Row(
        rule="one instance stands in two graphs of one run",
        source="wrong there (the wiring is the node's)",
        graph=one_instance_inside,
        inputs={"n": 0},
        state={"n": 20},
        ran=("add", "add", "times"),
    ),
    Row(
        rule="one graph stands in two graphs of one run",
        source="wrong there (the wiring is the node's)",
        graph=same_graph_in_two,
        inputs={"n": 0},
        state={"n": 4},
    ),
    Row(
        rule="one class stands twice, under two names",
        source="wrong in KayGraph (ids are addresses in memory)",
        graph=lambda: class_twice(True),
        inputs={"n": 0},
        state={"n": 3},
        ran=("add", "last"),
    ),
    Row(
        rule="two nodes of one name are refused",
        source="silent there",
        graph=lambda: class_twice(False),
        faults=("two nodes are named 'add'", ...),
    ),
    Row(
        rule="a sub-graph inherits what its parent is bound to",
        source="silent there",
        graph=inherits,
        state={"flat": "ours", "deep": "ours"},
    ),
    Row(
        rule="unless it is bound itself",
        source="wrong there (the parent's parameters win)",
        graph=binds_its_own,
        state={"flat": "ours", "deep": "its own"},
        modes=IN_PYTHON,
    ),
    Row(
        rule="binding gives a new graph; the last binding of a name counts",
        source="silent there",
        graph=bound_anew,
        state={"flat": "second"},
    ),
    Row(
        rule="what a node inside asks for and nobody bound is an error before step one",
        source="silent there",
        graph=lambda: Graph("outer", Say() >> Graph("inner", Wants() >> END) >> END).bind(other=1),
        raises=NotBound,
        text=("'voice' (asked for by 'wants')", "bound are 'other'"),
        ran=(),
    ),
    Row(
        rule="retries and fallback work inside, and lead on outside",
        source="PocketFlow",
        graph=falls_back_inside,
        state={"got": "instead"},
        ran=("flaky", "flaky", "after"),
    ),
    Row(
        rule="an error inside ends the whole run, and its way is told through both",
        source="PocketFlow",
        graph=fails_inside,
        raises=ValueError,
        text=("fail cannot", "a → inner → b → fail"),
        ran=("a", "b", "fail"),
    ),
    Row(
        rule="a sub-graph has bounds of its own",
        source="silent there",
        graph=inner_limit,
        inputs={"n": 0},
        raises=StepLimit,
        text=("graph 'inner' took more than max_steps=6",),
    ),
    Row(
        rule="and is one step of its parent's",
        source="silent there",
        graph=outer_counts_one,
        inputs={"n": 0},
        state={"n": 5},
    ),
    Row(
        rule="a graph of nothing but a graph ends with its action",
        source="PocketFlow",
        graph=only_a_graph,
        action="signal",
    ),
]
