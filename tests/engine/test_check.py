"""What a graph is proven to do before it runs."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, GraphError, Map, Node, Parallel, Registry, load


class Given(BaseModel):
    text: str


class Split(Node):
    def post(self, state) -> Literal["left", "right"]:
        return "left"


def writes(key: str, kind: type = int, name: str | None = None) -> Node:
    model = type("Outputs", (BaseModel,), {"__annotations__": {key: kind}})

    async def run(self: Any, prepared: Any) -> Any: ...

    return type(
        f"Write{key.title()}", (Node,), {"Outputs": model, "exec": run, "name": name or f"write_{key}"}
    )()


def reads(key: str, kind: type = int, name: str | None = None) -> Node:
    model = type("Inputs", (BaseModel,), {"__annotations__": {key: kind}})
    return type(f"Read{key.title()}", (Node,), {"Inputs": model, "name": name or f"read_{key}"})()


def faults_of(*paths, **options) -> list[str]:
    with pytest.raises(GraphError) as caught:
        Graph("g", *paths, **options)
    return [fault.message for fault in caught.value.faults]


def test_one_error_lists_every_fault():
    split, left, right, alone = (
        Split(),
        writes("a", name="left"),
        writes("b", name="right"),
        writes("z", name="alone"),
    )
    need, spin = reads("a"), type("Spin", (Node,), {"actions": ("again",), "post": lambda s, st: "again"})()
    with pytest.raises(GraphError) as caught:
        Graph(
            "broken",
            split - "left" >> left >> need,
            split - "right" >> right >> need >> "spinn",
            spin - "again" >> spin,
            alone >> END,
            Open() >> END,
            inputs=Given,
        )
    text = str(caught.value)
    assert "the action 'other' of 'open' is not wired" in text
    assert "no path leads to the node 'alone'" in text
    assert "the loop spin → spin has no way out" in text
    assert "the input 'a' of 'read_a' is not written on the path split -right→ right → read_a" in text
    assert "no node is named 'spinn'" in text and "did you mean 'spin'?" in text
    assert text.count("mend:") == len(caught.value.faults)


class Open(Node):
    def post(self, state) -> Literal["other"] | None: ...


def test_a_diamond_whose_branches_both_write_the_input_passes():
    split, need = Split(), reads("a")
    one, two = writes("a", name="one"), writes("a", name="two")
    graph = Graph(
        "diamond", split - "left" >> one >> need >> END, split - "right" >> two >> need, inputs=Given
    )
    assert graph.unproven == []


def test_an_action_that_is_never_returned_is_a_fault():
    found = faults_of(reads("text", str) - "later" >> END, inputs=Given)
    assert any("is wired for the action 'later', which it never returns" in fault for fault in found)


def test_an_input_in_a_loop_must_be_there_on_the_first_way_round():
    class Again(Node):
        def post(self, state) -> Literal["again"] | None: ...

    again, need = Again(), reads("a")
    late = writes("a")
    found = faults_of(need >> again - "again" >> late >> need, again >> END, inputs=Given)
    assert found == ["the input 'a' of 'read_a' is not written on the path read_a"]


def test_after_a_node_that_writes_what_it_likes_an_input_is_listed_not_refused():
    class Free(Node):
        def post(self, state) -> None: ...

    graph = Graph("free", Free() >> reads("a") >> reads("a", name="later") >> END, inputs=Given)
    assert graph.unproven == [("read_a", "a")]
    assert faults_of(reads("a") >> END, inputs=Given) == ["nobody writes the input 'a' of 'read_a'"]


def test_optional_inputs_are_exempt():
    class Maybe(Node):
        class Inputs(BaseModel):
            missing: int = 3
            none: str | None = None

    Graph("maybe", Maybe() >> END, inputs=Given)


@pytest.mark.parametrize(
    ("written", "read", "fits"),
    [
        (int, int, True), (int, str, False), (str, int, False), (int, float, True), (bool, int, True),
        (list[int], list[str], False), (list[int], tuple, True), (str, list, False), (dict, Given, True),
        (Given, str, False), (int | None, int, True), (type(None), int, False), (str | int, int, True),
        (Literal["a"], str, True), (Literal["a"], int, False), (dict[str, int], dict[str, str], False),
        (object, int, True), (list[Given], list[dict], False), (Any, int, True), (int, Any, True),
    ],
)  # fmt: skip
def test_types_that_cannot_fit_are_a_fault(written, read, fits):
    paths = writes("a", written) >> reads("a", read) >> END
    if fits:
        Graph("g", paths, inputs=Given)
    else:
        assert any("and what arrives is" in fault for fault in faults_of(paths, inputs=Given))


def test_a_sub_graph_is_checked_by_action_edge():
    split = Split()
    inner = Graph("inner", split - "left" >> writes("a") >> END, split - "right" >> END)
    need = reads("a")
    Graph("good", inner >> need >> END, inner - "right" >> END, inputs=Given)
    found = faults_of(inner >> need >> END, inner - "right" >> need, inputs=Given)
    assert found == ["the input 'a' of 'read_a' is not written on the path inner -right→ read_a"]


def test_what_a_sub_graph_cannot_prove_its_parent_must_give():
    inner = Graph("inner", reads("a") >> END)
    Graph("good", writes("a") >> inner >> END, inputs=Given)
    assert faults_of(inner >> END, inputs=Given) == ["nobody writes the input 'a' of 'inner'"]


def test_outputs_must_be_written_on_every_path_to_the_end():
    class Back(BaseModel):
        a: int

    found = faults_of(writes("b") >> END, inputs=Given, outputs=Back)
    assert found == ["outputs= needs 'a', which is not written on every path to END by 'default'"]


class Free(Node):
    def post(self, state) -> None: ...


def test_what_a_free_node_in_a_sub_graph_may_write_is_not_asked_of_its_parent():
    inner = Graph("inner", Free() >> reads("a") >> END)
    assert inner.unproven == [("read_a", "a")]
    assert Graph("g", inner >> END, inputs=Given).unproven == [("inner/read_a", "a")]
    assert Graph("g", inner >> reads("b") >> END, inputs=Given).unproven == [
        ("read_b", "b"),
        ("inner/read_a", "a"),
    ]


@pytest.mark.parametrize(
    "around",
    [lambda one: Parallel(one, Idle(), name="n"), lambda one: Map(one, over="text", into="r", name="n")],
)
def test_what_stands_unproven_is_seen_from_outside_at_any_depth(around):
    class Texts(BaseModel):
        text: list[str]

    inner = Graph("inner", Free() >> reads("a") >> END, inputs=Texts)
    graph = Graph("g", Graph("middle", around(inner) >> END) >> END, inputs=Texts)
    assert graph.unproven == [("middle/n/inner/inner/read_a", "a")]


class Idle(Node):
    pass


def test_outputs_that_a_free_node_may_have_written_are_listed():
    class Back(BaseModel):
        a: int

    graph = Graph("g", Free() >> END, inputs=Given, outputs=Back)
    assert graph.unproven == [("END", "a")]
    after = Graph("outer", graph >> reads("a") >> END, inputs=Given)
    assert after.unproven == [("g/END", "a")]


def test_a_graph_that_holds_itself_cannot_be_made():
    registry = Registry()
    registry.graph("self", lambda: load("graph: self\nnodes: {a: {graph: self}}\nedges: {a: END}", registry))
    with pytest.raises(GraphError, match="the graph 'self' holds itself"):
        registry.make_graph("self")


NESTED = """
graph: g
inputs: Given
start: inner
nodes:
  inner:
    graph:
      graph: inner
      nodes: {turn: Turn, alone: Turn}
      edges: {turn: turn}
  both:
    parallel: {one: Write, two: Split, three: {node: Write}}
  all:
    map: {need: Need}
    over: text
    into: z
  need: Need
edges: {inner: both, both: all, all: need}
"""


def test_every_fault_in_a_file_has_its_place():
    def write(self, inputs): ...

    registry = Registry()
    registry.type(Given)
    outputs = type("Outputs", (BaseModel,), {"__annotations__": {"a": str}})
    registry.add(
        type("Turn", (Node,), {}), type("Write", (Node,), {"Outputs": outputs, "exec": write}), Split
    )
    registry.add(
        type("Need", (Node,), {"Inputs": type("Inputs", (BaseModel,), {"__annotations__": {"a": int}})})
    )
    with pytest.raises(GraphError) as caught:
        load(NESTED, registry)
    assert [(fault.line, fault.message) for fault in caught.value.faults] == [
        (9, "the loop turn → turn has no way out"),
        (9, "the action 'default' of 'alone' is not wired"),
        (9, "no path leads to the node 'alone'"),
        (11, "the branch 'two' of 'both' ends in 'left'"),
        (11, "the branch 'two' of 'both' ends in 'right'"),
        (11, "the branches 'one' and 'three' both may write 'a'"),
        (13, "'all' reads 'a' as int, and what arrives is str"),
        (13, "'all' reads 'text' as list[Any], and what arrives is str"),
        (17, "the action 'default' of 'need' is not wired"),
        (17, "'need' reads 'a' as int, and what arrives is str"),
    ]
    assert all(fault.mend and fault.column for fault in caught.value.faults)
