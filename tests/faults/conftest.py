"""What do the fault tests share? A fork server, and a database of each kind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .forkserver import ForkServer

FOUND = "faults"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """The fork server of this process."""
    if not hasattr(os, "fork"):
        pytest.skip("expected: no fork here")
    made = ForkServer(tmp_path_factory.mktemp("children"))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path, full: bool) -> Iterator[Path]:
    """Where SQLite's files lie: in memory where that can be had, since what a killed process wrote outlives it
    there too; in the full form on the disk."""
    memory = Path("/dev/shm")
    if full or not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="turngraph-faults-", dir=memory) as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, folder: Path, server: ForkServer) -> str:
    """The URL of a new database of each kind, with its tables."""
    if request.param == "postgresql":
        found = str(request.getfixturevalue("postgres_database"))
    else:
        found = f"sqlite:///{folder / 'faults.db'}"
    server.run("prepare", url=found)
    return found


@pytest.fixture
def postgres(postgres_database: str, server: ForkServer) -> str:
    """The URL of a new PostgreSQL database, with its tables."""
    server.run("prepare", url=postgres_database)
    return postgres_database


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Adds a line to what is printed at the end."""
    return lambda line: request.node.user_properties.append((FOUND, f"{request.node.name}: {line}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    lines = [text for report in reports for name, text in report.user_properties if name == FOUND]
    if lines:
        terminalreporter.section("faults")
        for line in sorted(lines):
            terminalreporter.line(line)
