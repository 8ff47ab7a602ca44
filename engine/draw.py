"""Pictures of a graph, as text: Mermaid, DOT, or plain lines; with a run's way, what it walked and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from .errors import EngineError, listing
from .wiring import ENDS

if TYPE_CHECKING:
    from .graph import Graph

FORMATS: Final = ("mermaid", "dot", "text")


def draw(
    graph: Graph,
    format: Literal["mermaid", "dot", "text"] = "mermaid",
    way: Sequence[tuple[str, str]] | None = None,
) -> str:
    """The graph as Mermaid, DOT or text.

    `way` is what a run walked, as (node, action): `way(*await store.shown(run_id))` tells it of a stored run.
    """
    if format not in FORMATS:
        raise EngineError(f"draw: the format {format!r} is not known; the formats are {listing(FORMATS)}")
    walked = Counter(way) if way is not None else None
    return {"mermaid": _mermaid, "dot": _dot, "text": _text}[format](graph, walked)


def _edges(graph: Graph) -> list[tuple[str, str, str]]:
    return [
        (source, action, target) for source, edges in graph.edges.items() for action, target in edges.items()
    ]


def _label(action: str, times: int) -> str:
    """What stands at an edge: its action, unless that is the default, and how often it was taken, if more than once."""
    return " ".join(
        part for part in ("" if action == "default" else action, f"×{times}" if times > 1 else "") if part
    )


Walked = Mapping[tuple[str, str], int]


def _visited(walked: Walked | None) -> set[str]:
    return {node for node, _ in walked or ()}


def _mermaid(graph: Graph, walked: Walked | None) -> str:
    ids = {name: f"n{number}" for number, name in enumerate((*graph.nodes, ENDS))}
    lines = ["flowchart TD"]
    for name, node in graph.nodes.items():
        inner = hasattr(node, "nodes")
        text = _quoted(name)
        lines.append(f"    {ids[name]}[[{text}]]" if inner else f"    {ids[name]}[{text}]")
    lines.append(f"    {ids[ENDS]}((END))")
    taken = []
    for number, (source, action, target) in enumerate(_edges(graph)):
        times = (walked or {}).get((source, action), 0)
        label = _label(action, times)
        taken += [str(number)] * bool(times)
        lines.append(f"    {ids[source]} -->{f'|{_quoted(label)}|' if label else ''} {ids[target]}")
    if visited := [ids[name] for name in graph.nodes if name in _visited(walked)]:
        lines += [f"    class {','.join(visited)} taken", "    classDef taken stroke-width:3px,stroke:#2a7"]
    if taken:
        lines.append(f"    linkStyle {','.join(taken)} stroke-width:3px,stroke:#2a7")
    return "\n".join(lines)


def _dot(graph: Graph, walked: Walked | None) -> str:
    lines = [
        f"digraph {_escaped(graph.name)} {{",
        "    node [shape=box];",
        f"    {_escaped(ENDS)} [shape=doublecircle];",
    ]
    bold = " [penwidth=3]"
    lines += [f"    {_escaped(name)}{bold if name in _visited(walked) else ''};" for name in graph.nodes]
    for source, action, target in _edges(graph):
        times = (walked or {}).get((source, action), 0)
        text = _label(action, times)
        style = [f"label={_escaped(text)}"] * bool(text) + ["penwidth=3"] * bool(times)
        told = f" [{', '.join(style)}]" if style else ""
        lines.append(f"    {_escaped(source)} -> {_escaped(target)}{told};")
    return "\n".join([*lines, "}"])


def _text(graph: Graph, walked: Walked | None) -> str:
    lines = [graph.name]
    for source in graph.nodes:
        mark = "▶" if source == graph.start else "●" if source in _visited(walked) else " "
        leads = []
        for at, action, target in _edges(graph):
            if at == source:
                times = (walked or {}).get((at, action), 0)
                line = "━" if times else "─"
                leads.append(f"{line}{_label(action, times) or line}→ {target}")
        lines.append(f" {mark} {source}  {'   '.join(leads)}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'


def _escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
