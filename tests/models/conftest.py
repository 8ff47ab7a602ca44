"""What do the tests of the database share? One manager for each kind of database, and a writer to queue behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from turngraph.models import DatabaseManager
from turngraph.models.migrate import OURS
from turngraph.models.writer import THREADS

Work = Callable[[Session], Any]


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind."""
    return url_of(request, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def lasting_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind that other processes can open."""
    return url_of(request, tmp_path)


def url_of(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_database"))
    return "sqlite:///:memory:" if request.param == "memory" else f"sqlite:///{folder / 'test.db'}"


@pytest.fixture(scope="session")
def used_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database that stands for all tests of this process, which is quicker than new ones."""
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


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseManager]:
    """A manager of an empty database of each kind."""
    if request.param == "postgresql":
        yield from emptied(request.getfixturevalue("used_postgres"))
    else:
        with DatabaseManager(url_of(request, tmp_path)) as manager:
            yield manager


@pytest.fixture
def postgres(used_postgres: str) -> Iterator[DatabaseManager]:
    """A manager of an empty PostgreSQL database."""
    yield from emptied(used_postgres)


def emptied(url: str) -> Iterator[DatabaseManager]:
    with DatabaseManager(url) as manager:
        with manager.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(sorted(OURS))} RESTART IDENTITY CASCADE"))
        yield manager


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[DatabaseManager]:
    """A manager of a new SQLite file."""
    with DatabaseManager(f"sqlite:///{tmp_path / 'test.db'}") as manager:
        yield manager


@pytest.fixture
def one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL too a single thread writes, so that what waits is one group."""
    monkeypatch.setitem(THREADS, "postgresql", 1)


class Gate:
    """A write that keeps the writer busy until it is opened, so that what is written meanwhile forms one group."""

    def __init__(self, db: DatabaseManager) -> None:
        self._db = db
        self._entered = threading.Event()
        self._open = threading.Event()
        self.answer = db._ready().writer.submit(self._wait, ())
        assert self._entered.wait(30)

    def _wait(self, _session: Session) -> None:
        self._entered.set()
        assert self._open.wait(30)

    async def queued(self, count: int) -> None:
        """Returns when that many writes wait."""
        while len(self._db._ready().writer._jobs) < count:
            await asyncio.sleep(0)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Callable[[DatabaseManager], Gate]]:
    """Makes gates, and leaves none of them shut."""
    made: list[Gate] = []

    def make(db: DatabaseManager) -> Gate:
        made.append(Gate(db))
        return made[-1]

    yield make
    for one in made:
        one.open()


@pytest.fixture
def as_one_group(
    one_writer: None, gate: Callable[[DatabaseManager], Gate]
) -> Callable[[DatabaseManager, Sequence[Work]], Awaitable[list[Any]]]:
    """Runs writes as one group; gives their results or errors."""

    async def run(db: DatabaseManager, works: Sequence[Work]) -> list[Any]:
        shut = gate(db)
        tasks = [asyncio.create_task(db.write(work)) for work in works]
        await shut.queued(len(works))
        shut.open()
        return await asyncio.gather(*tasks, return_exceptions=True)

    return run


@pytest.fixture
def python() -> Callable[..., str]:
    """Runs a script in a process of its own; gives what it printed."""

    def run(script: str, *arguments: str, status: int = 0) -> str:
        command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return done.stdout.strip()

    return run
