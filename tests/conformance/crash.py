"""Begins the runs of all rows that stop or wait, each in a process that is killed where its row says."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from turngraph.models import DatabaseManager

from .parts import Say, one
from .row import Row, die, stage
from .rows import ALL

HERE: Final = Path(__file__).resolve()
SCRIPT: Final = """
import importlib, sys
_, root, name, folder = sys.argv
sys.path.append(root)  # last, so that no folder of tests hides a module
importlib.import_module(name).main(folder)
"""


def leave_behind(folder: Path) -> None:
    """Leaves a database and ledgers of killed processes in the folder."""
    # The same name as here, since types are stored by it.
    root = HERE.parents[__name__.count(".")]
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(root), __name__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def main(folder: str) -> None:
    """Forks a process for each row, and sees that it dies."""
    place = Path(folder)
    run(
        Row(rule="first", source="", graph=lambda: one(Say())), "first", place
    )  # imports all that a run needs
    for number, row in enumerate(ALL):
        if not row.dies:
            continue
        child = os.fork()
        if child == 0:
            stage.begin(row.stops, place / str(number))
            run(row, str(number), place)
            die()  # it waits for a person
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"{row}: it was not killed, but ended with {status}")


def run(row: Row, run_id: str, folder: Path) -> None:
    inputs: Any = row.inputs
    with DatabaseManager(f"sqlite:///{folder / 'runs.db'}") as db:
        asyncio.run(row.graph().run(inputs, store=db.runs, run_id=run_id))
