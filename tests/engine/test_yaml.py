"""YAML: everything by name, nothing lost on the way there and back, every fault with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
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


# Every kind of fault: the text, where it is wrong, what is said of it.
FAULTS = [
    ("", (1, 1), "it is empty"),
    ("[1, 2]", (1, 1), "a graph is a mapping"),
    ("graph: a\ngraph: b", (2, 1), "the key 'graph' again (first in line 1)"),
    ("graph: &x a\nstart: *x", (1, 8), "the anchor &x"),
    ("graph: a\nstart: *x", (2, 8), "the alias *x"),
    ("graph: !!python/object:os.system a", (1, 8), "the tag"),
    ("%YAML 1.2\n---\ngraph: a", (1, 1), "a directive"),
    ("graph: a\n---\ngraph: b", (2, 1), "something follows the end of the document"),
    ("graph: a\nnodes: {a: Plain, <<: {b: c}}", (2, 19), "a merge key"),
    ("graph: a\nnodes: {[a]: Plain}", (2, 9), "a key that is not a text"),
    ("graph: a\nnodes: [", (2, 9), "it is not YAML"),
    ("graph: a\nnodes: " + "[" * 200, (2, 47), "nested more than"),
    ("graph: a\r\nstart:\x00b", (2, 7), "the character U+0000"),
    ("graph: \ud800", (1, 8), "the character U+D800"),
    ("x" * 300_000, (1, 1), "at most 262,144"),
    ("graph: [" + "a," * 20_000 + "]", (1, 40_001), "more than 20,000 parts"),
    ("nodes: {a: Plain}\nedges: {a: END}", (1, 1), "the graph has no name"),
    ("graph: a\nnods: {}", (2, 1), "did you mean 'nodes'"),
    ("graph: a\nStart: a", (2, 1), "did you mean 'start'"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\ninputs: Qestion", (4, 9), "did you mean 'Question'"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\noutputs: [Question]", (4, 10), "outputs: must be a text"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\nmax_steps: -1", (4, 12), "max_steps: must be a whole number above 0"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\nmax_steps: 2.5", (4, 12), "max_steps: must be a whole number above 0"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\ndeadline: soon", (4, 11), "deadline: must be a number above 0"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: END}\nstart: b", (4, 8), "start: no node is named 'b'"),
    ("graph: a\nnodes: Plain", (2, 8), "nodes: must be a mapping"),
    ("graph: a\nnodes: {a: Plan}\nedges: {a: END}", (2, 12), "did you mean 'Plain'"),
    ("graph: a\nnodes: {a: [Plain]}\nedges: {a: END}", (2, 12), "the node 'a' is a list"),
    ("graph: a\nnodes: {a: }\nedges: {a: END}", (2, 12), "the node 'a' is empty"),
    ("graph: a\nnodes: {a: {with: {}}}\nedges: {a: END}", (2, 12), "the node 'a' does not say its class"),
    ("graph: a\nnodes: {a: {node: Plain, graph: b}}\nedges: {a: END}", (2, 26), "the node 'a' says 'node', 'graph'"),
    ("graph: a\nnodes: {a: {node: Plain, retries: 3}}\nedges: {a: END}", (2, 26), "did you mean 'retry'"),
    ("graph: a\nnodes: {a: {graph: nope}}\nedges: {a: END}", (2, 20), "no graph is named 'nope'"),
    ("graph: a\nnodes: {a: {graph: {nodes: {b: Plan}, edges: {b: END}}}}\nedges: {a: END}", (2, 32), "did you mean 'Plain'"),
    ("graph: a\nnodes: {a: {node: Plain, with: {x: 1}}}\nedges: {a: END}", (2, 33), "Plain does not take 'x' here"),
    ("graph: a\nnodes: {a: {node: Find, with: {limt: 1}}}\nedges: {a: END}", (2, 32), "did you mean 'limit'"),
    ("graph: a\nnodes: {a: {node: Find, with: {limit: yes}}}\nedges: {a: END}", (2, 39), "Find takes 'limit' as int, not 'yes'"),
    ("graph: a\nnodes: {a: {node: Find, with: {limit: true}}}\nedges: {a: END}", (2, 39), "Find takes 'limit' as int, not True"),
    ("graph: a\nnodes: {a: {node: Find, with: {name: b}}}\nedges: {a: END}", (2, 32), "the key of a node is its name"),
    ("graph: a\nnodes: {a: {node: Find, with: {timeout: 3}}}\nedges: {a: END}", (2, 32), "write timeout: beside with:"),
    ("graph: a\nnodes: {a: {node: Plain, timeout: true}}\nedges: {a: END}", (2, 35), "timeout: must be a number above 0"),
    ("graph: a\nnodes: {a: {node: Plain, retry: {atempts: 1}}}\nedges: {a: END}", (2, 34), "did you mean 'attempts'"),
    ("graph: a\nnodes: {a: {node: Plain, retry: {wait: long}}}\nedges: {a: END}", (2, 40), "Retry takes 'wait' as float, not 'long'"),
    ("graph: a\nnodes: {a: {node: Plain, retry: 0}}\nedges: {a: END}", (2, 33), "it is 1 or more"),
    ("graph: a\nnodes: {a: {parallel: [Plain]}}\nedges: {a: END}", (2, 23), "parallel: must be a mapping"),
    ("graph: a\nnodes: {a: {parallel: {b: Plain}}}\nedges: {a: END}", (2, 9), "'a' has the branches 'b'"),
    ("graph: a\nnodes: {a: {parallel: {b: Plain, c: Plan}}}\nedges: {a: END}", (2, 37), "did you mean 'Plain'"),
    ("graph: a\nnodes: {a: {map: {b: Plain}, into: c}}\nedges: {a: END}", (2, 12), "does not say over:"),
    ("graph: a\nnodes: {a: {map: {b: Plain}, over: c, into: d, limit: 0}}\nedges: {a: END}", (2, 55), "limit: must be a whole number above 0"),
    ("graph: a\nnodes: {a: {map: {b: Plain}, over: c, into: d, errors: keep}}\nedges: {a: END}", (2, 56), "errors: is raise or collect"),
    ("graph: a\nnodes: {a: Plain}\nedges: {b: END, a: END}", (3, 9), "edges: no node is named 'b'"),
    ("graph: a\nnodes: {first: Plain}\nedges: {frist: END}", (3, 9), "did you mean 'first'"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: end}", (3, 12), "did you mean 'END'"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: [END]}", (3, 12), "the edges of 'a' are a list"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: {default: }}", (3, 22), "the action 'default' of 'a' leads to no name"),
    ("graph: a\nnodes: {a: Find}\nedges: {a: {some: END}}", (2, 9), "the action 'no' of 'a' is not wired"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: {default: END, never: END}}", (3, 27), "which it never returns"),
    ("graph: a\nnodes: {a: Plain, b: Plain}\nedges: {a: END, b: END}", (2, 19), "no path leads to the node 'b'"),
    ("graph: a\nnodes: {a: Plain}\nedges: {a: a}", (2, 9), "has no way out"),
    ("graph: a\ninputs: Question\nnodes: {a: Answer}\nedges: {a: END}", (3, 9), "nobody writes the input 'found' of 'a'"),
    ("graph: a\nnodes: {a: Plain, END: Plain}\nedges: {a: END}", (2, 19), "a node is named 'END'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "says"), FAULTS, ids=[says for *_, says in FAULTS])
def test_every_kind_of_fault_has_its_place_and_its_mend(text, place, says):
    with pytest.raises(GraphError) as caught:
        load(text, registry)
    found = [fault for fault in caught.value.faults if says in str(fault)]
    assert [(fault.line, fault.column) for fault in found] == [place]
    assert all(fault.mend for fault in caught.value.faults)
    assert list(caught.value.faults) == sorted(caught.value.faults, key=lambda f: (f.line, f.column))


@pytest.mark.parametrize(
    ("data", "place", "says"),
    [
        (b"graph: g\r\nstart: \xff", (2, 8), "the byte 0xFF, which is not UTF-8"),
        ("graph: ä\rä\xe4".encode() + b"\xe4", (2, 3), "the byte 0xE4"),
        ("graph: g".encode("utf-16"), (1, 1), "it is UTF-16"),
        (b"x" * 1_100_000, (1, 1), "more than 1,048,576 bytes"),
    ],
)
def test_a_file_is_utf_8_and_not_too_long(tmp_path: Path, data: bytes, place: tuple[int, int], says: str):
    file = tmp_path / "graph.yaml"
    file.write_bytes(data)
    with pytest.raises(GraphError) as caught:
        load(file, registry)
    assert says in str(caught.value) and str(file) in str(caught.value)
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [place]


def test_faults_of_graphs_inside_stand_among_the_others():
    text = """
graph: g
nodes:
  a:
    graph:
      nodes: {b: Plan}
      edges: {b: c}
  d: Fnd
edges:
  a: d
  d: {some: END}
"""
    with pytest.raises(GraphError) as caught:
        load(text, registry)
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(6, 18), (7, 18), (8, 3), (8, 6)]


def test_more_faults_than_anybody_reads_are_not_listed():
    text = "graph: g\nnodes: {a: Plain}\nedges: {a: END}\n" + "".join(f"x{n}: 1\n" for n in range(900))
    with pytest.raises(GraphError) as caught:
        load(text, registry)
    assert len(caught.value.faults) == 51 and caught.value.faults[-1].message == "there may be more"


def test_a_graph_that_holds_itself_is_named():
    held = Registry(registry)
    for name, inside in (("one", "two"), ("two", "one")):
        text = f"graph: {name}\nnodes: {{a: {{graph: {inside}}}}}\nedges: {{a: END}}"
        held.graph(name, lambda text=text: load(text, held))
    with pytest.raises(GraphError, match="the graph 'one' holds itself: one → two → one"):
        load("graph: g\nnodes: {a: {graph: one}}\nedges: {a: END}", held)


def test_sub_graphs_are_written_out_or_named():
    inner = Graph("inner", Plain(name="p") >> END)
    outer = Graph("outer", inner >> END)
    assert load(dump(outer), registry).shape() == outer.shape()
    named = Registry(registry)
    named.add(inner)
    text = "graph: outer\nnodes: {inner: {graph: inner}}\nedges: {inner: END}"
    assert load(text, named).shape() == outer.shape()
