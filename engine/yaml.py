"""Graphs as YAML: `load` reads one by the names of a registry, `dump` writes one; the round trip loses nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

from .errors import Fault, GraphError
from .graph import Graph
from .loader import MAX_NODES, Loader
from .map import Map
from .node import Node
from .parallel import Parallel
from .registry import Registry
from .tree import Text, json_value, read_file, read_tree

# Line breaks that a text in single quotes would lose.
_BREAKS = re.compile("[\x85\u2028\u2029]")


def load(source: str | os.PathLike[str], registry: Registry) -> Graph:
    """The graph that a YAML text, or a file given as a Path, describes; GraphError lists every fault with its place."""
    name = "YAML" if isinstance(source, str) else str(source)
    text = source if isinstance(source, str) else read_file(File(source))
    return registry.equip(Loader(read_tree(text, name), registry, name).graph())


def dump(graph: Graph) -> str:
    """The graph as YAML; `load` with the same registry gives an equal one. GraphError where YAML cannot say it."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        # What our reading of a plain scalar would make a number or a word must stand in quotes.
        quotes = json_value(Text(value, True, (1, 1))) != value or _BREAKS.search(value)
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if quotes else None)

    Dumper.add_representer(str, text)
    _sayable(graph)
    try:
        written = yaml.dump(
            _document(graph.shape()), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110
        )
    except RecursionError:
        fault = Fault("it is nested too deep to be written", "make its parameters and graphs flatter")
        raise GraphError(graph.name, [fault]) from None
    except ValueError as error:  # a whole number of more digits than Python writes
        fault = Fault(f"a parameter cannot be written: {error}", "give it as a text")
        raise GraphError(graph.name, [fault]) from None
    read_tree(written, graph.name)  # what could not be read again is not written
    return written


def _sayable(graph: Graph) -> None:
    """GraphError where two classes or types go by one name, so that it would not say which, or there are too many."""
    faults: list[Fault] = []
    known: dict[tuple[str, str], Any] = {}
    classes: tuple[Any, ...]
    nodes = list(_all(graph))
    for node in nodes:
        what, classes = "node class", (type(node),)
        if isinstance(node, Graph):
            what, classes = "type", (node.inputs, node.outputs)
        for cls in classes:
            if cls is not None and known.setdefault((what, cls.__name__), cls) is not cls:
                mend = "give one of them another name: YAML knows them by it"
                faults.append(Fault(f"a second {what} is named {cls.__name__!r}", mend))
    if len(nodes) - 1 > MAX_NODES:
        mend = "register a part of it with registry.graph, and let a file name that by graph:"
        faults.append(Fault(f"it has {len(nodes) - 1} nodes, and a file holds at most {MAX_NODES}", mend))
    if faults:
        raise GraphError(graph.name, faults)


def _all(graph: Graph) -> Iterator[Node]:
    """The graph and every node in it, at any depth."""
    todo: list[Node] = [graph]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Graph):
            todo += node.nodes.values()
        elif isinstance(node, Parallel):
            todo += node.given
        elif isinstance(node, Map):
            todo.append(node.given)


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
