"""How a benchmark is run: as a script, the way its README says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def script() -> Callable[..., str]:
    """Runs a script of benchmarks/ and gives what it printed."""

    def run(name: str, *arguments: str | Path) -> str:
        command = [sys.executable, str(FOLDER / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
