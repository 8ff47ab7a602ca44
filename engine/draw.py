"""Pictures of a graph: Mermaid for documents, DOT for Graphviz, text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .errors import EngineError, listing
from .wiring import ENDS

if TYPE_CHECKING:
    from .graph import Graph

FORMATS = ("mermaid", "dot", "text")


def draw(graph: Graph, format: Literal["mermaid", "dot", "text"] = "mermaid") -> str:
    """The graph as Mermaid, DOT or text."""
    if format not in FORMATS:
        raise EngineError(f"draw: the format {format!r} is not known; the formats are {listing(FORMATS)}")
    return {"mermaid": _mermaid, "dot": _dot, "text": _text}[format](graph)


def _edges(graph: Graph) -> list[tuple[str, str, str]]:
    return [
        (source, "" if action == "default" else action, target)
        for source, edges in graph.edges.items()
        for action, target in edges.items()
    ]


def _mermaid(graph: Graph) -> str:
    ids = {name: f"n{number}" for number, name in enumerate((*graph.nodes, ENDS))}
    lines = ["flowchart TD"]
    for name, node in graph.nodes.items():
        inner = hasattr(node, "nodes")
        text = _quoted(name)
        lines.append(f"    {ids[name]}[[{text}]]" if inner else f"    {ids[name]}[{text}]")
    lines.append(f"    {ids[ENDS]}((END))")
    for source, action, target in _edges(graph):
        label = f"|{_quoted(action)}|" if action else ""
        lines.append(f"    {ids[source]} -->{label} {ids[target]}")
    return "\n".join(lines)


def _dot(graph: Graph) -> str:
    lines = [
        f"digraph {_escaped(graph.name)} {{",
        "    node [shape=box];",
        f"    {_escaped(ENDS)} [shape=doublecircle];",
    ]
    lines += [f"    {_escaped(name)};" for name in graph.nodes]
    for source, action, target in _edges(graph):
        label = f" [label={_escaped(action)}]" if action else ""
        lines.append(f"    {_escaped(source)} -> {_escaped(target)}{label};")
    return "\n".join([*lines, "}"])


def _text(graph: Graph) -> str:
    lines = [graph.name]
    for source in graph.nodes:
        mark = "▶" if source == graph.start else " "
        leads = [f"─{action or '─'}→ {target}" for at, action, target in _edges(graph) if at == source]
        lines.append(f" {mark} {source}  {'   '.join(leads)}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'


def _escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
