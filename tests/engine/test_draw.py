"""Pictures of a graph."""

from __future__ import annotations

from typing import Literal

import pytest

from turngraph.engine import END, EngineError, Graph, Node, draw


class Ask(Node):
    def post(self, state) -> Literal['say "no"'] | None: ...


def build() -> Graph:
    ask, leaf = Ask(), Node(name="leaf")
    return Graph("g", ask >> END, ask - 'say "no"' >> Graph("inner", leaf >> END) >> END)


def test_mermaid():
    assert draw(build()) == "\n".join(
        [
            "flowchart TD",
            '    n0["ask"]',
            '    n1[["inner"]]',
            "    n2((END))",
            "    n0 --> n2",
            '    n0 -->|"say #quot;no#quot;"| n1',
            "    n1 --> n2",
        ]
    )


def test_dot_and_text():
    assert '"ask" -> "inner" [label="say \\"no\\""];' in draw(build(), "dot")
    assert ' ▶ ask  ──→ END   ─say "no"→ inner' in draw(build(), "text")


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(EngineError, match="'mermaid', 'dot', 'text'"):
        draw(build(), "png")  # type: ignore[arg-type]


def test_the_way_that_a_run_took_is_drawn():
    way = [("ask", 'say "no"'), ("inner", "default")]
    assert "class n0,n1 taken" in draw(build(), way=way) and "linkStyle 1,2" in draw(build(), way=way)
    assert '"inner" -> "END" [penwidth=3];' in draw(build(), "dot", way=way)
    assert draw(build(), "text", way=[*way, ("inner", "default")]).splitlines()[1:] == [
        ' ▶ ask  ──→ END   ━say "no"→ inner',
        " ● inner  ━×2→ END",
    ]
