"""Parallel: several branches at once, joined when all are done."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from .check import Declared, declared, either, within
from .errors import Fault, GraphError, RunError, listing
from .graph import Graph
from .node import Node
from .overlay import isolated, written
from .path import DEFAULT
from .plan import Plan, segment
from .run import Run
from .runner import branch
from .store import SessionStore
from .together import State, all_of, as_graph
from .waiting import Waits, together


class Collision(RunError):
    """Two branches of a Parallel wrote the same key."""

    def __init__(self, node: str, key: str, first: str, second: str) -> None:
        super().__init__(
            f"node {node!r}: the branches {first!r} and {second!r} both wrote {key!r}; "
            f"let each write a key of its own, and join them in a node after it"
        )


class Parallel(Node):
    """Runs nodes or graphs at the same time: each sees the state as it was, and what each wrote is put together.

    Its action is `default`. The first failure cancels the other branches, and is raised when they have ended.
    """

    def __init__(self, *branches: Node, name: str | None = None) -> None:
        super().__init__(name=name or "parallel")
        for one in branches:
            if not isinstance(one, Node):
                mend = "give it nodes or graphs: instances, not classes or names"
                raise GraphError(self.name, [Fault(f"{one!r} cannot be a branch of {self.name!r}", mend)])
        self.parameters = {}
        self.given = branches
        self.branches = tuple(as_graph(branch) for branch in branches)
        self.faults = tuple(self._check())

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The branches by name."""
        return {branch.name: branch for branch in self.branches}

    def _check(self) -> list[Fault]:
        faults = []
        if len(self.nodes) < max(2, len(self.branches)):
            mend = "give it two or more nodes with names of their own"
            faults.append(
                Fault(f"{self.name!r} has the branches {listing(b.name for b in self.branches)}", mend)
            )
        owners: dict[str, str] = {}
        for one in self.branches:
            says = declared(one)
            for action in says.actions:
                if action != DEFAULT:
                    mend = "end every branch by default; route after the join"
                    faults.append(Fault(f"the branch {one.name!r} of {self.name!r} ends in {action!r}", mend))
            for key in sorted(either(*says.may.values())):
                other = owners.setdefault(key, one.name)
                if other != one.name:
                    mend = "let each write a key of its own, and join them in a node after it"
                    faults.append(
                        Fault(f"the branches {other!r} and {one.name!r} both may write {key!r}", mend)
                    )
        return faults

    def declared(self) -> Declared:
        """What its branches read and write together."""
        says = [declared(branch) for branch in self.branches]
        return Declared(
            (DEFAULT,),
            either(*(one.reads for one in says)),
            frozenset().union(*(one.required for one in says)),
            {DEFAULT: frozenset().union(*(one.gives.get(DEFAULT, ()) for one in says))},
            {DEFAULT: either(*(one.may.get(DEFAULT, {}) for one in says))},
            any(one.opaque for one in says),
            tuple(
                item for one, its in zip(self.branches, says, strict=True) for item in within(one.name, its)
            ),
        )

    def plan(self, services: Mapping[str, Any], store: SessionStore | None) -> _ParallelPlan:
        """The branches made ready inside a graph."""
        return _ParallelPlan(self, [(branch, branch.plan(services, store)) for branch in self.branches])


class _ParallelPlan:
    def __init__(self, node: Parallel, branches: list[tuple[Graph, Plan]]) -> None:
        self.node = node
        self.branches = branches

    async def take(self, state: State, run: Run, path: str) -> tuple[State, str]:
        starts = [isolated(state) for _ in self.branches]
        ways = [
            branch(plan, dict(start), run, f"{path}/{segment(graph.name)}", f"branch {graph.name!r}")
            for (graph, plan), start in zip(self.branches, starts, strict=True)
        ]
        after, owners = dict(state), dict[str, str]()
        ends = await all_of([_held(way) for way in ways])
        if held := [end for end in ends if isinstance(end, Waits)]:
            raise together(held, state)
        for (graph, _), start, (final, _) in zip(self.branches, starts, ends, strict=True):
            for key, value in written(state, start, final).items():
                if (other := owners.setdefault(key, graph.name)) != graph.name:
                    raise Collision(self.node.name, key, other, graph.name)
                after[key] = value
            for key in start.keys() - final.keys():
                if (other := owners.setdefault(key, graph.name)) != graph.name:
                    raise Collision(self.node.name, key, other, graph.name)
                after.pop(key, None)
        return after, DEFAULT


async def _held(way: Coroutine[Any, Any, tuple[State, str]]) -> tuple[State, str] | Waits:
    """A branch that waits for a person lets the others go on."""
    try:
        return await way
    except Waits as held:
        return held
