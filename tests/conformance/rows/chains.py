"""Rows: nodes one after the other, their phases, and what they read and write."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, ResultLost, ValidationError, node

from ..parts import Add, Number, Put, Say, Times, note, one, say
from ..row import Row


def chain(*names: str) -> Graph:
    path: Any = None
    for each in say(*names):
        path = each if path is None else path >> each
    return Graph("chain", path >> END)


def in_pieces() -> Graph:
    a, b, c, d = say("a", "b", "c", "d")
    return Graph("pieces", a >> b, b >> c, c >> d >> END)


def path_on_path() -> Graph:
    a, b, c, d = say("a", "b", "c", "d")
    return Graph("paths", (a >> b) >> (c >> d) >> END)


def by_name() -> Graph:
    a, b = say("a", "b")
    return Graph("names", a >> "b", b >> "END")


class Phases(Node):
    """Hands on what each phase was given."""

    def prep(self, state: Any) -> Any:
        note("prep")
        return [state["word"]]

    def exec(self, prepared: Any) -> Any:
        note("exec")
        return [*prepared, "exec"]

    def post(self, state: Any, prepared: Any, result: Any) -> None:
        note("post")
        state["seen"] = [prepared, result]


class AsyncPhases(Phases):
    async def prep(self, state: Any) -> Any:
        return Phases.prep(self, state)

    async def exec(self, prepared: Any) -> Any:
        return Phases.exec(self, prepared)

    async def post(self, state: Any, prepared: Any, result: Any) -> None:
        return Phases.post(self, state, prepared, result)


class ThreadPhases(Phases):
    thread = True


class NoExec(Node):
    def prep(self, state: Any) -> Any:
        return state["word"] * 2

    def post(self, state: Any, prepared: Any, result: Any) -> None:
        state["seen"] = [prepared, result]


class Nothing(Node):
    pass


class WritesInPrep(Node):
    def prep(self, state: Any) -> None:
        state["word"] = "changed"


class Counts(Node):
    """Keeps a number and a list on itself."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.list = 0, list[int]()

    def post(self, state: Any) -> Literal["again"] | None:
        self.number += 1
        self.list.append(self.number)
        state["kept"] = [self.number, len(self.list)]
        return "again" if self.number < 3 else None


def counting() -> Graph:
    counts = Counts()
    return Graph("count", counts - "again" >> counts >> END)


class Greeting(BaseModel):
    name: str
    times: int = 1


class Greet(Node):
    class Inputs(BaseModel):
        name: str
        times: int = 1

    class Outputs(BaseModel):
        greeting: str

    async def exec(self, inputs: Inputs) -> Outputs:
        return self.Outputs(greeting=f"hello {inputs.name}" * inputs.times)


class GreetDict(Greet):
    async def exec(self, inputs: Greet.Inputs) -> Any:
        return {"greeting": f"hi {inputs.name}"}


class Misfit(Greet):
    async def exec(self, inputs: Greet.Inputs) -> Any:
        note("exec")
        return {"greeting": 5}


class SeesOutputs(Greet):
    def post(self, state: Any, inputs: Any, outputs: Any) -> None:
        state["seen"] = [state["greeting"], outputs.greeting, inputs.name]


class Unproven(Node):
    class Inputs(BaseModel):
        made: int

    def post(self, state: Any, inputs: Inputs) -> None:
        state["seen"] = inputs.made


class Lost(Node):
    def exec(self) -> int:
        return 5


class Delete(Node):
    def post(self, state: Any) -> None:
        del state["word"]
        state["left"] = sorted(state)


class Grow(Node):
    def post(self, state: Any) -> None:
        state["words"].append(self.name)


class Anew(Node):
    def post(self, state: Any) -> None:
        state["words"] = [*state["words"], self.name]
        del state["words"][0]


class AsMapping(Node):
    """Uses the state as the mapping it is."""

    def post(self, state: Any) -> None:
        state.update(a=1)
        state.setdefault("b", []).append(state.get("missing", 2))
        state["popped"] = state.pop("word")
        state["none"] = state.pop("word", None)
        state["all"] = sorted({**state})
        state["there"] = ["a" in state, "word" in state, len(state)]


class AsDict(Node):
    """Uses the state as the dict it is in a run without a store."""

    def post(self, state: Any) -> None:
        state["joined"] = sorted(state | {"x": 1})
        state["copied"] = sorted(state.copy())
        state |= {"more": 1}


class InTuple(Node):
    """Changes in place what a tuple holds."""

    def post(self, state: Any) -> None:
        state["pair"][0].append(self.name)


class TwoNames(Node):
    """Writes one list under two keys, and changes it after that."""

    def post(self, state: Any) -> None:
        state["one"] = state["two"] = words = ["a"]
        words.append("b")


def functions() -> Graph:
    class Sum(BaseModel):
        total: int

    @node
    def add(left: int, right: int = 2) -> Sum:
        return Sum(total=left + right)

    @node
    async def double(total: int) -> Sum:
        return Sum(total=total * 2)

    return Graph("functions", add >> double >> END)


FALSY = {"zero": 0, "empty": "", "none": None, "false": False, "list": [], "dict": {}}


def falsy() -> Graph:
    path: Any = Say(name="start")
    for key, value in FALSY.items():
        path = path >> Put(key, value)
    return Graph("falsy", path >> END)


ROWS = [
    Row(
        rule="a chain runs its nodes in the order they are joined",
        source="PocketFlow",
        graph=lambda: chain("a", "b", "c"),
        ran=("a", "b", "c"),
    ),
    Row(
        rule="each step sees what the one before it wrote: (5 + 3) * 2 = 16",
        source="PocketFlow",
        graph=lambda: Graph("sum", Add(3) >> Times(2) >> END, inputs=Number),
        inputs={"n": 5},
        state={"n": 16},
    ),
    Row(
        rule="a longer chain carries the number through four steps",
        source="PocketFlow",
        graph=lambda: Graph("sum", Put("n", 1) >> Add(1, name="b") >> Times(10) >> Add(-5, name="d") >> END),
        state={"n": 15},
        ran=("put_n", "b", "times", "d"),
    ),
    Row(
        rule="the start is the first node of the first path",
        source="PocketFlow",
        graph=in_pieces,
        ran=("a", "b", "c", "d"),
    ),
    Row(
        rule="joining gives a path that can be joined again",
        source="PocketFlow",
        graph=path_on_path,
        ran=("a", "b", "c", "d"),
    ),
    Row(
        rule="a step can be meant by its name",
        source="silent there",
        graph=by_name,
        ran=("a", "b"),
    ),
    Row(
        rule="a graph of one node runs, and can be written as YAML",
        source="wrong in KayGraph",
        graph=lambda: chain("a"),
        ran=("a",),
    ),
    Row(
        rule="prep, exec and post run in turn, each given what the ones before made",
        source="PocketFlow",
        graph=lambda: one(Phases()),
        inputs={"word": "w"},
        state={"seen": [["w"], ["w", "exec"]]},
        ran=("prep", "exec", "post"),
    ),
    Row(
        rule="phases that are async def are awaited, by the same names",
        source="wrong there",
        graph=lambda: one(AsyncPhases()),
        inputs={"word": "w"},
        state={"seen": [["w"], ["w", "exec"]]},
        ran=("prep", "exec", "post"),
    ),
    Row(
        rule="sync nodes, async nodes and nodes on a thread stand in one chain",
        source="wrong there",
        graph=lambda: Graph("mix", Phases() >> AsyncPhases() >> ThreadPhases() >> Phases(name="last") >> END),
        inputs={"word": "w"},
        ran=("prep", "exec", "post") * 4,
    ),
    Row(
        rule="without exec, post is given what prep made as the result",
        source="silent there",
        graph=lambda: one(NoExec()),
        inputs={"word": "w"},
        state={"seen": ["ww", "ww"]},
    ),
    Row(
        rule="a node without phases passes on by default",
        source="PocketFlow",
        graph=lambda: one(Nothing()),
        inputs={"word": "w"},
        state={"word": "w"},
    ),
    Row(
        rule="prep cannot write to the state",
        source="wrong there",
        graph=lambda: one(WritesInPrep()),
        inputs={"word": "w"},
        raises=TypeError,
        text="does not support item assignment",
    ),
    Row(
        rule="a node is not copied: a number it keeps on itself is kept like a list",
        source="wrong there",
        graph=counting,
        state={"kept": [3, 3]},
    ),
    Row(
        rule="what Outputs declares is written to the state",
        source="silent there",
        graph=lambda: one(Greet(), inputs=Greeting),
        inputs={"name": "ada"},
        state={"greeting": "hello ada", "name": "ada", "times": 1},
    ),
    Row(
        rule="Outputs may be given as a mapping, and are validated",
        source="silent there",
        graph=lambda: one(GreetDict(), inputs=Greeting),
        inputs={"name": "ada"},
        state={"greeting": "hi ada"},
    ),
    Row(
        rule="Outputs are in the state before post is called",
        source="silent there",
        graph=lambda: one(SeesOutputs(), inputs=Greeting),
        inputs={"name": "ada"},
        state={"seen": ["hello ada", "hello ada", "ada"]},
    ),
    Row(
        rule="a result that does not fit Outputs is an error that names the field",
        source="KayGraph",
        graph=lambda: one(Misfit(), inputs=Greeting),
        inputs={"name": "ada"},
        raises=ValidationError,
        text=("'misfit'", "greeting"),
        ran=("exec",),
    ),
    Row(
        rule="inputs that do not fit are an error before the first step",
        source="KayGraph",
        graph=lambda: Graph("g", Say() >> Greet() >> END, inputs=Greeting),
        inputs={"name": 5, "times": "many"},
        raises=ValidationError,
        text=("name", "times"),
        ran=(),
    ),
    Row(
        rule="an input that the graph does not know is an error that names what was meant",
        source="silent there",
        graph=lambda: one(Greet(), inputs=Greeting),
        inputs={"nane": "ada"},
        raises=ValidationError,
        text=("'nane'", "did you mean 'name'"),
    ),
    Row(
        rule="an input that could not be proven is validated when its node is reached",
        source="silent there",
        graph=lambda: Graph("g", Put("made", "text") >> Unproven() >> END),
        raises=ValidationError,
        text=("'unproven'", "made"),
        ran=("put_made",),
    ),
    Row(
        rule="and is read where it was written",
        source="silent there",
        graph=lambda: Graph("g", Put("made", 7) >> Unproven() >> END),
        state={"seen": 7},
    ),
    Row(
        rule="a result that nothing would keep is an error",
        source="silent there",
        graph=lambda: one(Lost()),
        raises=ResultLost,
        text=("'lost'", "Outputs"),
    ),
    Row(
        rule="a key that post deletes is gone",
        source="PocketFlow",
        graph=lambda: one(Delete()),
        inputs={"word": "w", "other": 1},
        state={"other": 1, "left": ["other"]},
        gone=("word",),
    ),
    Row(
        rule="what post changes in place is kept",
        source="PocketFlow",
        graph=lambda: Graph("g", Grow(name="a") >> Grow(name="b") >> END),
        inputs={"words": []},
        state={"words": ["a", "b"]},
    ),
    Row(
        rule="a value that post wrote can be changed in place by the same post",
        source="silent there",
        graph=lambda: Graph("g", Anew(name="a") >> Anew(name="b") >> END),
        inputs={"words": ["x", "y"]},
        state={"words": ["a", "b"]},
    ),
    Row(
        rule="so is what it changes in place within a tuple",
        source="PocketFlow",
        graph=lambda: Graph("g", InTuple(name="a") >> InTuple(name="b") >> END),
        inputs={"pair": ([], 1)},
        state={"pair": (["a", "b"], 1)},
    ),
    Row(
        rule="what post changes after it assigned it is kept, under every key",
        source="PocketFlow",
        graph=lambda: one(TwoNames()),
        state={"one": ["a", "b"], "two": ["a", "b"]},
    ),
    Row(
        rule="the state that post is given can all that a mapping can",
        source="PocketFlow",
        graph=lambda: one(AsMapping()),
        inputs={"word": "w"},
        state={
            "a": 1,
            "b": [2],
            "popped": "w",
            "none": None,
            "all": ["a", "b", "none", "popped"],
            "there": [True, False, 5],
        },
        gone=("word",),
    ),
    Row(
        rule="and what a dict can beside",
        source="PocketFlow",
        graph=lambda: one(AsDict()),
        inputs={"word": "w"},
        state={"joined": ["word", "x"], "copied": ["joined", "word"], "more": 1},
    ),
    Row(
        rule="values that are false in a condition are values like others",
        source="silent there",
        graph=falsy,
        state=FALSY,
    ),
    Row(
        rule="functions are nodes: parameters are read, the returned model is written",
        source="silent there",
        graph=functions,
        inputs={"left": 1},
        state={"total": 6},
    ),
    Row(
        rule="a graph without nodes is refused",
        source="silent there",
        graph=lambda: Graph("empty"),
        faults=("it has no node",),
    ),
    Row(
        rule="a class in a path is refused: instances are joined",
        source="silent there",
        graph=lambda: Graph("g", Say() >> Nothing >> END),  # type: ignore[operator]
        faults=("Nothing is a class",),
    ),
    Row(
        rule="what is no node cannot stand in a path",
        source="silent there",
        graph=lambda: Graph("g", Say() >> 5 >> END),  # type: ignore[operator]
        faults=("5 cannot stand in a path",),
    ),
    Row(
        rule="a path that goes on past END is refused",
        source="silent there",
        graph=lambda: Graph("g", Say(name="a") >> END >> Say(name="b") >> END),
        faults=("goes on past END to 'b'", "no path leads to the node 'b'"),
    ),
    Row(
        rule="a name that no node has is refused, with the nearest one",
        source="wrong in KayGraph",
        graph=lambda: Graph("g", Say(name="first") >> "secnd", Say(name="second") >> END),
        faults=("no node is named 'secnd'",),
    ),
]
