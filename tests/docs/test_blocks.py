"""Every code block of the README and the docs runs as it stands, page by page, in an empty folder without a key.

A block that begins with `# file: NAME` is written to that file. Python blocks of a page share their names; lines
`$ turngraph ...` of console blocks must end well, and a line that stands below one is what it prints.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from turngraph.models import Base
from turngraph.models.manager import _living
from turngraph.models.migrate import OURS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str, int]]:
    text = page.read_text(encoding="utf-8")
    return [(m[1], m[2], text.count("\n", 0, m.start()) + 2) for m in BLOCK.finditer(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path) -> None:
    names: dict[str, object] = {"__name__": "docs"}
    with asyncio.Runner() as runner:
        for language, code, line in blocks(page):
            first, _, rest = code.partition("\n")
            if first.startswith("# file: "):
                Path(first.removeprefix("# file: ")).write_text(rest, encoding="utf-8")
            elif language == "python":
                padded = "\n" * (line - 1) + code
                compiled = compile(
                    padded, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
                )
                done = eval(compiled, names)
                if inspect.iscoroutine(done):
                    runner.run(done)
            elif language == "console":
                console(code)
            else:
                assert language in ("mermaid", "yaml", "bash", "text"), (
                    f"{page.name}:{line}: a block of {language}"
                )
    for manager in _living():
        manager.close()
    for name in Base.metadata.tables.keys() - OURS:  # tables that a page declared
        Base.metadata.remove(Base.metadata.tables[name])


def console(code: str) -> None:
    said: list[str] = []
    for line in code.splitlines():
        if line.startswith("$ turngraph "):
            command = f"{shlex.quote(sys.executable)} -P -m turngraph {line.removeprefix('$ turngraph ')}"
            done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            said = done.stdout.splitlines()
        else:
            assert line in said, f"{line!r} is not among {said}"


def test_the_readme_shows_the_conversation_as_it_is() -> None:
    from turngraph.engine import draw
    from turngraph.workflows import create_conversation_workflow

    pictures = [code for language, code, _ in blocks(ROOT / "README.md") if language == "mermaid"]
    assert pictures == [draw(create_conversation_workflow()) + "\n"]


def test_the_settings_page_names_every_setting_and_variable() -> None:
    from turngraph.services.settings import SETTINGS

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip().strip("`"): line for line in page.splitlines() if line.startswith("| `")
    }
    assert set(rows) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        assert re.findall(r"`([A-Z_]+)`", rows[setting.name].split("|")[2]) == list(setting.variables)
        assert setting.purpose in rows[setting.name] and (setting.default or "") in rows[setting.name]


def test_only_the_settings_read_the_environment() -> None:
    floors = ("engine", "services", "models", "nodes", "workflows", "interfaces")
    reading = [
        file.relative_to(ROOT).as_posix()
        for floor in floors
        for file in (ROOT / floor).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", file.read_text(encoding="utf-8"))
    ]
    assert reading == ["services/settings.py"]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists() or (page.parent / target).parent.name == "benchmarks", (
                f"{page.name}: {target}"
            )
