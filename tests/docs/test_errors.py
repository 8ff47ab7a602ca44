"""docs/errors.md has one entry for each public error, and quotes what the product says; each family's tree is drawn whole."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("engine", "services", "models", "nodes", "workflows", "interfaces")
SIGNALS = {"Void"}  # caught where they are raised for; nobody who calls turngraph meets them
ENTRY = re.compile(r"^### (\w+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ENTRIES = dict(ENTRY.findall((ROOT / "docs" / "errors.md").read_text(encoding="utf-8")))


@cache
def errors() -> list[type[Exception]]:
    """The public error classes of every floor, each where it is defined."""
    return list(defined())


def defined() -> Iterator[type[Exception]]:
    for floor in FLOORS:
        package = importlib.import_module(f"turngraph.{floor}")
        for module in pkgutil.walk_packages(package.__path__, f"turngraph.{floor}."):
            if ".migrations" in module.name:  # run by Alembic, not imported
                continue
            for name, found in vars(importlib.import_module(module.name)).items():
                ours = getattr(found, "__module__", "") == module.name and not name.startswith("_")
                if ours and inspect.isclass(found) and issubclass(found, Exception) and name not in SIGNALS:
                    yield found


@cache
def said() -> set[str]:
    """Every text that the product can say, with … for what is filled in."""
    texts = set()
    for floor in FLOORS:
        for file in (ROOT / floor).rglob("*.py"):
            for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(part, ast.JoinedStr):
                    texts.add("".join(v.value if isinstance(v, ast.Constant) else "…" for v in part.values))
                elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                    texts.add(part.value)
    return texts


def test_every_error_has_an_entry_and_every_entry_an_error() -> None:
    assert sorted(ENTRIES) == sorted(error.__name__ for error in errors())


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_tells_the_symptom_the_cause_and_the_mend(name: str) -> None:
    parts = re.fullmatch(
        r"\n> (?P<symptom>.+)\n\n\*\*Cause\.\*\* .+?\n\n\*\*Mend\.\*\* .+?\n\n?", ENTRIES[name], re.DOTALL
    )
    assert parts, ENTRIES[name]
    assert any(parts["symptom"] in text for text in said()), f"nothing says {parts['symptom']!r}"


@pytest.mark.parametrize("family", ["EngineError", "DatabaseError", "ServiceError"])
def test_a_familys_tree_is_drawn_whole(family: str) -> None:
    (root,) = (error for error in errors() if error.__name__ == family)
    floor = root.__module__.rpartition(".")[0]
    members = {e.__name__ for e in errors() if issubclass(e, root) and e.__module__.startswith(f"{floor}.")}
    drawn = re.findall(
        r"^[│ ]*(?:[├└]── )?([A-Z]\w+)(?: {2,}|$)",
        importlib.import_module(root.__module__).__doc__ or "",
        re.MULTILINE,
    )
    assert sorted(drawn) == sorted(members)
