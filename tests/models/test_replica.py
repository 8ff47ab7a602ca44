"""Do reads go to a replica, and is what was written always read, however far behind that is?"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from turngraph.models import Conversation, DatabaseManager
from turngraph.models.errors import DatabaseUrlError

psycopg = pytest.importorskip("psycopg", reason="PostgreSQL: psycopg is not installed")
TOOLS = ("initdb", "pg_basebackup", "postgres")
USER = {"user": "postgres", "extra_groups": []} if hasattr(os, "getuid") and os.getuid() == 0 else {}


def tool(name: str) -> str | None:
    """Where a tool of PostgreSQL is: on the path, or where the system or the test extra puts it."""
    if found := shutil.which(name):
        return found
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(places[0]) if places else None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[str, str]]:
    """The URLs of a primary and of its replica."""
    found = {name: tool(name) for name in TOOLS}
    if None in found.values():
        pytest.skip("expected: no initdb, pg_basebackup and postgres here")
    initdb, basebackup, postgres = (str(found[name]) for name in TOOLS)
    folder = Path(tempfile.mkdtemp(prefix="turngraph-replica-"))
    folder.chmod(0o777)
    servers: list[subprocess.Popen[bytes]] = []
    quiet: dict[str, Any] = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "cwd": folder,
        **USER,
    }

    def start(data: Path, port: int) -> None:
        command = [
            postgres,
            "-D",
            str(data),
            "-p",
            str(port),
            "-k",
            "",
            "-c",
            "fsync=off",
            "-c",
            "listen_addresses=127.0.0.1",
        ]
        servers.append(subprocess.Popen(command, **quiet))
        answers(port)

    try:
        first, second = free_port(), free_port()
        subprocess.run(
            [initdb, "-D", str(folder / "a"), "-U", "postgres", "-A", "trust"], check=True, **quiet
        )
        start(folder / "a", first)
        copy = [
            basebackup,
            "-D",
            str(folder / "b"),
            "-h",
            "127.0.0.1",
            "-p",
            str(first),
            "-U",
            "postgres",
            "-R",
            "-c",
            "fast",
        ]
        subprocess.run(copy, check=True, **quiet)
        start(folder / "b", second)
        yield tuple(f"postgresql://postgres@127.0.0.1:{port}/postgres" for port in (first, second))  # type: ignore[misc]
    finally:
        for server in servers:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def db(pair: tuple[str, str]) -> Iterator[DatabaseManager]:
    with DatabaseManager(pair[0], replica_url=pair[1]) as opened:
        yield opened


def where(session: Any) -> str:
    return "replica" if session.scalar(text("SELECT pg_is_in_recovery()")) else "primary"


def replaying(pair: tuple[str, str], on: bool) -> None:
    with psycopg.connect(pair[1], autocommit=True) as connection:
        connection.execute(f"SELECT pg_wal_replay_{'resume' if on else 'pause'}()")


async def settled(db: DatabaseManager) -> None:
    """Waits until reads go to the replica."""
    until = time.monotonic() + 20
    while await db.read(where) != "replica":
        assert time.monotonic() < until


async def test_reads_go_to_the_replica_and_writes_to_the_primary(db: DatabaseManager):
    await settled(db)
    assert await db.write(where) == "primary"
    with db.get_session() as session:
        assert where(session) == "primary"


async def test_what_was_written_is_read_however_far_behind_the_replica_is(
    db: DatabaseManager, pair: tuple[str, str]
):
    await settled(db)
    replaying(pair, False)
    try:
        for number in range(3):
            made = db.create_conversation("ada", title=f"late {number}") if number else None
            if made is None:
                await db.write(lambda session: session.add(Conversation(id="first", user_id="ada")))
            elif number == 2:
                with db.get_session() as session:
                    session.add(Conversation(id="third", user_id="ada"))
            assert await db.read(where) == "primary"
            ids = await db.read(lambda session: list(session.scalars(select(Conversation.id))))
            assert (made.id if made else "first") in ids
        assert "third" in ids
    finally:
        replaying(pair, True)
    await settled(db)
    ids = await db.read(lambda session: list(session.scalars(select(Conversation.id))))
    assert {"first", "third"} <= set(ids)


async def test_what_was_seen_on_the_primary_is_not_unseen(db: DatabaseManager, pair: tuple[str, str]):
    await settled(db)
    replaying(pair, False)
    try:
        with DatabaseManager(pair[0]) as other:
            await other.write(lambda session: session.add(Conversation(id="of-another", user_id="bo")))
        db.write_now(lambda session: session.add(Conversation(id="own", user_id="bo")))
        for _ in range(3):
            ids = await db.read(lambda session: list(session.scalars(select(Conversation.id))))
            assert {"own", "of-another"} <= set(ids)
    finally:
        replaying(pair, True)


async def test_a_replica_that_is_away_or_none_is_passed_over(
    pair: tuple[str, str], caplog: pytest.LogCaptureFixture
):
    away = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    for wrong, says in ((away, "reading from the primary"), (pair[0], "it is no replica")):
        with DatabaseManager(pair[0], replica_url=wrong) as db:
            for _ in range(3):
                assert await db.read(where) == "primary"
        assert says in caplog.text


def test_sqlite_has_no_replica():
    with pytest.raises(DatabaseUrlError, match="replica_url is for PostgreSQL"):
        DatabaseManager("sqlite:///x.db", replica_url="postgresql://127.0.0.1/x")
