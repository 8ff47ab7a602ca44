"""From the tree of a YAML file to a graph, noting every fault with its place."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final

from .arguments import OF_THE_NODE, Arguments
from .errors import Fault, GraphError, listing
from .graph import Graph
from .map import Map
from .meant import meant
from .node import Node
from .parallel import Parallel
from .path import DEFAULT, END, Path
from .registry import Registry
from .retry import Retry
from .tree import Entries, Items, Text, Tree, clipped, json_value
from .wiring import ENDS, Place, Wiring

MAX_FAULTS: Final = 50
MAX_NODES: Final = 500

TOP: Final = ("graph", "inputs", "outputs", "max_steps", "deadline", "start", "nodes", "edges")
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "node": ("node", "with", "retry", "timeout"),
    "graph": ("graph",),
    "parallel": ("parallel",),
    "map": ("map", "over", "into", "item", "limit", "errors"),
}

# The factories of the graphs that are being made, so that one that needs itself is found.
_making: ContextVar[tuple[tuple[str, Any], ...]] = ContextVar("_making", default=())


class Loader:
    """Reads one graph out of a tree, noting every fault and going on with what was most likely meant."""

    def __init__(self, tree: Tree, registry: Registry, source: str, outer: Loader | None = None) -> None:
        self.registry = registry
        self.source = source
        self.name = source
        self.faults: list[Fault] = []
        self.places: dict[tuple[str, ...], Place] = {(): tree.place}
        self.top = tree if isinstance(tree, Entries) else Entries(tree.place)
        if self.top is not tree:
            self.fault("a graph is a mapping", "begin with graph: NAME", tree.place)
        self.count: Iterator[int] = outer.count if outer else itertools.count(1)
        self.graphs: dict[str, Graph] = outer.graphs if outer else {}
        self.arguments: dict[type, Arguments] = outer.arguments if outer else {}

    def fault(self, message: str, mend: str, place: Place) -> None:
        """Notes a fault; too many are as good as all."""
        self.note([Fault(message, mend, *place)])

    def note(self, faults: Collection[Fault]) -> None:
        """Notes faults that know their place."""
        self.faults += [
            Fault(clipped(f.message, 400), clipped(f.mend, 400), f.line, f.column) for f in faults
        ]
        if len(self.faults) > MAX_FAULTS:
            raise _enough(self.name, self.faults)

    def graph(self, name: str | None = None) -> Graph:
        """The graph, called `name` if it stands inside another; GraphError lists every fault by its place."""
        self._known(self.top, TOP)
        own = self._name(self.top, "graph")
        self.name = name if name is not None else own or self.source
        if name is None and "graph" not in self.top.values and self.top.values:
            self.fault("the graph has no name", "graph: NAME", self.top.place)
        nodes = self._nodes()
        if nodes and "outputs" in self.top.keys:
            self.places[()] = self.top.keys["outputs"]  # the one thing that is wrong of no node
        start = self._name(self.top, "start")
        if start is not None and start not in nodes:
            message = f"start: no node is named {clipped(start)!r}"
            self.fault(message, meant(start, nodes)[1], self._at(self.top, "start"))
        # A graph's start is its first path's first node, so that one goes first.
        first = [start] if start in nodes else []
        paths = [Path((nodes[name],)) for name in dict.fromkeys([*first, *nodes])]
        paths += self._edges(nodes)
        inputs, outputs = self._model("inputs"), self._model("outputs")
        max_steps = self._number(self.top, "max_steps", int) or 10_000
        deadline = self._number(self.top, "deadline", float)
        wiring = _Placed(self.name, paths, self.places)
        wiring.faults += self.faults
        try:
            return Graph.from_wiring(
                wiring, inputs=inputs, outputs=outputs, max_steps=max_steps, deadline=deadline
            )
        except GraphError as error:
            if isinstance(error, _Enough):
                raise
            raise GraphError(clipped(error.graph), _sorted(error.faults)) from None

    # --- what stands under a key

    def _at(self, entries: Entries, key: str) -> Place:
        return entries.values[key].place

    def _known(self, entries: Entries, names: Collection[str]) -> None:
        for key, place in entries.keys.items():
            if key not in names:
                self.fault(f"the key {clipped(key)!r} is not known here", meant(key, names)[1], place)

    def _name(self, entries: Entries, key: str) -> str | None:
        """The text under a key; a name is what was written, whatever it looks like."""
        value = entries.values.get(key)
        if value is None:
            return None
        if isinstance(value, Text) and (value.value or not value.plain):
            return value.value
        self.fault(f"{key}: must be a text", f"{key}: name", value.place)
        return None

    def _number(self, entries: Entries, key: str, kind: type[Any]) -> Any:
        if key not in entries.values:
            return None
        number: Any = json_value(entries.values[key])
        if isinstance(number, bool) or not isinstance(number, (int, kind)) or not number > 0:
            what = "a whole number" if kind is int else "a number"
            message = f"{key}: must be {what} above 0, not {clipped(repr(number))}"
            self.fault(message, f"{key}: 10", self._at(entries, key))
            return None
        return number

    def _mapping(self, entries: Entries, key: str) -> Entries:
        value = entries.values.get(key)
        if isinstance(value, Entries):
            return value
        if value is not None:
            self.fault(f"{key}: must be a mapping", f"{key}: {{name: value}}", value.place)
        return Entries(entries.place)

    def _model(self, role: str) -> Any:
        name = self._name(self.top, role)
        if name is None:
            return None
        found = self.registry.types.get(name)
        if found is None:
            mend = meant(name, self.registry.types)[1] + " (types are registered with registry.type)"
            self.fault(f"{role}: no type is named {clipped(name)!r}", mend, self._at(self.top, role))
        return found

    # --- nodes

    def _nodes(self) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        listed = self._mapping(self.top, "nodes")
        for name, entry in listed.values.items():
            self.places[name,] = listed.keys[name]
            nodes[name] = self._named(name, entry)
        return nodes

    def _named(self, name: str, entry: Tree) -> Node:
        if next(self.count) > MAX_NODES:
            mend = "split it: register a part with registry.graph, and name it by graph:"
            self.faults.append(Fault(f"it has more than {MAX_NODES} nodes", mend, *entry.place))
            raise _enough(self.name, self.faults)
        try:
            made = self._node(name, entry)
        except _Enough:
            raise
        except GraphError as error:  # of a graph inside, which has places, or of a branch, which has none
            self.note([f if f.line else Fault(f.message, f.mend, *entry.place) for f in error.faults])
            made = self._unknown(name)
        made.name = name
        return made

    def _node(self, name: str, entry: Tree) -> Node:
        if isinstance(entry, Text) and (entry.value or not entry.plain):
            return self._make(entry, Entries(entry.place), name)
        if not isinstance(entry, Entries):
            what = "a list" if isinstance(entry, Items) else "empty"
            self.fault(f"the node {clipped(name)!r} is {what}", f"{clipped(name)}: NodeClass", entry.place)
            return self._unknown(name)
        kinds = [kind for kind in KINDS if kind in entry.values]
        if len(kinds) == 1:
            self._known(entry, KINDS[kinds[0]])
            return self._of_kind(kinds[0], name, entry)
        if kinds:
            message = f"the node {clipped(name)!r} says {listing(kinds)}"
            self.fault(message, "a node is one of them", entry.keys[kinds[1]])
        else:
            self._known(entry, tuple(key for keys in KINDS.values() for key in keys))
            message = f"the node {clipped(name)!r} does not say its class"
            self.fault(message, "node: NodeClass", entry.place)
        return self._unknown(name)

    def _of_kind(self, kind: str, name: str, entry: Entries) -> Node:
        if kind == "graph":
            return self._graph(entry.values["graph"], name)
        if kind == "parallel":
            return Parallel(*self._children(entry, "parallel"), name=name)
        if kind == "map":
            return self._map(entry, name)
        cls = entry.values["node"]
        if not isinstance(cls, Text):
            self.fault("node: must be the name of a class", "node: NodeClass", cls.place)
            return self._unknown(name)
        made = self._make(cls, self._mapping(entry, "with"), name)
        if "retry" in entry.values:
            made.retry = self._retry(entry.values["retry"])
        if (timeout := entry.values.get("timeout")) is not None:
            off = isinstance(timeout, Text) and json_value(timeout) is None
            made.timeout = None if off else self._number(entry, "timeout", float)
        return made

    def _make(self, kind: Text, given: Entries, name: str) -> Node:
        known = self.registry.nodes
        cls = known.get(kind.value)
        if cls is None:
            close, mend = meant(kind.value, known)
            if close is None:
                mend = f"register a node of your own, or say where yours are (--app MODULE); {mend}"
            self.fault(f"no node class is named {clipped(kind.value)!r}", mend, kind.place)
            if close is None:
                return self._unknown(name)
            cls = known[close]
        bound = self._bound(cls, given, kind.place, OF_THE_NODE)
        if bound is None:
            return self._unknown(name)
        try:
            return cls(*bound.args[1:], **bound.kwargs)
        except Exception as error:  # whatever a constructor makes of what a file gives it
            message = f"{cls.__name__} does not take what stands under with: {type(error).__name__}: {error}"
            self.fault(message, f"see the parameters of {cls.__name__}.__init__", kind.place)
            return self._unknown(name)

    def _bound(self, cls: type, given: Entries, place: Place, reserved: dict[str, str]) -> Any:
        takes = self.arguments.get(cls) or self.arguments.setdefault(cls, Arguments(cls))
        bound, faults = takes.bind(given, place, reserved)
        self.note(faults)
        return None if faults else bound

    def _retry(self, tree: Tree) -> Retry | None:
        if isinstance(tree, Text):
            if json_value(tree) is None:
                return None
            tree = Entries(tree.place, {"attempts": tree}, {"attempts": tree.place})
        if isinstance(tree, Items):
            self.fault("retry: must be a number or a mapping", "retry: {attempts: 3, wait: 1}", tree.place)
            return None
        bound = self._bound(Retry, tree, tree.place, {})
        if bound is None:
            return None
        try:
            if any(number != number for number in bound.kwargs.values()):
                raise ValueError(".nan is not a number of seconds")
            return Retry(**bound.kwargs)
        except ValueError as error:
            self.fault(f"retry: {error}", "retry: {attempts: 3, wait: 1}", tree.place)
            return None

    def _children(self, entry: Entries, key: str) -> list[Node]:
        return [self._named(name, child) for name, child in self._mapping(entry, key).values.items()]

    def _map(self, entry: Entries, name: str) -> Node:
        children = self._children(entry, "map")
        if len(children) != 1:
            message = f"map: {clipped(name)!r} has {len(children)} nodes"
            self.fault(message, "map: {name: NodeClass}", entry.place)
        keys = {key: self._name(entry, key) for key in ("over", "into", "item", "errors")}
        for key in ("over", "into"):
            if key not in entry.values:
                message = f"map: {clipped(name)!r} does not say {key}:"
                self.fault(message, f"{key}: the key of a list", entry.place)
        if keys["errors"] not in (None, "raise", "collect"):
            self.fault("errors: is raise or collect", "errors: collect", self._at(entry, "errors"))
            del keys["errors"]
        options: dict[str, Any] = {key: text for key, text in keys.items() if text is not None}
        if limit := self._number(entry, "limit", int):
            options["limit"] = limit
        if len(children) != 1 or not options.keys() >= {"over", "into"}:
            return self._unknown(name)
        return Map(children[0], name=name, **options)

    def _graph(self, tree: Tree, name: str) -> Node:
        if not isinstance(tree, Text):
            return Loader(tree, self.registry, self.source, self).graph(name)
        # A copy, so that a name given here is not given to what the registry holds.
        found = self.graphs.get(tree.value) or self._registered(tree)
        return self._unknown(name) if found is None else found.bind()

    def _registered(self, tree: Text) -> Graph | None:
        factory = self.registry.graphs.get(tree.value)
        if factory is None:
            message = f"no graph is named {clipped(tree.value)!r}"
            self.fault(message, meant(tree.value, self.registry.graphs)[1], tree.place)
            return None
        making = (*_making.get(), (tree.value, factory))
        if any(other is factory for _, other in making[:-1]):
            way = " → ".join(name for name, _ in making)
            self.fault(f"the graph {tree.value!r} holds itself: {way}", "take one of them out", tree.place)
            return None
        before = _making.set(making)
        try:
            return self.graphs.setdefault(tree.value, factory())
        except GraphError as error:
            for fault in error.faults:
                self.fault(f"in the graph {tree.value!r}: {fault.message}", fault.mend, tree.place)
            return None
        finally:
            _making.reset(before)

    def _unknown(self, name: str) -> Node:
        """Stands for a node that could not be made, so that the rest can still be checked."""
        edges = self.top.values.get("edges")
        leads = edges.values.get(name) if isinstance(edges, Entries) else None
        actions = tuple(filter(None, leads.values)) if isinstance(leads, Entries) else ()
        body = {"actions": actions or (DEFAULT,), "post": lambda self, state: None}
        made: Node = type("Unknown", (Node,), body)()
        return made

    # --- edges

    def _edges(self, nodes: Mapping[str, Node]) -> list[Path]:
        paths: list[Path] = []
        listed = self._mapping(self.top, "edges")
        for source, leads in listed.values.items():
            place = listed.keys[source]
            known: str | None = source
            if source not in nodes:
                known, mend = meant(source, nodes)
                self.fault(f"edges: no node is named {clipped(source)!r}", mend, place)
                if known in listed.values:  # which has edges of its own
                    known = None
            if isinstance(leads, Items):
                message = f"the edges of {clipped(source)!r} are a list"
                self.fault(message, f"{clipped(source)}: {{action: node}}", leads.place)
                continue
            actions = leads.values.items() if isinstance(leads, Entries) else [(DEFAULT, leads)]
            for action, target in actions:
                at = leads.keys[action] if isinstance(leads, Entries) else place
                end = self._target(source, action, target, nodes)
                if known is not None:
                    self.places[known, action] = at
                    paths.append(Path((nodes[known], END if end == ENDS else end), (action,)))
        return paths

    def _target(self, source: str, action: str, target: Tree, nodes: Mapping[str, Node]) -> str:
        if not isinstance(target, Text) or (target.plain and not target.value):
            message = f"the action {clipped(action)!r} of {clipped(source)!r} leads to no name"
            self.fault(message, f"{clipped(action)}: END", target.place)
            return ENDS
        if target.value in nodes or target.value == ENDS:
            return target.value
        close, mend = meant(target.value, [*nodes, ENDS])
        self.fault(f"no node is named {clipped(target.value)!r}", mend, target.place)
        return close or ENDS


class _Placed(Wiring):
    """A wiring that does not go on noting faults for ever."""

    def fault(self, message: str, mend: str, *place: str) -> None:
        super().fault(clipped(message, 400), clipped(mend, 400), *place)
        if len(self.faults) > MAX_FAULTS:
            raise _enough(self.name, self.faults)


class _Enough(GraphError):
    """So many faults that no more are looked for."""


def _sorted(faults: Collection[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.line or 0, fault.column or 0))


def _enough(name: str, faults: Collection[Fault]) -> GraphError:
    more = Fault("there may be more", "mend these first; then the others are told")
    return _Enough(clipped(name), [*_sorted(faults)[:MAX_FAULTS], more])
