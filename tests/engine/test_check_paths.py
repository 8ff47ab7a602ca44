"""The verdict on missing inputs, held against every path there is: over generated graphs, by trying them all, and by runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import create_model

from turngraph.engine import END, Graph, GraphError, Map, Node, Parallel, StepLimit, ValidationError

KEYS = "abc"
VALUE = ((), ())  # a list of lists, so that any key may be mapped over
Keys = frozenset[str]
# How things stand: the keys that are there, and those of them that were written here.
State = tuple[Keys, Keys]


class Missing(Exception):
    """On some path an input is not there."""


class Refused(Exception):
    """A graph could not be built; whether rightly so has been looked at."""


@dataclass(frozen=True)
class Fields:
    must: Keys
    may: Keys

    @property
    def all(self) -> Keys:
        return self.must | self.may

    def model(self) -> Any:
        fields: dict[str, Any] = {key: (Any, ...) for key in sorted(self.must)}
        return create_model("Model", **fields, **{key: (Any, VALUE) for key in sorted(self.may - self.must)})


@dataclass(frozen=True)
class Leaf:
    reads: Fields
    gives: Keys
    goes: tuple[str, ...]
    pauses: Keys

    @property
    def actions(self) -> tuple[str, ...]:
        return (*self.goes, *sorted(self.pauses))

    def walk(self, keys: Keys) -> set[tuple[str, Keys]]:
        """Each action with what is written on its edge."""
        if not self.reads.must <= keys:
            raise Missing
        return {(action, self.gives | ({action} & self.pauses)) for action in self.actions}

    def build(self, name: str, dice: Random) -> Node:
        outputs = Fields(self.gives, frozenset()).model()

        async def run(node: Any, inputs: Any) -> Any:
            return outputs(**dict.fromkeys(self.gives, VALUE))

        def post(node: Any, state: Any) -> Any:
            return dice.choice(self.goes)

        body = {
            "Inputs": self.reads.model(),
            "Outputs": outputs,
            "exec": run,
            "post": post,
            "actions": self.goes,
        }
        return type("Leaf", (Node,), {**body, "pauses": dict.fromkeys(self.pauses, Any), "name": name})()


@dataclass(frozen=True)
class Sub:
    nodes: tuple[Any, ...]
    # By node and action, the number of the node that follows; -1 is END.
    leads: tuple[dict[str, int], ...]
    inputs: Fields | None
    outputs: Fields | None

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(sorted({a for leads in self.leads for a, target in leads.items() if target < 0}))

    def walk(self, keys: Keys) -> set[tuple[str, Keys]]:
        if self.inputs is not None:
            if not self.inputs.must <= keys:
                raise Missing
            keys = self.inputs.all
        ends: set[tuple[str, Keys]] = set()
        todo: list[tuple[int, State]] = [(0, (keys, frozenset()))]
        seen = set(todo)
        while todo:
            number, (there, here) = todo.pop()
            for action, writes in self.nodes[number].walk(there):
                after = (there | writes, here | writes)
                target = self.leads[number][action]
                if target < 0:
                    ends.add((action, self._given(*after)))
                elif (target, after) not in seen:
                    seen.add((target, after))
                    todo.append((target, after))
        return ends

    def _given(self, there: Keys, here: Keys) -> Keys:
        if self.outputs is None:
            return here
        if not self.outputs.must <= there:
            raise Missing
        return self.outputs.all & there

    def build(self, name: str, dice: Random) -> Graph:
        nodes = [node.build(f"{name}{number}", dice) for number, node in enumerate(self.nodes)]
        paths = [
            node - action >> (END if target < 0 else nodes[target])
            for node, leads in zip(nodes, self.leads, strict=True)
            for action, target in leads.items()
        ]
        models = {
            role: fields.model()
            for role, fields in (("inputs", self.inputs), ("outputs", self.outputs))
            if fields is not None
        }
        try:
            graph = Graph(name, *paths, max_steps=20, **models)
        except GraphError as error:
            told = [f.message for f in error.faults]
            missing = [m for m in told if "not written" in m or "nobody writes" in m]
            assert len(missing) == len(told) or any("arrives" in m or "both may write" in m for m in told)
            assert not missing or self.misses(), f"refused without a path: {error}"
            raise Refused from None
        if self.inputs is not None:
            assert not self.misses(), "passed, and there is a path"
            assert graph.unproven == []
        return graph

    def misses(self) -> bool:
        try:
            self.walk(frozenset() if self.inputs is None else self.inputs.all)
        except Missing:
            return True
        return False


@dataclass(frozen=True)
class Both:
    branches: tuple[Any, ...]
    actions = ("default",)

    def walk(self, keys: Keys) -> set[tuple[str, Keys]]:
        ways = [{written for _, written in branch.walk(keys)} for branch in self.branches]
        return {("default", frozenset().union(*each)) for each in product(*ways)}

    def build(self, name: str, dice: Random) -> Node:
        return Parallel(*(b.build(f"{name}{n}", dice) for n, b in enumerate(self.branches)), name=name)


@dataclass(frozen=True)
class Each:
    one: Any
    over: str
    into: str
    actions = ("default",)

    def walk(self, keys: Keys) -> set[tuple[str, Keys]]:
        if self.over not in keys:
            raise Missing
        self.one.walk(keys | {"i"})
        return {("default", frozenset({self.into}))}

    def build(self, name: str, dice: Random) -> Node:
        return Map(self.one.build(f"{name}i", dice), over=self.over, into=self.into, item="i", name=name)


some = st.frozensets(st.sampled_from([*KEYS, "i"]), max_size=2)
few = st.frozensets(st.sampled_from(KEYS), max_size=1)
fields = st.builds(Fields, few, some)
waits = st.just(frozenset()) | st.just(frozenset()) | few
ONE = st.just(("default",))
leaves = st.builds(
    Leaf, fields, some, st.sampled_from([("default",), ("default", "x"), ("default", "x", "y")]), waits
)
joined = st.builds(Leaf, fields, some, ONE, st.just(frozenset()))


@st.composite
def subs(draw: Any, depth: int, inputs: Any, ends: bool = True, models: bool = True) -> Sub:
    """A graph in which each node's first action leads to the next one: all are reached, and none is caught in a loop."""
    nodes = draw(st.lists(nodes_of(depth), min_size=1, max_size=3))
    leads = []
    for number, node in enumerate(nodes):
        last = number + 1 == len(nodes)
        targets = st.integers(-1 if ends else 0, len(nodes) - 1)
        leads.append({action: draw(targets) for action in node.actions})
        # With `ends` False only the action "default" of the last node may end, so that it can be joined.
        straight = "default" if not ends and last and "default" in node.actions else node.actions[0]
        assume(ends or not last or straight == "default")
        leads[-1][straight] = -1 if last else number + 1
    outputs = draw(st.none() | fields) if models else None
    return Sub(tuple(nodes), tuple(leads), draw(inputs) if models else None, outputs)


def nodes_of(depth: int) -> Any:
    if depth == 0:
        return leaves
    inner = subs(depth - 1, st.none() | fields)
    branch = joined | subs(depth - 1, st.none() | fields, ends=False)
    both = st.builds(Both, st.tuples(branch, branch))
    each = st.builds(Each, leaves | inner, st.sampled_from(KEYS), st.sampled_from(KEYS))
    return leaves | inner | both | each


def within(node: Any) -> Iterator[Any]:
    """A node and all that is inside it."""
    yield node
    for inner in (*getattr(node, "nodes", ()), *getattr(node, "branches", ()), getattr(node, "one", None)):
        if inner is not None:
            yield from within(inner)


@given(subs(2, fields), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_passes_never_misses_an_input_and_what_is_refused_has_a_path_on_which_it_does(
    sub: Sub, seed: int
):
    dice = Random(seed)
    try:
        graph = sub.build("g", dice)
    except Refused:
        return
    if any(getattr(node, "pauses", ()) for node in within(sub)):
        return

    async def runs() -> None:
        for _ in range(5):
            try:
                await graph.run(dict.fromkeys(sub.inputs.all, VALUE))
            except StepLimit:
                pass
            except ValidationError as error:
                assert "must be a list, found a dict" in str(error) or "found a Model" in str(error), error

    asyncio.run(runs())
