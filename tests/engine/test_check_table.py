"""Small graphs, and every fault that each of them has: wirings that would fail in a run, and sound ones that must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, create_model, field_validator

from turngraph.engine import END, Graph, GraphError, ItemError, Map, Node, Parallel, Pause


def model(_base: Any = None, **kinds: Any) -> Any:
    """A pydantic model; a kind that is a pair has a default."""
    fields = {key: kind if isinstance(kind, tuple) else (kind, ...) for key, kind in kinds.items()}
    return create_model("Model", __base__=_base, **fields)


def n(
    name: str,
    reads: Mapping[str, Any] | None = None,
    writes: Mapping[str, Any] | None = None,
    goes: tuple[str, ...] = (),
    pauses: Mapping[str, Any] | None = None,
) -> Node:
    """A node that reads and writes keys of the given types, and goes on by the given actions."""

    def run(self: Any, prepared: Any) -> Any: ...
    def post(self: Any, state: Any) -> Any: ...

    body: dict[str, Any] = {"name": name}
    if reads is not None:
        body["Inputs"] = reads if isinstance(reads, type) else model(**reads)
    if writes is not None:
        body |= {"Outputs": model(**writes), "exec": run}
    if goes or pauses:
        # A class with Outputs is trusted to write nothing else; so is this one.
        body |= {"actions": goes or None, "post": post, "pauses": pauses or {}}
        body.setdefault("Outputs", model())
        body.setdefault("exec", run)
        post.__annotations__["return"] = Pause
    return type(name.title(), (Node,), body)()


def free(name: str) -> Node:
    """A node that writes what it likes."""

    def post(self: Any, state: Any) -> None: ...

    return type(name.title(), (Node,), {"name": name, "post": post})()


TEXT, INT = {"t": str}, {"a": int}
Given, Back, Many = model(t=str), model(a=int), model(items=list[int], f=int)


def fork(name: str = "fork") -> Node:
    return n(name, goes=("left", "right"))


def sub(*paths: Any, **options: Any) -> Graph:
    return Graph("inner", *paths, **options)


class Strict(BaseModel):
    a: int


class Lenient(BaseModel):
    a: int

    @field_validator("a", mode="before")
    @classmethod
    def length(cls, value: Any) -> int:
        return len(value)


class Attributes(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    by: str


Row = tuple[str, Callable[[], list[Any]], dict[str, Any], list[str]]
G = {"inputs": Given}


def missing(key: str, node: str, path: str) -> str:
    return f"the input {key!r} of {node!r} is not written on the path {path}"


def nobody(key: str, node: str) -> str:
    return f"nobody writes the input {key!r} of {node!r}"


def unfit(node: str, key: str, read: str, arrives: str) -> str:
    return f"{node!r} reads {key!r} as {read}, and what arrives is {arrives}"


ACTIONS: list[Row] = [
    ("a node alone", lambda: [n("x") >> END], G, []),
    ("a node as a path", lambda: [n("x")], G, ["the action 'default' of 'x' is not wired"]),
    ("an action is not wired", lambda: [fork() - "left" >> END], G, ["the action 'right' of 'fork' is not wired"]),
    ("an action nobody returns", lambda: [(x := n("x")) >> END, x - "late" >> END], G, ["'x' is wired for the action 'late', which it never returns"]),
    ("one action, two steps", lambda: [(x := n("x")) >> n("y") >> END, x >> END], G, ["the action 'default' of 'x' leads to both 'y' and 'END'"]),
    ("the same edge twice", lambda: [(x := n("x")) >> END, x >> END], G, []),
    ("a node that no path leads to", lambda: [n("x") >> END, n("y") >> END], G, ["no path leads to the node 'y'"]),
    ("past the end", lambda: [n("x") >> END >> n("y") >> END], G, ["a path goes on past END to 'y'", "no path leads to the node 'y'"]),
    ("an open action", lambda: [n("x", goes=("go",)) - "go"], G, ["the path x - 'go' ends in the open action 'go'", "the action 'go' of 'x' is not wired"]),
    ("two of one name", lambda: [n("x") >> END, n("x") >> END], G, ["two nodes are named 'x'"]),
    ("a class in the place of a path", lambda: [type(n("x"))], G, ["<class 'test_check_table.X'> is no path"]),
    ("a list in the place of a path", lambda: [[n("x")]], G, ["[<X 'x'>] is no path"]),
    ("a text in the place of a path", lambda: ["x"], G, ["'x' is no path"]),
    ("no path at all", lambda: [], G, ["it has no node"]),
    ("only the end", lambda: [END], G, ["it has no node"]),
    ("actions, and no post", lambda: [type("X", (Node,), {"actions": ("go",)})() - "go" >> END], G, ["X declares actions, and has no post to return them"]),
    ("a phase that is none", lambda: [type("X", (Node,), {"exec": 3})() >> END], G, ["X.exec is 3"]),
    ("inputs= that is no model", lambda: [n("x") >> END], {"inputs": Given(t="a")}, ["inputs= is Model(t='a'), not a pydantic model"]),
    ("a sub-graph's action is not wired", lambda: [sub((f := fork()) - "left" >> END, f - "right" >> END) - "left" >> END], G, ["the action 'right' of 'inner' is not wired"]),
    ("a sub-graph's action it never ends in", lambda: [(s := sub((f := fork()) - "left" >> n("x") >> END, f - "right" >> END)) >> END, s - "right" >> END, s - "left" >> END], G, ["'inner' is wired for the action 'left', which it never returns"]),
    ("a graph in a graph of the same name", lambda: [sub(Graph("inner", n("x") >> END) >> END) >> END], G, []),
    ("a node in two graphs", lambda: [(x := n("x")) >> sub(x >> END) >> END], G, []),
]  # fmt: skip

LOOPS: list[Row] = [
    ("a loop with a way out", lambda: [(x := n("x", goes=("again", "out"))) - "again" >> x, x - "out" >> END], G, []),
    ("a node that leads to itself only", lambda: [(x := n("x")) >> x], G, ["the loop x → x has no way out"]),
    ("a loop of three", lambda: [n("x") >> (y := n("y")) >> n("z") >> y], G, ["the loop y → z → y has no way out"]),
    ("two loops", lambda: [(f := fork()) - "left" >> (y := n("y")) >> y, f - "right" >> (z := n("z")) >> z], G, ["the loop y → y has no way out", "the loop z → z has no way out"]),
    ("the way named is a way", lambda: [(x := n("x", goes=("p", "q"))) - "p" >> n("y") >> x, x - "q" >> n("z") >> x], G, ["the loop x → y → x has no way out"]),
    ("out by a pause only", lambda: [(x := n("x", goes=("again",), pauses={"stop": bool})) - "again" >> x, x - "stop" >> END], G, []),
    ("every pause leads back", lambda: [(x := n("x", goes=("again",), pauses={"stop": bool})) - "again" >> x, x - "stop" >> x], G, ["the loop x → x has no way out"]),
    ("an action that is not wired may be the way out", lambda: [(x := n("x", goes=("again", "out"))) - "again" >> x], G, ["the action 'out' of 'x' is not wired"]),
    ("a sub-graph in a loop, left by its action", lambda: [(s := sub((f := fork()) - "left" >> END, f - "right" >> END)) - "left" >> s, s - "right" >> END], G, []),
    ("a sub-graph in a loop without a way out", lambda: [(s := sub(n("x") >> END)) >> s], G, ["the loop inner → inner has no way out"]),
    ("a branch with a loop", lambda: [Parallel(sub((x := n("x", goes=("again", "out"))) - "again" >> x, x - "out" >> n("y") >> END), n("z")) >> END], G, []),
]  # fmt: skip

INPUTS: list[Row] = [
    ("given by inputs=", lambda: [n("x", TEXT) >> END], G, []),
    ("written before", lambda: [n("w", writes=INT) >> n("x", INT) >> END], G, []),
    ("nobody writes it", lambda: [n("x", INT) >> END], G, [nobody("a", "x")]),
    ("written after", lambda: [n("x", INT) >> n("w", writes=INT) >> END], G, [missing("a", "x", "x")]),
    ("written by itself only", lambda: [n("x", INT, INT) >> END], G, [nobody("a", "x")]),
    ("written on one of two ways", lambda: [(f := fork()) - "left" >> n("w", writes=INT) >> (x := n("x", INT)) >> END, f - "right" >> x], G, [missing("a", "x", "fork -right→ x")]),
    ("written on both", lambda: [(f := fork()) - "left" >> n("v", writes=INT) >> (x := n("x", INT)) >> END, f - "right" >> n("w", writes=INT) >> x], G, []),
    ("read by two, told once", lambda: [n("x", INT) >> n("y", INT) >> END], G, [nobody("a", "x")]),
    ("optional", lambda: [n("x", {"a": (int, 3)}) >> END], G, []),
    ("None is no default", lambda: [n("x", {"a": int | None}) >> END], G, [nobody("a", "x")]),
    ("a default in inputs= counts", lambda: [n("x", INT) >> END], {"inputs": model(a=(int, 3))}, []),
    ("a default in Outputs counts", lambda: [n("w", writes={"a": (int, 3)}) >> n("x", INT) >> END], G, []),
    ("the second time round", lambda: [(x := n("x", goes=("again", "out"))) - "again" >> n("w", writes=INT) >> x, x - "out" >> n("y", INT) >> END], G, [missing("a", "y", "x -out→ y")]),
    ("a loop that always writes", lambda: [n("w", writes=INT) >> (x := n("x", INT, goes=("again", "out"))) - "again" >> x, x - "out" >> END], G, []),
    ("after a free node not proven", lambda: [free("f") >> n("x", INT) >> END], G, []),
    ("before a free node nobody writes it", lambda: [n("x", INT) >> free("f") >> END], G, [nobody("a", "x")]),
    ("no inputs=: not proven", lambda: [n("x", INT) >> END], {}, []),
    ("no inputs=, written on one way: not proven", lambda: [(x := n("x", INT, goes=("again", "out"))) - "again" >> n("w", writes=INT) >> x, x - "out" >> END], {}, []),
    ("each on the way on which it is missed", lambda: [(f := fork()) - "left" >> n("x", INT) >> (y := n("y", INT)) >> n("w", writes=INT) >> END, f - "right" >> n("z") >> y], G, [missing("a", "x", "fork -left→ x"), missing("a", "y", "fork -right→ z → y")]),
    ("a pause writes on its edge", lambda: [(p := n("p", goes=("no",), pauses={"a": int})) - "a" >> n("x", INT) >> END, p - "no" >> END], G, []),
    ("and on no other", lambda: [(p := n("p", goes=("no",), pauses={"a": int})) - "a" >> (x := n("x", INT)) >> END, p - "no" >> x], G, [missing("a", "x", "p -no→ x")]),
]  # fmt: skip

SUBGRAPHS: list[Row] = [
    ("shares its parent's keys", lambda: [n("w", writes=INT) >> sub(n("x", INT) >> END) >> END], G, []),
    ("its parent does not write one", lambda: [sub(n("x", INT) >> END) >> END], G, [nobody("a", "inner")]),
    ("its parent writes it on one way", lambda: [(f := fork()) - "left" >> n("w", writes=INT) >> (s := sub(n("x", INT) >> END)) >> END, f - "right" >> s], G, [missing("a", "inner", "fork -right→ inner")]),
    ("it writes a key on one way, its parent before it", lambda: [n("w", writes=INT) >> sub((f := fork()) - "left" >> n("v", writes=INT) >> (x := n("x", INT)) >> END, f - "right" >> x) >> END], G, []),
    ("it writes a key on one way, its parent does not", lambda: [sub((f := fork()) - "left" >> n("v", writes=INT) >> (x := n("x", INT)) >> END, f - "right" >> x) >> END], G, [nobody("a", "inner")]),
    ("two deep", lambda: [sub(Graph("deep", n("x", INT) >> END) >> END) >> END], G, [nobody("a", "inner")]),
    ("what it writes by each action", lambda: [(s := sub((f := fork()) - "left" >> END, f - "right" >> n("w", writes=INT) >> END)) >> n("x", INT) >> END, s - "left" >> END], G, []),
    ("and by the other", lambda: [(s := sub((f := fork()) - "left" >> END, f - "right" >> n("w", writes=INT) >> END)) >> (x := n("x", INT)) >> END, s - "left" >> x], G, [missing("a", "x", "inner -left→ x")]),
    ("inputs= that nobody wrote", lambda: [sub(n("x", INT) >> END, inputs=Back) >> END], G, [nobody("a", "inner")]),
    ("inputs= with a default", lambda: [sub(n("x", INT) >> END, inputs=model(a=(int, 1))) >> END], G, []),
    ("inputs= hide the rest", lambda: [n("w", writes={"a": int, "b": int}) >> sub(n("x", INT) >> END, inputs=Back) >> n("y", {"b": int}) >> END], G, []),
    ("what it writes comes out", lambda: [sub(n("w", writes=INT) >> END, inputs=Given) >> n("x", INT) >> END], G, []),
    ("its inputs' defaults do not", lambda: [sub(n("y") >> END, inputs=model(a=(int, 1))) >> n("x", INT) >> END], G, [nobody("a", "x")]),
    ("outputs= keep the rest in", lambda: [sub(n("w", writes={"a": int, "b": int}) >> END, outputs=Back) >> n("x", {"b": int}) >> END], G, [nobody("b", "x")]),
    ("an output with a default is given where it is written", lambda: [sub(n("w", writes=INT) >> END, inputs=Given, outputs=model(a=(int, 1))) >> n("x", INT) >> END], G, []),
    ("and not where it is not", lambda: [sub(n("w") >> END, inputs=Given, outputs=model(a=(int, 1))) >> n("x", INT) >> END], G, [nobody("a", "x")]),
    ("outputs= that its parent must have", lambda: [sub(n("y") >> END, outputs=Back) >> END], G, [nobody("a", "inner")]),
    ("outputs= that its parent has", lambda: [n("w", writes=INT) >> sub(n("y") >> END, outputs=Back) >> n("x", INT) >> END], G, []),
    ("a pause in it comes out by its action", lambda: [(s := sub((p := n("p", goes=("no",), pauses={"a": int})) - "a" >> END, p - "no" >> END)) - "a" >> n("x", INT) >> END, s - "no" >> END], G, []),
    ("a loop in it", lambda: [sub((x := n("x", INT, goes=("again", "out"))) - "again" >> x, x - "out" >> END) - "out" >> END], G, [nobody("a", "inner")]),
]  # fmt: skip

OUTPUTS: list[Row] = [
    ("written", lambda: [n("w", writes=INT) >> END], {**G, "outputs": Back}, []),
    ("given", lambda: [n("w") >> END], {"inputs": Back, "outputs": Back}, []),
    ("not written", lambda: [n("x") >> END], {**G, "outputs": Back}, ["outputs= needs 'a', which is not written on every path to END by 'default'"]),
    ("not by one action", lambda: [(f := fork()) - "left" >> n("w", writes=INT) >> END, f - "right" >> END], {**G, "outputs": Back}, ["outputs= needs 'a', which is not written on every path to END by 'right'"]),
    ("of another type", lambda: [n("w", writes={"a": str}) >> END], {**G, "outputs": Back}, ["outputs= says 'a' as int, and what arrives is str"]),
    ("with a default", lambda: [n("x") >> END], {**G, "outputs": model(a=(int, 1))}, []),
]  # fmt: skip

TYPES: list[Row] = [
    ("of another type", lambda: [n("w", writes={"a": str}) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("given of another type", lambda: [n("x", {"t": int}) >> END], G, [unfit("x", "t", "int", "str")]),
    ("optional and of another type", lambda: [n("w", writes={"a": str}) >> n("x", {"a": (int, 1)}) >> END], G, [unfit("x", "a", "int", "str")]),
    ("written over", lambda: [n("w", writes={"a": str}) >> n("v", writes=INT) >> n("x", INT) >> END], G, []),
    ("on one of two ways", lambda: [(f := fork()) - "left" >> n("v", writes=INT) >> (x := n("x", INT)) >> END, f - "right" >> n("w", writes={"a": str}) >> x], G, [unfit("x", "a", "int", "str")]),
    ("a loop brings another", lambda: [n("w", writes=INT) >> (x := n("x", INT, goes=("again", "out"))) - "again" >> n("v", writes={"a": str}) >> x, x - "out" >> END], G, [unfit("x", "a", "int", "str")]),
    ("a model as a mapping", lambda: [n("w", writes={"a": Strict}) >> n("x", {"a": dict}) >> END], G, [unfit("x", "a", "dict", "Strict")]),
    ("one model as another", lambda: [n("w", writes={"a": Strict}) >> n("x", {"a": Given}) >> END], G, [unfit("x", "a", "Model", "Strict")]),
    ("a model from attributes", lambda: [n("w", writes={"a": Strict}) >> n("x", {"a": Attributes}) >> END], G, []),
    ("a mapping as a model", lambda: [n("w", writes={"a": dict[str, int]}) >> n("x", {"a": Strict}) >> END], G, []),
    ("a validator may take anything", lambda: [n("w", writes={"a": str}) >> n("x", Lenient) >> END], G, []),
    ("so may one in the annotation", lambda: [n("w", writes={"a": str}) >> n("x", {"a": Annotated[int, BeforeValidator(len)]}) >> END], G, []),
    ("one that comes after may not", lambda: [n("w", writes={"a": str}) >> n("x", {"a": Annotated[int, AfterValidator(abs)]}) >> END], G, [unfit("x", "a", "int", "str")]),
    ("words that have none in common", lambda: [n("w", writes={"a": Literal["p", "q"]}) >> n("x", {"a": Literal["r"]}) >> END], G, [unfit("x", "a", "Literal['r']", "Literal['p', 'q']")]),
    ("words that have one", lambda: [n("w", writes={"a": Literal["p", "q"]}) >> n("x", {"a": Literal["q", "r"]}) >> END], G, []),
    ("into a sub-graph", lambda: [n("w", writes={"a": str}) >> sub(n("x", INT) >> END) >> END], G, [unfit("inner", "a", "int", "str")]),
    ("into a sub-graph, optional", lambda: [n("w", writes={"a": str}) >> sub(n("x", {"a": (int, 1)}) >> END) >> END], G, [unfit("inner", "a", "int", "str")]),
    ("into a sub-graph that writes over it", lambda: [n("w", writes={"a": str}) >> sub(n("v", writes=INT) >> n("x", INT) >> END) >> END], G, []),
    ("into a sub-graph's inputs=", lambda: [n("w", writes={"a": str}) >> sub(n("x", INT) >> END, inputs=Back) >> END], G, [unfit("inner", "a", "int", "str")]),
    ("two readers in a sub-graph", lambda: [n("w", writes={"a": str}) >> sub(n("x", {"a": str}) >> n("y", INT) >> END) >> END], G, [unfit("inner", "a", "int", "str")]),
    ("out of a sub-graph", lambda: [sub(n("w", writes={"a": str}) >> END) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("out of a sub-graph, on one way", lambda: [n("v", writes=INT) >> sub((f := fork()) - "left" >> n("w", writes={"a": str}) >> (y := n("y")) >> END, f - "right" >> y) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("out of a sub-graph, two types", lambda: [sub((f := fork()) - "left" >> n("v", writes=INT) >> (y := n("y")) >> END, f - "right" >> n("w", writes={"a": str}) >> y) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("out by outputs=", lambda: [sub(n("w", writes={"a": str}) >> END, outputs=model(a=str)) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("kept in by outputs=", lambda: [n("v", writes=INT) >> sub(n("w", writes={"a": str, "b": int}) >> END, outputs=model(b=int)) >> n("x", INT) >> END], G, []),
    ("the answer of a pause", lambda: [n("p", pauses={"a": bool}) - "a" >> n("x", {"a": list}) >> END], G, [unfit("x", "a", "list", "bool")]),
]  # fmt: skip

PARALLELS: list[Row] = [
    ("two that write their own", lambda: [Parallel(n("v", writes=INT), n("w", writes={"b": int})) >> n("x", {"a": int, "b": int}) >> END], G, []),
    ("two that write one key", lambda: [Parallel(n("v", writes=INT), n("w", writes=INT)) >> END], G, ["the branches 'v' and 'w' both may write 'a'"]),
    ("one of them on one way only", lambda: [Parallel(n("v", writes=INT), sub((f := fork()) - "left" >> n("w", writes=INT) >> (y := n("y")) >> END, f - "right" >> y)) >> END], G, ["the branches 'v' and 'inner' both may write 'a'"]),
    ("an output that is never written", lambda: [Parallel(n("v", writes=INT), sub(n("w", writes={"b": int}) >> END, inputs=Given, outputs=model(b=int, a=(int, 1)))) >> END], G, []),
    ("one reads what the other writes", lambda: [Parallel(n("v", writes=INT), n("x", INT)) >> END], G, [nobody("a", "parallel")]),
    ("and it was written before", lambda: [n("u", writes=INT) >> Parallel(n("v", writes=INT), n("x", INT)) >> END], G, []),
    ("two that read one key as two types", lambda: [Parallel(n("x", {"t": str}), n("y", {"t": int})) >> END], G, [unfit("parallel", "t", "int", "str")]),
    ("what one may write has its type", lambda: [n("u", writes=INT) >> Parallel(n("v"), sub((f := fork()) - "left" >> n("w", writes={"a": str}) >> (y := n("y")) >> END, f - "right" >> y)) >> n("x", INT) >> END], G, [unfit("x", "a", "int", "str")]),
    ("a branch that ends otherwise", lambda: [Parallel(n("v"), fork()) >> END], G, ["the branch 'fork' of 'parallel' ends in 'left'", "the branch 'fork' of 'parallel' ends in 'right'"]),
    ("one in the other", lambda: [Parallel(n("v", writes=INT), Parallel(n("w", writes={"b": int}), n("u", writes={"c": int}), name="both")) >> n("x", {"a": int, "b": int, "c": int}) >> END], G, []),
    ("a key at both depths", lambda: [Parallel(n("v", writes=INT), Parallel(n("w", writes=INT), n("u", writes={"c": int}), name="both")) >> END], G, ["the branches 'v' and 'both' both may write 'a'"]),
    ("a map beside a writer of its key", lambda: [Parallel(n("v", writes={"r": int}), Map(n("y"), over="items", into="r")) >> END], {"inputs": Many}, ["the branches 'v' and 'map_y' both may write 'r'"]),
    ("a map beside a writer of its list", lambda: [Parallel(n("v", writes={"items": list}), Map(n("y"), over="items", into="r")) >> END], {"inputs": Many}, []),
    ("a fault in a branch is told", lambda: [Parallel(n("v"), n("w"), name=" ") >> END], G, ["a node is named ' '"]),
]  # fmt: skip


def each(
    reads: Mapping[str, Any] | None = None, writes: Mapping[str, Any] | None = None, **options: Any
) -> Map:
    return Map(n("one", reads, writes), **{"over": "items", "into": "r", "name": "m", **options})


M = {"inputs": Many}
ITEMS = {"item": int}
MAPS: list[Row] = [
    ("each item", lambda: [each(ITEMS, INT) >> END], M, []),
    ("its list is not written", lambda: [each(ITEMS, INT, over="other") >> END], M, [nobody("other", "m")]),
    ("its list is a text", lambda: [each(over="t") >> END], G, [unfit("m", "t", "list[Any]", "str")]),
    ("its list is a mapping", lambda: [each(over="d") >> END], {"inputs": model(d=dict)}, [unfit("m", "d", "list[Any]", "dict")]),
    ("its list is a set", lambda: [each(over="s") >> END], {"inputs": model(s=set[int])}, [unfit("m", "s", "list[Any]", "set[int]")]),
    ("its list is a tuple", lambda: [each(ITEMS, over="s") >> END], {"inputs": model(s=tuple[int, ...])}, []),
    ("its list may be one", lambda: [each(ITEMS, over="s") >> END], {"inputs": model(s=list[int] | None)}, []),
    ("its list is of unknown type", lambda: [each(ITEMS, over="s") >> END], {"inputs": model(s=Any)}, []),
    ("its items are of another type", lambda: [each({"item": str}) >> END], M, [unfit("m", "items", "list[str]", "list[int]")]),
    ("under another name", lambda: [each({"x": str}, item="x") >> END], M, [unfit("m", "items", "list[str]", "list[int]")]),
    ("items go to a graph's inputs=", lambda: [Map(sub(n("x", {"item": str}) >> END, inputs=model(item=str)), over="items", into="r", name="m") >> END], M, [unfit("m", "items", "list[str]", "list[int]")]),
    ("it reads beside the item", lambda: [each({"item": int, "f": int}) >> END], M, []),
    ("and nobody writes that", lambda: [each({"item": int, "g": int}) >> END], M, [nobody("g", "m")]),
    ("and that is of another type", lambda: [each({"item": int, "f": str}) >> END], M, [unfit("m", "f", "str", "int")]),
    ("the item is not there after it", lambda: [each(ITEMS) >> n("x", ITEMS) >> END], M, [nobody("item", "x")]),
    ("nor what the items wrote", lambda: [each(ITEMS, INT) >> n("x", INT) >> END], M, [nobody("a", "x")]),
    ("the results are a list", lambda: [each(ITEMS, INT) >> n("x", {"r": dict}) >> END], M, [unfit("x", "r", "dict", "list[Model]")]),
    ("the results are a list of Outputs", lambda: [each(ITEMS, {"a": int}) >> n("x", {"r": list[str]}) >> END], M, [unfit("x", "r", "list[str]", "list[Model]")]),
    ("the results of a graph are its outputs=", lambda: [Map(sub(n("w", writes=INT) >> END, outputs=Strict), over="items", into="r") >> n("x", {"r": list[Strict]}) >> END], M, []),
    ("the results without either are mappings", lambda: [each(ITEMS) >> n("x", {"r": list[Strict]}) >> END], M, []),
    ("and no texts", lambda: [each(ITEMS) >> n("x", {"r": list[str]}) >> END], M, [unfit("x", "r", "list[str]", "list[dict[str, Any]]")]),
    ("collected errors are among them", lambda: [each(ITEMS, errors="collect") >> n("x", {"r": list[ItemError]}) >> END], M, []),
    ("not collected, they are not", lambda: [each(ITEMS, INT) >> n("x", {"r": list[ItemError]}) >> END], M, [unfit("x", "r", "list[ItemError]", "list[Model]")]),
    ("the results in the place of the list", lambda: [each(ITEMS, INT, into="items") >> each(ITEMS, name="again") >> END], M, [unfit("again", "items", "list[int]", "list[Model]")]),
    ("a map of maps", lambda: [Map(Map(n("x", ITEMS), over="row", into="r"), over="rows", into="all", item="row", name="m") >> END], {"inputs": model(rows=list[list[int]])}, []),
    ("a map of maps of another type", lambda: [Map(Map(n("x", {"item": str}), over="row", into="r"), over="rows", into="all", item="row", name="m") >> END], {"inputs": model(rows=list[list[int]])}, [unfit("m", "rows", "list[list[str]]", "list[list[int]]")]),
    ("a map in a branch", lambda: [Parallel(each(ITEMS, INT), n("w", writes=INT)) >> n("x", {"r": list, "a": int}) >> END], M, []),
    ("a branch of it may end as it likes", lambda: [Map(fork(), over="items", into="r") >> END], M, []),
    ("its limit", lambda: [each(limit=0) >> END], M, ["'m' has the limit 0"]),
    ("its keys are texts", lambda: [each(into="") >> END], M, ["'m' has into=''"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("paths", "options", "expected"),
    [
        pytest.param(*row[1:], id=f"{kind}: {row[0]}")
        for kind, rows in {
            "actions": ACTIONS, "loops": LOOPS, "inputs": INPUTS, "sub-graphs": SUBGRAPHS,
            "outputs": OUTPUTS, "types": TYPES, "parallel": PARALLELS, "map": MAPS,
        }.items()
        for row in rows
    ],
)  # fmt: skip
def test_a_graph_has_these_faults(paths, options, expected):
    try:
        Graph("g", *paths(), **options)
    except GraphError as error:
        assert [
            fault.message.replace(f"{__name__}.", "test_check_table.") for fault in error.faults
        ] == expected
        assert all(fault.mend for fault in error.faults)
    else:
        assert expected == []
