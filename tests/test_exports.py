"""Is every public name where `__all__` says it is?"""

from __future__ import annotations

import ast
import importlib
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = runpy.run_path(str(ROOT / "setup.py"))["FLOORS"]
FACES = [ROOT / "__init__.py", *(file for floor in FLOORS for file in (ROOT / floor).rglob("__init__.py"))]


def package_of(face: Path) -> str:
    return ".".join(("turngraph", *face.parent.relative_to(ROOT).parts))


def belongs_in_a_face(node: ast.stmt) -> bool:
    """Docstring, imports, `__all__` and `__version__`; anything else has a module of its own."""
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets] in (["__all__"], ["__version__"])
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_docstring or isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("face", FACES, ids=package_of)
def test_a_face_holds_only_imports(face: Path) -> None:
    tree = ast.parse(face.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{face.relative_to(ROOT)} has no docstring"
    assert [ast.unparse(node) for node in tree.body if not belongs_in_a_face(node)] == []


@pytest.mark.parametrize("face", FACES, ids=package_of)
def test_all_is_sorted_and_every_name_is_there(face: Path) -> None:
    package = importlib.import_module(package_of(face))
    names = list(getattr(package, "__all__", ()))
    assert names == sorted(set(names), key=lambda name: (name.casefold(), name))
    assert [name for name in names if not hasattr(package, name)] == []
