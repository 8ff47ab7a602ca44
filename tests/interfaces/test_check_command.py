"""`turngraph check`: every fault with its place, for people and for editors."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from turngraph.interfaces.cli import app

runner = CliRunner()

FREE = """
from pydantic import BaseModel
from turngraph.engine import Graph, Node, Registry, END
class Free(Node):
    def post(self, state) -> None: ...
class Need(Node):
    class Inputs(BaseModel):
        a: int
class Turn(BaseModel):
    text: str
registry = Registry()
registry.add(Free, Need)
registry.type(Turn)
"""


def test_an_editor_gets_every_fault_of_every_file(tmp_path: Path, monkeypatch):
    (tmp_path / "free_app.py").write_text(FREE)
    (tmp_path / "bad.yaml").write_text("graph: bad\ninputs: Turn\nnodes: {need: Need}\nedges: {need: need}\n")
    (tmp_path / "open.yaml").write_text(
        "graph: open\ninputs: Turn\nnodes: {free: Free, need: Need}\nedges: {free: need, need: END}\n"
    )
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["check", "bad.yaml", "open.yaml", "--app", "free_app", "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 2 and found["ok"] is False
    assert [(f["file"], f["line"], f["column"], f["message"]) for f in found["faults"]] == [
        ("bad.yaml", 3, 9, "the loop need → need has no way out"),
        ("bad.yaml", 3, 9, "nobody writes the input 'a' of 'need'"),
    ]
    assert all(fault["mend"] for fault in found["faults"])
    assert found["unproven"] == [{"file": "open.yaml", "node": "need", "input": "a"}]
    assert [file["ok"] for file in found["files"]] == [False, True]


def test_a_graph_that_an_app_builds_wrongly_is_told_like_any_other(tmp_path: Path, monkeypatch):
    (tmp_path / "broken_app.py").write_text(FREE + 'Graph("broken", Need() >> END, inputs=Turn)\n')
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["check", "conversation", "--app", "broken_app", "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["faults"][0]["message"] == "nobody writes the input 'a' of 'need'"


def test_a_node_of_ones_own_that_is_not_found_is_told_with_the_option_that_finds_it(
    tmp_path: Path, monkeypatch
):
    (tmp_path / "free_app.py").write_text(FREE)
    (tmp_path / "own.yaml").write_text("graph: own\nnodes: {free: Free}\nedges: {free: END}\n")
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["check", "own.yaml"])
    assert done.exit_code == 2 and "say where yours are (--app MODULE)" in done.stderr
    assert runner.invoke(app, ["check", "own.yaml", "--app", "free_app"]).exit_code == 0
