"""Proves a wiring before it runs: every action leads somewhere, every input is written on every path.

The input check is definite assignment: what is surely in the state before a node is the intersection
over all edges into it, to a fixed point. What cannot be proven because a node writes keys that it does
not declare, or because the graph has no `inputs=`, is listed, not refused.

Nodes are taken at their word. A `post` may also delete a key, or write one that its class does not declare
or declares with another type: the check supposes that it does not. What is missing or does not fit then is
found when it is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .contract import contract_of
from .errors import listing
from .fits import accepts, can_fit, type_name
from .node import Node
from .path import DEFAULT
from .wiring import ENDS, Wiring

# For each key, every type that its value may have, or is read as.
Kinds: TypeAlias = Mapping[str, tuple[Any, ...]]


@dataclass(slots=True)
class Declared:
    """What a node reads, what it surely writes by each action, and all that it may write, as far as it says so.

    `unproven` are the inputs inside it, as (node, key), that nothing outside it could prove either.
    """

    actions: tuple[str, ...]
    reads: Kinds
    required: frozenset[str]
    gives: Mapping[str, frozenset[str]]
    may: Mapping[str, Kinds]
    opaque: bool
    unproven: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Facts:
    """What is known before a node: keys surely present, those surely written here, and the types written."""

    present: frozenset[str]
    written: frozenset[str]
    types: Kinds
    opaque: bool


@dataclass(slots=True)
class Proof:
    """What the check found out: what the graph says of itself, and the inputs that it could not prove."""

    says: Declared
    unproven: list[tuple[str, str]] = field(default_factory=list)


def declared(node: Node) -> Declared:
    """What a node or a graph says of itself."""
    own: Any = getattr(node, "declared", None)
    if own is not None:
        found: Declared = own()
        return found
    contract = contract_of(type(node))
    gives, pauses = fields(contract.outputs), contract.pauses
    may = {
        action: _kinds(gives, {action: pauses[action]} if action in pauses else {})
        for action in contract.actions
    }
    surely = {action: frozenset(kinds) for action, kinds in may.items()}
    reads = _kinds(accepts(contract.inputs))
    return Declared(contract.actions, reads, required(contract.inputs), surely, may, contract.opaque)


def fields(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model with their annotations."""
    return {} if model is None else {name: info.annotation for name, info in model.model_fields.items()}


def required(model: Any) -> frozenset[str]:
    """The fields that have no default."""
    named = () if model is None else model.model_fields.items()
    return frozenset(name for name, info in named if info.is_required())


def either(*all_kinds: Kinds) -> dict[str, tuple[Any, ...]]:
    """Every type that any of them has for a key."""
    found: dict[str, tuple[Any, ...]] = {}
    for kinds in all_kinds:
        for key, more in kinds.items():
            known = found.get(key, ())
            found[key] = (*known, *(kind for kind in more if kind not in known))
    return found


def within(name: str, says: Declared) -> list[tuple[str, str]]:
    """What stands unproven inside a node, as seen from around it."""
    return [(f"{name}/{inner}", key) for inner, key in says.unproven]


def _kinds(*models: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {key: (kind,) for model in models for key, kind in model.items()}


class Check:
    """One pass over a wiring; faults are added to it."""

    def __init__(self, wiring: Wiring, inputs: Any, outputs: Any) -> None:
        self.wiring = wiring
        self.inputs = self._model("inputs", inputs)
        self.outputs = self._model("outputs", outputs)
        self.given = fields(self.inputs)
        self.says = {name: declared(node) for name, node in wiring.nodes.items()}
        self.unproven: list[tuple[str, str]] = []
        # What a graph without inputs= reads of its parent's keys, and which of them it cannot go without.
        self.reads: Kinds = _kinds(accepts(self.inputs))
        self.needs = set(required(self.inputs))

    def _model(self, role: str, model: Any) -> Any:
        if model is None or (isinstance(model, type) and hasattr(model, "model_fields")):
            return model
        mend = f"class Turn(BaseModel): ...; {role}=Turn"
        self.wiring.fault(f"{role}= is {model!r}, not a pydantic model", mend)
        return None

    def run(self) -> Proof:
        """Adds every fault to the wiring and says what was proven."""
        ends: dict[str, Facts] = {}
        if self.wiring.start is not None:
            self._actions()
            self._shape(self.wiring.start)
            facts = self._assign(self.wiring.start)
            for name in self.wiring.nodes:
                if name in facts:
                    self._inputs(name, facts[name])
            ends = self._ends(facts)
        for name, says in self.says.items():
            self.unproven += within(name, says)
        return Proof(self._says(ends), self.unproven)

    def _actions(self) -> None:
        for name, says in self.says.items():
            wired = self.wiring.edges.get(name, {})
            for action in says.actions:
                if action not in wired:
                    mend = f'wire it to a node or to END: {name} - "{action}" >> END'
                    self.wiring.fault(f"the action {action!r} of {name!r} is not wired", mend, name)
            for action in wired:
                if action not in says.actions:
                    mend = f"it returns {listing(says.actions)}; correct the action, or declare it in post's return annotation"
                    message = f"{name!r} is wired for the action {action!r}, which it never returns"
                    self.wiring.fault(message, mend, name, action)

    def _shape(self, start: str) -> None:
        import networkx as nx

        drawn: nx.DiGraph[str] = nx.DiGraph()
        drawn.add_nodes_from([*self.wiring.nodes, ENDS])
        for name, says in self.says.items():
            drawn.add_edges_from((name, target) for _, target in self.wiring.successors(name))
            # An action that is not wired is a fault already, and may be the way out.
            if any(action not in self.wiring.edges.get(name, {}) for action in says.actions):
                drawn.add_edge(name, ENDS)
        reachable: set[str] = {start, *nx.descendants(drawn, start)}
        for name in self.wiring.nodes:
            if name not in reachable:
                mend = f"wire an action to {name!r}, or take it out"
                self.wiring.fault(f"no path leads to the node {name!r}", mend, name)
        leaving: set[str] = nx.ancestors(drawn, ENDS)
        caught = drawn.subgraph(reachable - leaving - {ENDS})
        order = list(self.wiring.nodes).index
        loops = nx.strongly_connected_components(caught)
        for loop in sorted(loops, key=lambda names: min(map(order, names))):
            first = min(loop, key=order)
            if len(loop) > 1 or caught.has_edge(first, first):
                edges = nx.find_cycle(caught.subgraph(loop), first)
                way = " → ".join([edge[0] for edge in edges] + [edges[0][0]])
                mend = "give one of its nodes an action that leads out of it"
                self.wiring.fault(f"the loop {way} has no way out", mend, first)

    def _assign(self, start: str) -> dict[str, Facts]:
        before = {start: Facts(frozenset(self.given), frozenset(), {}, False)}
        todo = deque([start])
        while todo:
            name = todo.popleft()
            for action, target in self.wiring.successors(name):
                if target == ENDS or target not in self.says:
                    continue
                after = self._after(name, action, before[name])
                if target not in before:
                    before[target] = after
                elif (merged := _merged(before[target], after)) != before[target]:
                    before[target] = merged
                else:
                    continue
                if target not in todo:
                    todo.append(target)
        return before

    def _after(self, name: str, action: str, before: Facts) -> Facts:
        says = self.says[name]
        gives: frozenset[str] = says.gives.get(action, frozenset())
        kept = {key: kinds for key, kinds in before.types.items() if key not in gives}
        return Facts(
            before.present | says.required | gives,
            before.written | gives,
            either(kept, says.may.get(action, {})),
            before.opaque or says.opaque,
        )

    def _inputs(self, name: str, facts: Facts) -> None:
        says = self.says[name]
        for key in sorted(says.required - facts.present):
            writers = [other for other in self._writers(key) if other != name]
            if self.inputs is None or (facts.opaque and not writers):
                self.unproven.append((name, key))
            elif writers:
                self.wiring.fault(
                    f"the input {key!r} of {name!r} is not written on the path {self._way_without(key, name)}",
                    f"let a node on that path write it as {writers[0]!r} does, give it a default, or put it into the graph's inputs=",
                    name,
                )
            else:
                self.wiring.fault(
                    f"nobody writes the input {key!r} of {name!r}",
                    f"write it in a node before {name!r}, give it a default, or put it into the graph's inputs=",
                    name,
                )
        self._read(facts, says.reads, says.required, f"{name!r} reads", name)

    def _read(self, facts: Facts, reads: Kinds, needed: Iterable[str], who: str, *place: str) -> None:
        """Holds what is read against what may arrive, and against nothing but the parent where there is no inputs=."""
        for key, kinds in reads.items():
            outside = key not in facts.written
            arriving = (
                *facts.types.get(key, ()),
                *([self.given[key]] if outside and key in self.given else []),
            )
            for kind, other in ((kind, other) for kind in kinds for other in arriving):
                if not can_fit(other, kind):
                    source = listing(self._writers(key)) if other in facts.types.get(key, ()) else "inputs="
                    self.wiring.fault(
                        f"{who} {key!r} as {type_name(kind)}, and what arrives is {type_name(other)}",
                        f"make the two types agree; it comes from {source}",
                        *place,
                    )
            if outside and self.inputs is None:
                self.reads = either(self.reads, {key: kinds})
        if self.inputs is None and not facts.opaque:
            self.needs |= set(needed) - facts.present

    def _writers(self, key: str) -> list[str]:
        return [name for name, says in self.says.items() if any(key in may for may in says.may.values())]

    def _way_without(self, key: str, goal: str) -> str:
        start = self.wiring.start or goal
        ways = deque([(start, start)])
        seen = {start}
        while ways:
            name, way = ways.popleft()
            if name == goal:
                return way
            says = self.says[name]
            for action, target in self.wiring.successors(name):
                if (
                    target in seen
                    or target == ENDS
                    or key in says.gives.get(action, ())
                    or key in says.required
                ):
                    continue
                seen.add(target)
                arrow = " → " if action == DEFAULT else f" -{action}→ "
                ways.append((target, f"{way}{arrow}{target}"))
        return f"{start} … {goal}"

    def _ends(self, facts: Mapping[str, Facts]) -> dict[str, Facts]:
        ends: dict[str, Facts] = {}
        for name, before in facts.items():
            for action, target in self.wiring.successors(name):
                if target == ENDS:
                    after = self._after(name, action, before)
                    ends[action] = _merged(ends[action], after) if action in ends else after
        kinds, needed = _kinds(fields(self.outputs)), required(self.outputs)
        for action, end in ends.items():
            for key in sorted(needed - end.present):
                if self.inputs is None or end.opaque:
                    self.unproven.append((ENDS, key))
                else:
                    self.wiring.fault(
                        f"outputs= needs {key!r}, which is not written on every path to END by {action!r}",
                        "write it, or give it a default",
                    )
            self._read(end, kinds, needed, "outputs= says")
        return ends

    def _says(self, ends: Mapping[str, Facts]) -> Declared:
        """What the graph says of itself where it stands in another one."""
        kept = _kinds(fields(self.outputs))
        if self.outputs is None:
            gives = {action: end.written for action, end in ends.items()}
            may = {action: end.types for action, end in ends.items()}
        else:
            sure = required(self.outputs)
            gives = {action: (end.present | sure) & kept.keys() for action, end in ends.items()}
            may = {
                action: {
                    k: kinds for k, kinds in kept.items() if end.opaque or k in end.types or k in self.given
                }
                for action, end in ends.items()
            }
        opaque = self.outputs is None and any(end.opaque for end in ends.values())
        inside = tuple(item for item in self.unproven if item[1] not in self.needs)
        return Declared(
            tuple(ends) or (DEFAULT,), self.reads, frozenset(self.needs), gives, may, opaque, inside
        )


def _merged(known: Facts, more: Facts) -> Facts:
    """What holds whichever of two edges was taken."""
    return Facts(
        known.present & more.present,
        known.written & more.written,
        either(known.types, more.types),
        known.opaque or more.opaque,
    )
