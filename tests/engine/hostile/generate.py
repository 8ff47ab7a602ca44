"""The hostile files that are too big to lie here, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

HEAD: Final = "graph: g\nnodes:\n"


def _chain(count: int, last: str, name: str = "n", cls: str = "Plain") -> str:
    names = [f"{name}{number}" for number in range(count)]
    nodes = "".join(f"  {one}: {cls}\n" for one in names)
    edges = "".join(f"  {one}: {after}\n" for one, after in zip(names, [*names[1:], last], strict=True))
    return f"{HEAD}{nodes}edges:\n{edges}"


BIG: Final[Mapping[str, Callable[[], str]]] = {
    # 10,000 levels, and more
    "big_flow_lists": lambda: f"{HEAD}  a: {'[' * 10_000}{']' * 10_000}\n",
    "big_flow_lists_in_lines": lambda: HEAD + "  a: " + "[\n   " * 10_000,
    "big_flow_lists_to_the_limit": lambda: "[" * 262_144,
    "big_flow_mappings": lambda: f"{HEAD}  a: {'{a: ' * 10_000}1{'}' * 10_000}\n",
    "big_flow_pairs": lambda: f"{HEAD}  a: {'[a: ' * 10_000}\n",
    "big_block_lists": lambda: "- " * 10_000 + "a\n",
    "big_block_mappings": lambda: "".join(" " * level + "a:\n" for level in range(700)),
    "big_key_marks": lambda: "? " * 10_000 + "a\n",
    "big_key_marks_in_lists": lambda: "- ? " * 10_000 + "a\n",
    "big_mappings_of_10000_levels": lambda: "".join(" " * level + "a:\n" for level in range(10_000)),
    # long
    "big_text": lambda: f"graph: {'x' * 5_000_000}\n",
    "big_text_in_quotes": lambda: f"graph: '{'x' * 262_000}'\nnodes: {{}}\n",
    "big_text_never_closed": lambda: 'graph: "' + "x " * 131_000,
    "big_block_text": lambda: "graph: |\n" + "  line\n" * 30_000 + "nodes: {}\n",
    "big_key": lambda: f"{'k' * 262_000}: 1\n",
    "big_key_in_quotes": lambda: '? "' + "k" * 260_000 + '"\n: 1\n',
    "big_comment": lambda: f"# {'x' * 262_000}\n",
    "big_comments": lambda: "#\n" * 131_000,
    "big_blank_lines": lambda: "\n" * 262_000,
    "big_odd_line_breaks": lambda: "\u2028" * 200_000 + "\x00",
    "big_number": lambda: f"graph: g\nmax_steps: {'9' * 200_000}\nnodes: {{a: Plain}}\nedges: {{a: END}}\n",
    "big_hexadecimal": lambda: f"graph: g\ndeadline: 0x{'F' * 200_000}\nnodes: {{a: Plain}}\nedges: {{a: END}}\n",
    "big_escapes": lambda: 'graph: "' + "\\U0010FFFF" * 20_000 + '"\nnodes: {}\n',
    "big_anchor": lambda: f"graph: &{'x' * 200_000} g\n",
    "big_alias": lambda: f"graph: *{'x' * 200_000}\n",
    "big_tag": lambda: f"graph: !{'x' * 200_000} g\n",
    "big_tag_of_escapes": lambda: f"graph: !{'%41' * 80_000} g\n",
    # many
    "many_keys": lambda: "graph: g\n" + "".join(f"key{number}: 1\n" for number in range(100_000)),
    "many_keys_to_the_limit": lambda: "graph: g\n" + "".join(f"k{number}: 1\n" for number in range(9_990)),
    "many_parts": lambda: f"graph: g\nnodes: [{'a,' * 120_000}]\n",
    "many_nothings": lambda: f"graph: g\nnodes: [{'[],' * 80_000}]\n",
    "many_anchors": lambda: "\n".join(f"- &a{number} x" for number in range(18_000)),
    "many_aliases": lambda: "- &a x\n" + "- *a\n" * 50_000,
    "many_merges": lambda: "a: {" + "<<: {}, " * 20_000 + "}\n",
    "many_tags": lambda: "".join(f"- !a{number} x\n" for number in range(15_000)),
    "many_directives": lambda: "".join(f"%TAG !{number}! a\n" for number in range(15_000)) + "--- a\n",
    "many_directives_at_the_end": lambda: (
        f"{_chain(1, 'END')}...\n" + "".join(f"%TAG !{number}! a\n" for number in range(15_000)) + "--- a\n"
    ),
    "many_documents": lambda: "--- a\n" * 40_000,
    "many_document_ends": lambda: "a\n" + "...\n" * 60_000,
    "many_nodes": lambda: _chain(5_000, "END"),
    "many_nodes_and_one_misspelt": lambda: _chain(500, "n12345"),
    "many_nodes_and_none_ends": lambda: _chain(500, "n0"),
    "many_nodes_of_long_names": lambda: _chain(480, "n0", "n" * 160),
    "many_nodes_of_no_class": lambda: _chain(500, "END", cls="Plane"),
    "many_nodes_that_need_an_input": lambda: _chain(400, "END", "n" * 100, "Answer").replace("nodes:", "inputs: Question\nnodes:"),
    "many_unreachable": lambda: HEAD + "".join(f"  {i}: Plain\n" for i in range(500)) + "edges: {}\n",
    "many_misspelt_edges": lambda: _chain(500, "END") + "".join(f"  m{i}: n\n" for i in range(4_000)),
    "many_misspelt_targets": lambda: (
        HEAD
        + "".join(f"  {'n' * 50}{i}: Plain\n" for i in range(400))
        + "edges:\n"
        + "".join(f"  {'n' * 50}{i}: {'n' * 51}{i}\n" for i in range(400))
    ),
    "many_actions": lambda: (
        HEAD + "  a: Plain\nedges:\n  a: {" + "".join(f"x{i}: END, " for i in range(9_000)) + "}\n"
    ),
    "many_parameters": lambda: (
        HEAD + "  a: {node: Plain, with: {" + "".join(f"x{i}: 1, " for i in range(9_000)) + "}}\n"
    ),
    "many_wrong_parameters": lambda: (
        HEAD + "".join(f"  a{i}: {{node: Find, with: {{limit: x, model: 5}}}}\n" for i in range(400))
    ),
    "many_branches": lambda: (
        HEAD
        + "  a:\n    parallel:\n"
        + "".join(f"      b{i}: Find\n" for i in range(490))
        + "edges: {a: END}\n"
    ),
    "many_graphs_inside": lambda: (
        HEAD
        + "".join(f"  g{i}: {{graph: {{nodes: {{a: Plain}}, edges: {{a: a}}}}}}\n" for i in range(240))
        + "edges: {}\n"
    ),
    "many_graphs_of_one_name": lambda: (
        HEAD + "".join(f"  g{i}: {{graph: inner}}\n" for i in range(490)) + "edges: {}\n"
    ),
}  # fmt: skip


def write(folder: Path) -> list[Path]:
    """Writes them all, and says where they are."""
    files = [folder / f"{name}.yaml" for name in BIG]
    for file, text in zip(files, BIG.values(), strict=True):
        file.write_bytes(text().encode("utf-8"))
    return files
