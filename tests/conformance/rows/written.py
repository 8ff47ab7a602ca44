"""Rows: graphs that are written as YAML."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from turngraph.engine import Graph, Node, Registry, load

from ..parts import Add, Fail, Number, Put, Say, Sign, Times, Until
from ..row import Row

registry = Registry()
registry.add(Add, Fail, Put, Say, Sign, Times, Until)
registry.type(Number)


@registry.type
class Numbers(BaseModel):
    numbers: list[int]


@registry.node
class Double(Node):
    class Outputs(BaseModel):
        double: int

    def prep(self, state: Any) -> Any:
        return state["item"]

    def exec(self, item: int) -> Outputs:
        return self.Outputs(double=2 * item)


@registry.node
class Total(Node):
    def post(self, state: Any) -> None:
        state["total"] = sum(entry.double for entry in state["doubled"])


def text(rule: str, source: str, yaml: str, **more: Any) -> Row:
    def graph() -> Graph:
        return load(yaml, registry)

    return Row(rule=rule, source=source, graph=graph, **more)


ROWS = [
    text(
        "a chain is written by the names of its nodes",
        "KayGraph",
        """
graph: chain
nodes: {first: Say, second: Say}
edges: {first: second, second: END}
""",
        ran=("first", "second"),
    ),
    text(
        "a file may hold one node",
        "wrong in KayGraph (it must have a connection)",
        "{graph: one, nodes: {only: Say}, edges: {only: END}}",
        ran=("only",),
    ),
    text(
        "nodes have parameters",
        "wrong in KayGraph (only an id)",
        """
graph: sum
inputs: Number
nodes:
  add: {node: Add, with: {amount: 3}}
  times: {node: Times, with: {factor: 2}}
edges: {add: times, times: END}
""",
        inputs={"n": 5},
        state={"n": 16},
    ),
    text(
        "actions lead to branches",
        "wrong in KayGraph (not parsed)",
        """
graph: signed
nodes:
  sign: Sign
  up: Say
  down: Say
edges:
  sign: {positive: up, negative: down}
  up: END
  down: END
""",
        inputs={"n": -1},
        ran=("sign", "down"),
    ),
    text(
        "and back, to a loop",
        "wrong in KayGraph (not parsed)",
        """
graph: loop
start: add
nodes:
  until: {node: Until, with: {limit: 3}}
  add: {node: Add, with: {amount: 1}}
edges:
  add: until
  until: {again: add, default: END}
""",
        inputs={"n": 0},
        state={"n": 3},
    ),
    text(
        "a graph stands in a graph",
        "wrong in KayGraph (not parsed)",
        """
graph: outer
nodes:
  inner:
    graph:
      graph: inner
      nodes: {sign: Sign}
      edges: {sign: {positive: END, negative: END}}
  up: Say
edges:
  inner: {positive: up, negative: END}
  up: END
""",
        inputs={"n": -1},
        ran=("sign",),
        action="negative",
    ),
    text(
        "branches stand beside each other",
        "wrong in KayGraph (not parsed)",
        """
graph: beside
nodes:
  both:
    parallel:
      left: {node: Put, with: {key: left, value: [1, null, "no"]}}
      right: {node: Put, with: {key: right, value: {deep: true}}}
edges: {both: END}
""",
        state={"left": [1, None, "no"], "right": {"deep": True}},
    ),
    text(
        "a list is worked through",
        "wrong in KayGraph (not parsed)",
        """
graph: doubled
inputs: Numbers
nodes:
  each: {map: {double: Double}, over: numbers, into: doubled, limit: 2}
  total: Total
edges: {each: total, total: END}
""",
        inputs={"numbers": [1, 2, 3]},
        state={"total": 12},
    ),
    text(
        "a node is tried again as often as the file says",
        "wrong in KayGraph (not parsed)",
        """
graph: again
nodes:
  fail: {node: Fail, retry: {attempts: 3, wait: 0}}
edges: {fail: END}
""",
        raises=ValueError,
        text="fail cannot",
        ran=("fail", "fail", "fail"),
    ),
    text(
        "words that other readers take for something else are names",
        "silent there",
        """
graph: on
nodes: {no: Say, 1:30: Say, null: Say}
edges: {no: 1:30, 1:30: null, null: END}
""",
        ran=("no", "1:30", "null"),
    ),
    text(
        "a class is looked up by its name in the registry alone",
        "wrong in KayGraph (in all that was ever imported)",
        "{graph: g, nodes: {path: PurePath}, edges: {path: END}}",
        faults=("no node class is named 'PurePath'",),
    ),
    text(
        "an edge to a node that is not there is refused",
        "KayGraph",
        "{graph: g, nodes: {first: Say}, edges: {first: secnd}}",
        faults=("no node is named 'secnd'",),
    ),
    text(
        "an action that is not wired is refused in a file too",
        "silent there",
        "{graph: g, nodes: {sign: Sign}, edges: {sign: {positive: END}}}",
        faults=("the action 'negative' of 'sign' is not wired",),
    ),
    text(
        "a file without nodes is refused",
        "KayGraph",
        "{graph: g}",
        faults=("it has no node",),
    ),
    text(
        "an empty file is refused",
        "KayGraph",
        "",
        faults=("it is empty",),
    ),
    text(
        "a parameter that the class does not take is refused",
        "silent there",
        "{graph: g, nodes: {add: {node: Add, with: {amuont: 3}}}, edges: {add: END}}",
        faults=("amuont", ...),
    ),
    text(
        "all faults of a file are listed at once, each with its line",
        "wrong in KayGraph (no lines)",
        """
graph: many
nodes:
  a: Sya
  b: Sign
  c: Say
edges:
  a: b
  b: {positive: END}
""",
        faults=(
            "no node class is named 'Sya'",
            "the action 'negative' of 'b' is not wired",
            "the action 'default' of 'c' is not wired",
            "no path leads to the node 'c'",
        ),
    ),
]
