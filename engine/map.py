"""Map: the same node or graph for each item of a list, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from types import GenericAlias
from typing import Any, Literal

from .check import Declared, declared, either, within
from .errors import Fault, GraphError, ValidationError
from .fits import ListOf
from .graph import Graph
from .node import Node
from .overlay import isolated, written
from .path import DEFAULT
from .plan import Plan
from .run import Run
from .runner import BREATH, branch
from .store import SessionStore
from .together import State, all_of, as_graph
from .waiting import Waits, together


@dataclass(frozen=True, slots=True)
class ItemError:
    """Stands in a Map's results for an item that failed."""

    index: int
    kind: str
    message: str


class Map(Node):
    """Runs `each` for every item of the list `over`, at most `limit` at a time; the results stand in `into`, in order.

    An item's run sees the parent's state and its own item under `item`. Its entry is the Outputs of the node,
    the `outputs=` of the graph, or else a dict of what it wrote. On the first failure the other items are
    cancelled and awaited; with `errors="collect"` the entry is an ItemError and the others go on.
    """

    def __init__(
        self,
        each: Node,
        *,
        over: str,
        into: str,
        item: str = "item",
        limit: int = 10,
        errors: Literal["raise", "collect"] = "raise",
        name: str | None = None,
    ) -> None:
        if not isinstance(each, Node):
            mend = "give it a node or a graph: an instance, not a class or a name"
            raise GraphError(name or "map", [Fault(f"{each!r} cannot be run for each item", mend)])
        super().__init__(name=name or f"map_{each.name}")
        self.parameters = {}
        self.given = each
        self.each = as_graph(each)
        self.over, self.item, self.into, self.limit, self.errors = over, item, into, limit, errors
        self.entry: Any = (
            getattr(each, "outputs", None) if isinstance(each, Graph) else getattr(each, "Outputs", None)
        )
        self.faults = tuple(self._check())

    @property
    def nodes(self) -> Mapping[str, Node]:
        """What is run for each item, by name."""
        return {self.each.name: self.each}

    def _check(self) -> Iterator[Fault]:
        for role in ("over", "into", "item"):
            if not isinstance(key := getattr(self, role), str) or not key:
                yield Fault(
                    f"{self.name!r} has {role}={key!r}", "a key of the state: a text that is not empty"
                )
        if type(self.limit) is not int or self.limit < 1:
            yield Fault(f"{self.name!r} has the limit {self.limit!r}", "how many at a time: 1 or more")
        if self.errors not in ("raise", "collect"):
            yield Fault(f"{self.name!r} has errors={self.errors!r}", 'errors is "raise" or "collect"')

    def declared(self) -> Declared:
        """It reads the list and what each item's run needs beside its item, and writes the results."""
        says = declared(self.each)
        reads = {key: kinds for key, kinds in says.reads.items() if key != self.item}
        lists = tuple(ListOf(kind) for kind in says.reads.get(self.item, (Any,)))
        entry: Any = dict[str, Any] if self.entry is None else self.entry
        results = GenericAlias(list, (entry | ItemError if self.errors == "collect" else entry,))
        return Declared(
            (DEFAULT,),
            either(reads, {self.over: lists}),
            (says.required - {self.item}) | {self.over},
            {DEFAULT: frozenset({self.into})},
            {DEFAULT: {self.into: (results,)}},
            False,
            tuple(within(self.each.name, says)),
        )

    def plan(self, services: Mapping[str, Any], store: SessionStore | None) -> _MapPlan:
        """What is run for each item, made ready inside a graph."""
        return _MapPlan(self, self.each.plan(services, store))


class _MapPlan:
    def __init__(self, node: Map, each: Plan) -> None:
        self.node = node
        self.each = each

    async def take(self, state: State, run: Run, path: str) -> tuple[State, str]:
        node = self.node
        items = state.get(node.over)
        if not isinstance(items, (list, tuple)):
            raise ValidationError(
                f"node {node.name!r}: {node.over!r} must be a list, found a {type(items).__name__}",
                [node.over],
            )
        results: list[Any] = [None] * len(items)
        # A tuple need not be copied for each item, however long it is.
        shared: State = {**state, node.over: tuple(items)}
        waiting, held = iter(enumerate(items)), list[Waits]()

        async def worker() -> None:
            breath = monotonic()
            for index, item in waiting:
                try:
                    results[index] = await self._one(shared, index, item, run, path)
                except Waits as one:
                    held.append(one)
                if monotonic() - breath > BREATH:  # items that never wait let others run, too
                    await asyncio.sleep(0)
                    breath = monotonic()

        await all_of([worker() for _ in range(min(node.limit, len(items)))] or [asyncio.sleep(0)])
        if held:
            raise together(held, state)
        return {**state, node.into: results}, DEFAULT

    async def _one(self, shared: State, index: int, item: Any, run: Run, path: str) -> Any:
        node, start = self.node, isolated(shared)
        start[node.item] = item
        try:
            final, _ = await branch(self.each, dict(start), run, f"{path}/{index}", f"item {index}")
        except Exception as error:
            if node.errors == "raise":
                raise
            return ItemError(index, type(error).__name__, str(error))
        if node.entry is None:
            return written(shared | {node.item: item}, start, final)
        kept = {key: final[key] for key in node.entry.model_fields if key in final}
        return node.entry.model_validate(kept, by_name=True)
