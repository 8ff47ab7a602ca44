"""YAML: everything by name, nothing lost on the way there and back, every fault with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from turngraph.engine import END, Graph, GraphError, Node, Registry, Retry, dump, load

registry = Registry()


@registry.type
class Question(BaseModel):
    text: str


@registry.node
class Find(Node):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        found: list[str]

    def __init__(self, limit: int = 3, words: list[str] | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.limit = limit

    async def exec(self, inputs):
        return {"found": [inputs.text] * self.limit}

    def post(self, state) -> Literal["some", "no"]:
        return "some"


@registry.node
class Answer(Node):
    class Inputs(BaseModel):
        found: list[str]

    def post(self, state, inputs) -> None:
        state["answer"] = " ".join(inputs.found)


@registry.node
class Plain(Node):
    pass


GOOD = """
graph: ask
inputs: Question
deadline: 5
start: look
nodes:
  answer: Answer
  look:
    node: Find
    with: {limit: 2, words: ["no", null, 1.5]}
    retry: {attempts: 2, wait: 0.5}
  1:30: Plain
edges:
  look: {some: answer, no: "1:30"}
  answer: END
  1:30: END
"""


async def test_a_graph_is_read_and_run():
    graph = load(GOOD, registry)
    assert (await graph.run({"text": "hi"}))["answer"] == "hi hi"
    assert graph.nodes["look"].retry == Retry(attempts=2, wait=0.5)
    assert graph.edges["look"] == {"some": "answer", "no": "1:30"}


def test_python_and_yaml_say_the_same(tmp_path: Path):
    look, answer, other = Find(2, ["no", None, 1.5], name="look"), Answer(), Plain(name="1:30")
    look.retry = Retry(attempts=2, wait=0.5)
    graph = Graph(
        "ask", look - "some" >> answer >> END, look - "no" >> other >> END, inputs=Question, deadline=5
    )
    assert graph.shape() == load(GOOD, registry).shape()
    file = tmp_path / "ask.yaml"
    file.write_text(dump(graph))
    assert load(file, registry).shape_hash == graph.shape_hash


BROKEN = """
graph: broken
inputs: Question
start: look
nodes:
  look: Fnd
  answer: Answer
  alone: Plain
  spin: Plain
  split: Find
edges:
  look: {some: split}
  split: {some: answer, no: spin}
  answer: END
  spin: spin
  alone: ansver
"""


def test_one_error_lists_every_fault_with_line_and_column():
    with pytest.raises(GraphError) as caught:
        load(BROKEN, registry)
    found = {(fault.line, fault.column): str(fault) for fault in caught.value.faults}
    assert "no node class is named 'Fnd'" in found[6, 9] and "did you mean 'Find'" in found[6, 9]
    assert "the action 'no' of 'look' is not wired" in found[6, 3]
    assert "no path leads to the node 'alone'" in found[8, 3]
    assert "the loop spin → spin has no way out" in found[9, 3]
    assert "no node is named 'ansver'" in found[16, 10] and "did you mean 'answer'" in found[16, 10]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("[1, 2]", "a graph is a mapping"),
        ("graph: a\ngraph: b", "the key 'graph' again (first in line 1)"),
        ("graph: &x a\nstart: *x", "the anchor &x"),
        ("graph: !!python/object:os.system a", "the tag"),
        ("graph: a\n---\ngraph: b", "a second document"),
        ("graph: a\nnodes: {a: Plain, <<: {b: c}}", "a merge key"),
        ("graph: a\nnodes: [", "it is not YAML"),
        ("graph: a\nnodes: " + "[" * 200, "nested more than"),
        ("graph: a\x00b", "it is not YAML"),
        ("x" * 300_000, "at most 262,144"),
        ("graph: a\nnods: {}", "did you mean 'nodes'"),
        ("graph: a\ninputs: Qestion\nnodes: {a: Plain}\nedges: {a: END}", "did you mean 'Question'"),
        ("graph: a\nnodes: {a: {node: Plain, with: {x: 1}}}\nedges: {a: END}", "Plain does not take"),
        ("graph: a\nnodes: {a: {node: Plain, timeout: true}}\nedges: {a: END}", "timeout: must be seconds"),
        ("graph: a\nnodes: {a: {node: Plain, retry: {atempts: 1}}}\nedges: {a: END}", "retry:"),
        ("graph: a\nnodes: {a: [Plain]}\nedges: {a: END}", "the node 'a' is a list"),
        (
            "graph: a\nmax_steps: -1\nnodes: {a: Plain}\nedges: {a: END}",
            "max_steps: must be a number above 0",
        ),
        ("graph: a\nnodes: {a: Plain}\nedges: {a: [END]}", "the edges of 'a' are a list"),
        ("graph: a\nstart: b\nnodes: {a: Plain}\nedges: {a: END}", "start: no node is named 'b'"),
        ("graph: a\nnodes: {a: {graph: nope}}\nedges: {a: END}", "no graph is named 'nope'"),
    ],
)
def test_what_a_graph_must_not_hold_is_refused(text, says):
    with pytest.raises(GraphError) as caught:
        load(text, registry)
    assert says in str(caught.value)
    assert all(fault.mend for fault in caught.value.faults)


def test_sub_graphs_are_written_out_or_named():
    inner = Graph("inner", Plain(name="p") >> END)
    outer = Graph("outer", inner >> END)
    assert load(dump(outer), registry).shape() == outer.shape()
    named = Registry(registry)
    named.add(inner)
    text = "graph: outer\nnodes: {inner: {graph: inner}}\nedges: {inner: END}"
    assert load(text, named).shape() == outer.shape()


names = st.text(min_size=1, max_size=8).filter(lambda s: s.strip() and s != "END" and s.isprintable())
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | names,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(names, min_size=1, max_size=6, unique=True), st.lists(values, max_size=4), st.integers(1, 10**6)
)
def test_the_round_trip_loses_nothing(chain: list[str], words: list[object], limit: int):
    nodes = [Find(limit, words, name=name) for name in chain]  # type: ignore[arg-type]
    paths = [
        path
        for here, after in zip(nodes, [*nodes[1:], END], strict=True)
        for path in (here - "some" >> after, here - "no" >> END)
    ]
    graph = Graph(chain[0], *paths, inputs=Question, max_steps=limit)
    assert load(dump(graph), registry).shape() == graph.shape()
