"""Proves a wiring before it runs: every action leads somewhere, every input is written on every path.

The input check is definite assignment: what is surely in the state before a node is the intersection
over all edges into it, to a fixed point. What cannot be proven because a node writes keys that it does
not declare, or because the graph has no `inputs=`, is listed, not refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .contract import contract_of
from .errors import listing
from .fits import can_fit, type_name
from .node import Node
from .wiring import ENDS, Wiring


@dataclass(slots=True)
class Declared:
    """What a node reads and surely writes by each action, and all that it may write, as far as it says so."""

    actions: tuple[str, ...]
    reads: Mapping[str, Any]
    required: frozenset[str]
    gives: Mapping[str, Mapping[str, Any]]
    opaque: bool
    may: frozenset[str]


@dataclass(slots=True)
class Facts:
    """What is known to hold before a node: keys surely present, surely written here, and types that may arrive."""

    present: frozenset[str]
    written: frozenset[str]
    types: dict[str, list[Any]]
    opaque: bool


@dataclass(slots=True)
class Proof:
    """What the check found out: inputs it could not prove, and what each action to END surely writes."""

    unproven: list[tuple[str, str]] = field(default_factory=list)
    needs: dict[str, Any] = field(default_factory=dict)
    gives: dict[str, dict[str, Any]] = field(default_factory=dict)
    opaque: bool = False


def declared(node: Node) -> Declared:
    """What a node or a graph says of itself."""
    own: Any = getattr(node, "declared", None)
    if own is not None:
        found: Declared = own()
        return found
    contract = contract_of(type(node))
    reads = fields(contract.inputs)
    gives = fields(contract.outputs)
    surely = {action: gives for action in contract.actions}
    return Declared(
        contract.actions, reads, required(contract.inputs), surely, contract.opaque, frozenset(gives)
    )


def fields(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model with their annotations."""
    return {} if model is None else {name: info.annotation for name, info in model.model_fields.items()}


def required(model: Any) -> frozenset[str]:
    """The fields that have no default."""
    return (
        frozenset()
        if model is None
        else frozenset(n for n, info in model.model_fields.items() if info.is_required())
    )


class Check:
    """One pass over a wiring; faults are added to it."""

    def __init__(self, wiring: Wiring, inputs: Any, outputs: Any) -> None:
        self.wiring = wiring
        self.inputs = inputs
        self.outputs = outputs
        self.says = {name: declared(node) for name, node in wiring.nodes.items()}
        self.proof = Proof()

    def run(self) -> Proof:
        """Adds every fault to the wiring and says what was proven."""
        if self.wiring.start is None:
            return self.proof
        self._actions()
        reachable = self._shape(self.wiring.start)
        facts = self._assign(self.wiring.start)
        for name in self.wiring.nodes:
            if name in reachable and name in facts:
                self._inputs(name, facts[name])
        self._ends(facts)
        return self.proof

    def _actions(self) -> None:
        for name, says in self.says.items():
            wired = self.wiring.edges.get(name, {})
            for action in says.actions:
                if action not in wired:
                    self.wiring.fault(
                        f"the action {action!r} of {name!r} is not wired",
                        f'wire it to a node or to END: {name} - "{action}" >> END',
                        name,
                    )
            for action in wired:
                if action not in says.actions:
                    mend = f"it returns {listing(says.actions)}; correct the action, or declare it in post's return annotation"
                    self.wiring.fault(
                        f"{name!r} is wired for the action {action!r}, which it never returns",
                        mend,
                        name,
                        action,
                    )

    def _shape(self, start: str) -> set[str]:
        import networkx as nx

        drawn: nx.DiGraph[str] = nx.DiGraph()
        drawn.add_nodes_from([*self.wiring.nodes, ENDS])
        for name, says in self.says.items():
            drawn.add_edges_from((name, target) for _, target in self.wiring.successors(name))
            if any(action not in self.wiring.edges.get(name, {}) for action in says.actions):
                drawn.add_edge(
                    name, ENDS
                )  # an action that is not wired is a fault already, and may be the way out
        reachable: set[str] = {start, *nx.descendants(drawn, start)}
        leaving: set[str] = nx.ancestors(drawn, ENDS)
        for name in self.wiring.nodes:
            if name not in reachable:
                self.wiring.fault(
                    f"no path leads to the node {name!r}", f"wire an action to {name!r}, or take it out", name
                )
        caught = drawn.subgraph(reachable - leaving - {ENDS})
        for loop in nx.strongly_connected_components(caught):
            one = next(iter(loop))
            if len(loop) > 1 or caught.has_edge(one, one):
                names = sorted(loop, key=list(self.wiring.nodes).index)
                way = " → ".join([*names, names[0]])
                self.wiring.fault(
                    f"the loop {way} has no way out",
                    "give one of its nodes an action that leads out of it",
                    names[0],
                )
        return reachable

    def _assign(self, start: str) -> dict[str, Facts]:
        given = fields(self.inputs)
        first = Facts(
            frozenset(given), frozenset(), {key: [kind] for key, kind in given.items()}, self.inputs is None
        )
        before: dict[str, Facts] = {start: first}
        todo = deque([start])
        while todo:
            name = todo.popleft()
            for action, target in self.wiring.successors(name):
                if target == ENDS or target not in self.says:
                    continue
                after = self._after(name, action, before[name])
                if target not in before:
                    before[target] = after
                elif not _merge(before[target], after):
                    continue
                if target not in todo:
                    todo.append(target)
        return before

    def _after(self, name: str, action: str, before: Facts) -> Facts:
        says = self.says[name]
        gives = says.gives.get(action, {})
        present = before.present | says.required | gives.keys()
        types = {key: list(kinds) for key, kinds in before.types.items()} | {
            key: [kind] for key, kind in gives.items()
        }
        return Facts(present, before.written | gives.keys(), types, before.opaque or says.opaque)

    def _inputs(self, name: str, facts: Facts) -> None:
        says = self.says[name]
        writers = {
            key: other for other, its in self.says.items() for gives in its.gives.values() for key in gives
        }
        for key in sorted(says.required - facts.present):
            if key in writers:
                way = self._way_without(key, name)
                self.wiring.fault(
                    f"the input {key!r} of {name!r} is not written on the path {way}",
                    f"let a node on that path write it as {writers[key]!r} does, give it a default, or put it into the graph's inputs=",
                    name,
                )
            elif facts.opaque:
                self.proof.unproven.append((name, key))
                self.proof.needs.setdefault(key, says.reads[key])
            else:
                self.wiring.fault(
                    f"nobody writes the input {key!r} of {name!r}",
                    f"write it in a node before {name!r}, give it a default, or put it into the graph's inputs=",
                    name,
                )
        for key, kind in says.reads.items():
            for other in facts.types.get(key, []):
                if not can_fit(other, kind):
                    self.wiring.fault(
                        f"{name!r} reads {key!r} as {type_name(kind)}, and what arrives is {type_name(other)}",
                        "make the two types agree",
                        name,
                    )

    def _way_without(self, key: str, goal: str) -> str:
        start = self.wiring.start or goal
        ways = deque([(start, start)])
        seen = {start}
        while ways:
            name, way = ways.popleft()
            if name == goal:
                return way
            for action, target in self.wiring.successors(name):
                if target in seen or target == ENDS or key in self.says[name].gives.get(action, {}):
                    continue
                seen.add(target)
                arrow = " → " if action == "default" else f" -{action}→ "
                ways.append((target, f"{way}{arrow}{target}"))
        return f"{start} … {goal}"

    def _ends(self, facts: Mapping[str, Facts]) -> None:
        last: dict[str, Facts] = {}
        for name, before in facts.items():
            for action, target in self.wiring.successors(name):
                if target == ENDS:
                    after = self._after(name, action, before)
                    if action in last:
                        _merge(last[action], after)
                    else:
                        last[action] = after
        self.proof.opaque = any(self.says[name].opaque for name in facts)
        for action, end in last.items():
            self.proof.gives[action] = {
                key: (end.types[key][0] if len(end.types.get(key, [])) == 1 else Any) for key in end.written
            }
            for key in sorted(required(self.outputs) - end.present):
                if not end.opaque:
                    self.wiring.fault(
                        f"outputs= needs {key!r}, which is not written on every path to END by {action!r}",
                        "write it, or give it a default",
                    )


def _merge(known: Facts, more: Facts) -> bool:
    """Narrows what is known by what another edge brings; says whether anything changed."""
    present, written = known.present & more.present, known.written & more.written
    changed = present != known.present or written != known.written or (more.opaque and not known.opaque)
    known.present, known.written, known.opaque = present, written, known.opaque or more.opaque
    for key, kinds in more.types.items():
        mine = known.types.setdefault(key, [])
        fresh = [kind for kind in kinds if kind not in mine]
        mine += fresh
        changed = changed or bool(fresh)
    return changed
