"""Graphs as YAML: `load` reads one by the names of a registry, `dump` writes one; the round trip loses nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any, Final

from .errors import did_you_mean, nearest
from .graph import Graph
from .map import Map
from .node import Node
from .parallel import Parallel
from .path import END, Path, Wireable
from .registry import Registry
from .retry import Retry
from .tree import Entries, Text, Tree, json_value, read_tree
from .wiring import ENDS, Place, Wiring

TOP: Final = ("graph", "inputs", "outputs", "max_steps", "deadline", "start", "nodes", "edges")
ENTRY: Final = ("node", "graph", "with", "retry", "timeout", "parallel")
MAP: Final = ("map", "over", "into", "item", "limit", "errors")


def load(source: str | os.PathLike[str], registry: Registry) -> Graph:
    """The graph that a YAML text, or a file given as a Path, describes; GraphError lists every fault with its place."""
    if isinstance(source, str):
        return registry.equip(_Loader(read_tree(source, "YAML"), registry, "YAML").graph())
    tree = read_tree(File(source).read_text(encoding="utf-8", errors="replace"), str(source))
    return registry.equip(_Loader(tree, registry, str(source)).graph())


def dump(graph: Graph) -> str:
    """The graph as YAML; `load` with the same registry gives an equal one."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        # What our reading of a plain scalar would make a number or a word must stand in quotes.
        quotes = json_value(Text(value, True, (1, 1))) != value
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if quotes else None)

    Dumper.add_representer(str, text)
    return yaml.dump(_document(graph.shape()), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def _document(shape: Mapping[str, Any]) -> dict[str, Any]:
    document = dict(shape)
    document["nodes"] = {name: _short(entry) for name, entry in shape["nodes"].items()}
    document["edges"] = {
        name: edges["default"] if list(edges) == ["default"] else edges
        for name, edges in shape["edges"].items()
    }
    return document


def _short(entry: Mapping[str, Any]) -> Any:
    if "graph" in entry:
        return {"graph": _document(entry["graph"])}
    for key in ("parallel", "map"):
        if key in entry:
            return {**entry, key: {name: _short(child) for name, child in entry[key].items()}}
    return entry["node"] if list(entry) == ["node"] else entry


class _Loader:
    """Reads one graph out of a tree, noting every fault and going on with what was most likely meant."""

    def __init__(self, tree: Tree, registry: Registry, source: str) -> None:
        self.registry = registry
        self.faults: list[tuple[str, str, Place]] = []
        self.places: dict[tuple[str, ...], Place] = {}
        self.source = source
        self.top = tree if isinstance(tree, Entries) else Entries(tree.place)
        if self.top is not tree:
            self.fault("a graph is a mapping", "begin with graph: NAME", tree.place)

    def fault(self, message: str, mend: str, place: Place) -> None:
        self.faults.append((message, mend, place))

    def graph(self) -> Graph:
        self._known(self.top, TOP)
        name = self._text(self.top, "graph") or self.source
        nodes = self._nodes()
        # A graph's start is its first path's first node, so that one goes first.
        start = self._text(self.top, "start")
        edges = self._edges(nodes)
        paths: list[Path | Wireable] = [Path((nodes[start],))] if start in nodes else []
        if start is not None and start not in nodes:
            self.fault(
                f"start: no node is named {start!r}",
                did_you_mean(start, nodes),
                self.top.values["start"].place,
            )
        paths += [Path((node,)) for node in nodes.values()]
        wiring = Wiring(name, [*paths, *edges], self.places)
        inputs, outputs = self._model("inputs"), self._model("outputs")
        max_steps = self._number("max_steps", int) or 10_000
        deadline = self._number("deadline", float)
        for message, mend, place in self.faults:
            self.places["fault",] = place
            wiring.fault(message, mend, "fault")
        return Graph.from_wiring(
            wiring, inputs=inputs, outputs=outputs, max_steps=max_steps, deadline=deadline
        )

    def _known(self, entries: Entries, names: tuple[str, ...]) -> None:
        for key, place in entries.keys.items():
            if key not in names:
                self.fault(f"the key {key!r} is not known here", did_you_mean(key, names), place)

    def _text(self, entries: Entries, key: str) -> str | None:
        value = entries.values.get(key)
        if value is None or isinstance(value, Text):
            return value.value if value is not None else None
        self.fault(f"{key}: must be a text", f"{key}: name", value.place)
        return None

    def _number(self, key: str, kind: type[Any]) -> Any:
        value = self.top.values.get(key)
        if value is None:
            return None
        number: Any = json_value(value)
        if isinstance(number, bool) or not isinstance(number, (int, kind)) or number <= 0:
            self.fault(f"{key}: must be a number above 0", f"{key}: 100", value.place)
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
        name = self._text(self.top, role)
        if name is None:
            return None
        found = self.registry.types.get(name)
        if found is None:
            mend = did_you_mean(name, self.registry.types) + " (types are registered with registry.type)"
            self.fault(f"{role}: no type is named {name!r}", mend, self.top.values[role].place)
        return found

    def _nodes(self) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        listed = self._mapping(self.top, "nodes")
        for name, entry in listed.values.items():
            self.places[name,] = listed.keys[name]
            made = self._node(name, entry)
            made.name = name
            nodes[name] = made
        return nodes

    def _node(self, name: str, entry: Tree) -> Node:
        if isinstance(entry, Text):
            return self._make(entry, {}, name)
        if not isinstance(entry, Entries):
            self.fault(f"the node {name!r} is a list", f"{name}: NodeClass", entry.place)
            return self._unknown(name)
        self._known(entry, MAP if "map" in entry.values else ENTRY)
        if "graph" in entry.values:
            return self._graph(entry.values["graph"], name)
        if "parallel" in entry.values:
            return Parallel(*self._children(entry, "parallel"), name=name)
        if "map" in entry.values:
            return self._map(entry, name)
        kind = entry.values.get("node")
        if not isinstance(kind, Text):
            self.fault(f"the node {name!r} does not say its class", "node: NodeClass", entry.place)
            return self._unknown(name)
        given = {key: json_value(value) for key, value in self._mapping(entry, "with").values.items()}
        made = self._make(kind, given, name)
        if "retry" in entry.values:
            made.retry = self._retry(entry.values["retry"])
        if "timeout" in entry.values:
            seconds = json_value(entry.values["timeout"])
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
                self.fault(
                    f"timeout: must be seconds above 0, not {seconds!r}",
                    "timeout: 30",
                    entry.values["timeout"].place,
                )
            else:
                made.timeout = seconds
        return made

    def _graph(self, tree: Tree, name: str) -> Node:
        if isinstance(tree, Text):
            found = self.registry.graphs.get(tree.value)
            if found is not None:
                return found()
            self.fault(
                f"no graph is named {tree.value!r}",
                did_you_mean(tree.value, self.registry.graphs),
                tree.place,
            )
            return self._unknown(name)
        inner = _Loader(tree, self.registry, self.source)
        return inner.graph()

    def _children(self, entry: Entries, key: str) -> list[Node]:
        made: list[Node] = []
        for name, child in self._mapping(entry, key).values.items():
            made.append(self._node(name, child))
            made[-1].name = name
        return made

    def _map(self, entry: Entries, name: str) -> Node:
        children = self._children(entry, "map")
        options = {key: json_value(value) for key, value in entry.values.items() if key in MAP[1:]}
        if len(children) != 1:
            self.fault(f"map: {name!r} has {len(children)} nodes", "map: {name: NodeClass}", entry.place)
            return self._unknown(name)
        for key in ("over", "into"):
            if not isinstance(options.get(key), str):
                self.fault(f"map: {name!r} does not say {key}:", f"{key}: the key of a list", entry.place)
                return self._unknown(name)
        return Map(children[0], name=name, **options)

    def _make(self, kind: Text, given: Mapping[str, Any], name: str) -> Node:
        known = self.registry.nodes
        cls = known.get(kind.value)
        if cls is None:
            self.fault(f"no node class is named {kind.value!r}", did_you_mean(kind.value, known), kind.place)
            meant = nearest(kind.value, known)
            if meant is None:
                return self._unknown(name)
            cls = known[meant]
        try:
            return cls(**given)
        except (TypeError, ValueError) as error:
            mend = f"see the parameters of {cls.__name__}.__init__"
            self.fault(f"{cls.__name__} does not take what stands under with: {error}", mend, kind.place)
            return self._unknown(name)

    def _retry(self, tree: Tree) -> Retry | None:
        value = json_value(tree)
        try:
            return Retry(**value) if isinstance(value, dict) else Retry(attempts=value)
        except (TypeError, ValueError) as error:
            self.fault(f"retry: {error}", "retry: {attempts: 3, wait: 1}", tree.place)
            return None

    def _unknown(self, name: str) -> Node:
        """Stands for a node that could not be made, so that the rest can still be checked."""
        edges = self._mapping(self.top, "edges").values.get(name)
        actions = tuple(edges.values) if isinstance(edges, Entries) and edges.values else ("default",)
        cls = type("Unknown", (Node,), {"actions": actions, "post": lambda self, state: None})
        made: Node = cls()
        return made

    def _edges(self, nodes: Mapping[str, Node]) -> list[Path]:
        paths: list[Path] = []
        listed = self._mapping(self.top, "edges")
        for source, leads in listed.values.items():
            if source not in nodes:
                self.fault(
                    f"edges: no node is named {source!r}", did_you_mean(source, nodes), listed.keys[source]
                )
                close = nearest(source, nodes)
                if close is None:
                    continue
                source = close
            if isinstance(leads, Text):
                paths.append(
                    self._edge(nodes[source], "default", leads, listed.keys.get(source, leads.place))
                )
            elif isinstance(leads, Entries):
                for action, target in leads.values.items():
                    if isinstance(target, Text):
                        paths.append(self._edge(nodes[source], action, target, leads.keys[action]))
                    else:
                        self.fault(
                            f"the action {action!r} of {source!r} leads to no name",
                            f"{action}: END",
                            target.place,
                        )
            else:
                self.fault(f"the edges of {source!r} are a list", f"{source}: {{action: node}}", leads.place)
        return paths

    def _edge(self, source: Node, action: str, target: Text, place: Place) -> Path:
        self.places[source.name, action] = place
        self.places["to", target.value] = target.place
        return Path((source, END if target.value == ENDS else target.value), (action,))
