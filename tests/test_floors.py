"""Do imports point down only, and does the ground stay light?"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 400

GROUND = {"engine", "services"}
MODELS = GROUND | {"models"}
NODES = MODELS | {"nodes"}
WORKFLOWS = NODES | {"workflows"}
INTERFACES = WORKFLOWS | {"interfaces", "demos"}

# What each floor may import, besides itself.
BELOW: dict[str, set[str]] = {
    "engine": set(),
    "services": set(),
    "models": GROUND,
    "nodes": MODELS,
    "workflows": NODES,
    "interfaces": WORKFLOWS | {"demos"},
    "demos": INTERFACES,
}

HEAVY = {"alembic", "anthropic", "networkx", "numpy", "rich", "sqlalchemy", "tenacity", "typer", "yaml"}


class Import(NamedTuple):
    """One imported thing: where it stands, its full name, and the dots it was written with."""

    place: str
    name: tuple[str, ...]
    dots: int

    @property
    def floor(self) -> str:
        """The floor it leads to, or nothing for what is not ours."""
        root, *rest = self.name
        return rest[0] if root == "turngraph" and rest and rest[0] in BELOW else ""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(file: Path) -> Iterator[Import]:
    place = file.relative_to(ROOT)
    package = ("turngraph", *place.parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(f"{place}:{node.lineno}", tuple(alias.name.split(".")), 0)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                yield Import(f"{place}:{node.lineno}", (*start, *module, alias.name), node.level)


@pytest.mark.parametrize("floor", BELOW)
def test_imports_point_down(floor: str) -> None:
    allowed = {"", floor} | BELOW[floor]
    found = [one for file in sources(floor) for one in imports_of(file)]
    assert [f"{one.place} imports {one.floor}" for one in found if one.floor not in allowed] == []


@pytest.mark.parametrize("floor", [floor for floor in BELOW if floor != "demos"])
def test_the_floors_import_each_other_relatively(floor: str) -> None:
    found = [one for file in sources(floor) for one in imports_of(file)]
    assert [one.place for one in found if one.name[0] in {"turngraph", *BELOW} and not one.dots] == []


@pytest.mark.parametrize("folder", ["demos", "tests", "benchmarks"])
def test_demos_and_tests_import_turngraph_by_its_name(folder: str) -> None:
    found = [one for file in sources(folder) for one in imports_of(file)]
    assert [one.place for one in found if one.name[0] in BELOW or (one.dots and one.name[1] != folder)] == []


def test_the_engine_knows_no_database_and_no_provider() -> None:
    texts = {file.name: file.read_text(encoding="utf-8").lower() for file in sources("engine")}
    assert [name for name, text in texts.items() if "sqlalchemy" in text or "anthropic" in text] == []


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    files = [*ROOT.glob("*.py"), *(file for floor in BELOW for file in sources(floor))]
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {str(file): length for file, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize(
    ("package", "heavy"), [("turngraph", HEAVY | {"pydantic"}), ("turngraph.engine", HEAVY)]
)
def test_an_import_loads_nothing_heavy(package: str, heavy: set[str]) -> None:
    ask = f"import json, sys, {package}; print(json.dumps(sorted(set(sys.modules) & {heavy!r})))"
    answer = subprocess.check_output([sys.executable, "-P", "-c", ask], text=True)
    assert json.loads(answer) == []
