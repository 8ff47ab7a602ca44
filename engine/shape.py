"""A graph as plain JSON values: what `dump` writes, and what two equal graphs have in common."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from .node import Node
from .retry import Retry

if TYPE_CHECKING:
    from .graph import Graph


def shape_of(graph: Graph) -> dict[str, Any]:
    """Nodes with their parameters, edges with their actions, bounds and models; no bound object."""
    shape: dict[str, Any] = {"graph": graph.name}
    for role in ("inputs", "outputs"):
        model = getattr(graph, role)
        if model is not None:
            shape[role] = model.__name__
    if graph.max_steps != 10_000:
        shape["max_steps"] = graph.max_steps
    if graph.deadline is not None:
        shape["deadline"] = graph.deadline
    shape["start"] = graph.start
    shape["nodes"] = {name: _entry(node) for name, node in graph.nodes.items()}
    shape["edges"] = {name: dict(edges) for name, edges in graph.edges.items() if edges}
    return shape


def _entry(node: Node) -> dict[str, Any]:
    from .graph import Graph
    from .map import Map
    from .parallel import Parallel

    if isinstance(node, Graph):
        return {"graph": shape_of(node)}
    if isinstance(node, Parallel):
        return {"parallel": {branch.name: _entry(branch) for branch in node.given}}
    if isinstance(node, Map):
        options = {
            "over": node.over,
            "into": node.into,
            "item": node.item,
            "limit": node.limit,
            "errors": node.errors,
        }
        usual = {"item": "item", "limit": 10, "errors": "raise"}
        return {
            "map": {node.given.name: _entry(node.given)},
            **{key: value for key, value in options.items() if usual.get(key) != value},
        }
    entry: dict[str, Any] = {"node": type(node).__name__}
    if node.parameters:
        entry["with"] = _plain(node.parameters)
    own = vars(node)
    for key in ("retry", "timeout"):
        # None says something only where the class says something else.
        if key in own and (own[key] is not None or getattr(type(node), key) is not None):
            entry[key] = retry_shape(own[key]) if isinstance(own[key], Retry) else own[key]
    return entry


def retry_shape(retry: Retry) -> dict[str, Any]:
    """What a Retry says that the default one does not; `attempts` always."""
    usual = {field.name: field.default for field in fields(Retry)}
    return {key: value for key, value in asdict(retry).items() if key == "attempts" or value != usual[key]}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str):  # also a subclass, as of an Enum of texts
        return str.__str__(value)
    return value if value is None or isinstance(value, bool) else _number(value)


def _number(value: Any) -> int | float:
    return int(value) if isinstance(value, int) else float(value)
