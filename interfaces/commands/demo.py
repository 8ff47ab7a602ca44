"""`turngraph demo`: runs one of the demos."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ..output import AsJson, LogLevel, Misused, command, say, table

FOLDER: Final = Path(__file__).parents[2] / "demos"


@command
def demo(
    name: Annotated[str | None, typer.Argument(help="Which demo; without it they are listed.")] = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Run a demo, or list them: each runs offline in seconds, and fails if what it claims is not so."""
    known = demos()
    if name is None:
        if as_json:
            say({"demos": known})
        else:
            table("demos", ("name", "what it shows"), known.items())
        return
    if name not in known:
        from ...engine.errors import did_you_mean

        raise Misused(f"there is no demo {name!r}; {did_you_mean(name, known)}")
    if as_json:
        done = subprocess.run(
            [sys.executable, "-P", "-m", f"turngraph.demos.{name}"], capture_output=True, text=True
        )
        say({"demo": name, "ok": done.returncode == 0, "output": done.stdout})
    else:
        done = subprocess.run([sys.executable, "-P", "-m", f"turngraph.demos.{name}"], text=True)
    raise typer.Exit(done.returncode)


def demos() -> dict[str, str]:
    """The demos with the first line of what each says of itself, read without importing them."""
    found = {}
    for file in sorted(FOLDER.glob("[!_]*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem] = text.partition("\n")[0]
    return found
