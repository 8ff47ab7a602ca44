"""Is a database opened once by many, upgraded whole or not at all, and is a fault said with its mend?"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, Table, inspect, select, text

from turngraph.models import (
    Base,
    Conversation,
    DatabaseError,
    DatabaseManager,
    DatabaseReadOnly,
    DatabaseUnreachable,
    DatabaseUrlError,
    SessionMisuse,
    get_db_manager,
)
from turngraph.models.migrate import HEAD

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="expected: no fork on this platform")


# --- many processes

OPENS = """
import os, sys
from sqlalchemy import Column, Integer, Table, text
from turngraph.models import Base, DatabaseManager, migrate
import alembic.command

url, log = sys.argv[1:]
Table("of_a_user", Base.metadata, Column("id", Integer, primary_key=True))
run = migrate._run
def noted(connection):
    with open(log, "a") as file:
        file.write("x")
    run(connection)
migrate._run = noted
ready, start = os.pipe(), os.pipe()
children = []
for number in range(10):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(start[1])
            os.write(ready[1], b"x")
            os.read(start[0], 1)  # ends when the parent lets go
            with DatabaseManager(url) as db:
                db.create_conversation("ada", conversation_id=f"c{number}")
                with db.get_session() as session:
                    session.execute(text("INSERT INTO of_a_user (id) VALUES (:id)"), {"id": number})
            status = 0
        finally:
            os._exit(status)
    children.append(child)
for _ in children:
    os.read(ready[0], 1)
os.close(start[1])
print([os.waitpid(child, 0)[1] for child in children].count(0))
"""


@needs_fork
def test_ten_processes_that_start_at_once_migrate_once(
    lasting_url: str, tmp_path: Path, python: Callable[..., str]
):
    assert python(OPENS, lasting_url, str(tmp_path / "log")) == "10"
    assert (tmp_path / "log").read_text() == "x"
    with DatabaseManager(lasting_url) as db:
        assert db.get_conversation_stats("ada")["total"] == 10
        with db.get_session() as session:
            assert session.scalar(text("SELECT count(*) FROM of_a_user")) == 10


def test_managers_of_many_threads_open_one_database(lasting_url: str):
    managers = [DatabaseManager(lasting_url) for _ in range(4)]
    threads = [
        threading.Thread(target=db.create_conversation, args=("ada",)) for db in managers for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert managers[0].get_conversation_stats("ada")["total"] == 8
    for db in managers:
        db.close()


# --- upgrading

UPGRADES = """
import shutil, sys, time
from pathlib import Path
from turngraph.models import DatabaseManager, migrate

url, folder, marker, how = sys.argv[1:]
folder = Path(folder)
head = migrate.HEAD
if not folder.exists():
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
(folder / "versions" / "v9999_newest.py").write_text(f'''
import time
from pathlib import Path
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", {head!r}, None, None
def upgrade():
    op.execute("UPDATE conversations SET title = 'upgraded'")
    with op.batch_alter_table("conversations") as table:
        table.add_column(sa.Column("mood", sa.String(20), nullable=False, server_default="fine"))
    op.create_table("moods", sa.Column("id", sa.Integer, primary_key=True))
    with Path({marker!r}).open("a") as file:
        file.write("x")
    if {how!r} == "hang":
        time.sleep(60)
''')
migrate.FOLDER, migrate.HEAD = folder, "9999"
with DatabaseManager(url) as db:
    print(db.get_conversation("c").title, len(db.get_conversation_messages("c")), flush=True)
"""


def old_database(url: str) -> None:
    with DatabaseManager(url) as db:
        db.create_conversation("ada", "old", conversation_id="c")
        db.add_message("c", "a message that must survive")
        db.create_context_window("c", ["m"])


def test_an_older_database_is_upgraded_with_its_rows(
    lasting_url: str, tmp_path: Path, python: Callable[..., str]
):
    old_database(lasting_url)
    for _ in range(2):
        found = python(UPGRADES, lasting_url, str(tmp_path / "m"), str(tmp_path / "log"), "go")
        assert found == "upgraded 1"
    assert (tmp_path / "log").read_text() == "x"
    with pytest.raises(DatabaseError, match="newer turngraph"), DatabaseManager(lasting_url) as db:
        db.create_conversation("ada")


def test_an_upgrade_killed_midway_leaves_the_database_whole(
    lasting_url: str, tmp_path: Path, python: Callable[..., str]
):
    old_database(lasting_url)
    log = tmp_path / "log"
    arguments = [lasting_url, str(tmp_path / "m"), str(log)]
    child = subprocess.Popen([sys.executable, "-W", "ignore", "-c", UPGRADES, *arguments, "hang"])
    while not log.exists():
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.wait()
    with DatabaseManager(lasting_url) as db:
        assert db.get_conversation("c").title == "old"
        there = inspect(db.engine)
        assert "mood" not in {column["name"] for column in there.get_columns("conversations")}
        assert not there.has_table("moods")
        with db.engine.connect() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    assert python(UPGRADES, *arguments, "go") == "upgraded 1"


# --- a user's own tables


@pytest.fixture
def own_table() -> Iterator[Callable[[], Table]]:
    """Declares tables on Base, and takes them away again."""
    made: list[Table] = []

    def declare() -> Table:
        name = f"own_{uuid.uuid4().hex}"
        columns = (Column("id", Integer, primary_key=True), Column("name", String(20)))
        made.append(Table(name, Base.metadata, *columns))
        return made[-1]

    yield declare
    for table in made:
        Base.metadata.remove(table)


def test_a_users_table_is_made_on_first_use_and_on_next_use_when_declared_later(
    db: DatabaseManager, own_table: Callable[[], Table]
):
    for _ in range(2):
        table = own_table()
        with db.get_session() as session:
            session.execute(table.insert().values(name="x"))
        with db.get_session() as session:
            assert session.scalars(select(table.c.name)).all() == ["x"]


async def test_a_users_table_declared_later_is_there_for_writes_and_reads(
    db: DatabaseManager, own_table: Callable[[], Table]
):
    db.create_conversation("ada")
    table = own_table()
    await db.write(lambda session: bool(session.execute(table.insert().values(name="x"))))
    assert await db.read(lambda session: session.scalars(select(table.c.name)).all()) == ["x"]


def test_a_users_table_keeps_its_rows_when_opened_again(lasting_url: str, own_table: Callable[[], Table]):
    table = own_table()
    for count in range(2):
        with DatabaseManager(lasting_url) as db, db.get_session() as session:
            assert len(session.execute(select(table)).all()) == count
            session.execute(table.insert().values(name="x"))


def test_a_table_declared_while_a_session_writes_says_so_at_once(
    sqlite: DatabaseManager, own_table: Callable[[], Table]
):
    with sqlite.get_session() as session:
        session.add(Conversation(user_id="ada"))
        session.flush()
        own_table()
        with pytest.raises(SessionMisuse, match="cannot be created meanwhile"):
            sqlite.get_session()
    sqlite.get_session().close()


# --- what cannot be opened


def opens(url: str) -> Exception:
    """What opening a URL raises."""
    with DatabaseManager(url) as db, pytest.raises(DatabaseError) as caught:
        db.create_conversation("ada")
    return caught.value


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path):
    error = opens(f"sqlite:///{tmp_path / 'none' / 'x.db'}")
    assert isinstance(error, DatabaseUnreachable) and str(tmp_path / "none") in str(error)
    assert "check the URL" in str(error)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path):
    file = tmp_path / "x.db"
    file.write_bytes(b"not a database at all " * 100)
    error = opens(f"sqlite:///{file}")
    assert isinstance(error, DatabaseUnreachable) and "not a database" in str(error)
    assert file.read_bytes() == b"not a database at all " * 100


def test_a_server_that_does_not_answer_is_named_without_the_password():
    error = opens("postgresql://ada:s3cret@127.0.0.1:1/x")
    assert isinstance(error, DatabaseUnreachable) and "127.0.0.1:1" in str(error)
    assert "s3cret" not in f"{error} {error!r} {error.__cause__}"


def test_a_database_that_does_not_exist_on_the_server_is_named(postgres_url: str):
    base = postgres_url.rpartition("/")[0] if postgres_url.count("/") > 2 else postgres_url
    error = opens(f"{base}/none_of_that_name")
    assert isinstance(error, DatabaseUnreachable) and "none_of_that_name" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ada:s3cret@host/x", "oracle+cx://ada:s3cret@host/x", "postgresql//ada:s3cret@host/x",
        "postgresql://ada:s3cret@host:port/x", "mysql://host/x?password=s3cret", "nonsense", "",
        "postgresql://ada:s3:cr@host:port/x",
    ],
)  # fmt: skip
def test_what_is_not_a_url_we_open_lists_the_forms_and_hides_the_password(url: str):
    with pytest.raises(DatabaseUrlError, match=r"sqlite:///file\.db, .*postgresql://user") as caught:
        DatabaseManager(url)
    assert isinstance(caught.value, ValueError)
    assert "s3" not in str(caught.value) and caught.value.__cause__ is None


def test_a_password_is_shown_nowhere():
    for url in ("postgresql://ada:s3cret@127.0.0.1:1/x", "postgresql://ada@127.0.0.1:1/x?password=s3cret"):
        db = DatabaseManager(url)
        assert "s3cret" not in f"{db!r} {db.url}" and "***" in db.url
        db.close()


def test_without_psycopg_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    monkeypatch.setattr("turngraph.models.urls.find_spec", lambda name: None)
    with pytest.raises(DatabaseUrlError, match=r'pip install "turngraph\[postgres\]"'):
        DatabaseManager("postgresql://host/x")


async def test_a_read_only_file_is_read_and_says_so_when_written(tmp_path: Path):
    file = tmp_path / "x.db"
    with DatabaseManager(f"sqlite:///{file}") as db:
        db.create_conversation("ada", "kept", conversation_id="c")
    with DatabaseManager(f"sqlite:///file:{file}?mode=ro&uri=true") as db:
        assert db.get_conversation("c").title == "kept"
        for _ in range(2):
            with pytest.raises(DatabaseReadOnly, match="writable"):
                await db.write(lambda session: session.add(Conversation(user_id="ada")))


def test_a_read_only_file_that_is_empty_says_so(tmp_path: Path):
    (tmp_path / "x.db").touch()
    assert isinstance(opens(f"sqlite:///file:{tmp_path / 'x.db'}?mode=ro&uri=true"), DatabaseReadOnly)


def test_opening_again_after_a_fault_works(tmp_path: Path):
    folder = tmp_path / "later"
    with DatabaseManager(f"sqlite:///{folder / 'x.db'}") as db:
        with pytest.raises(DatabaseUnreachable):
            db.create_conversation("ada")
        folder.mkdir()
        assert db.create_conversation("ada").user_id == "ada"


def test_another_programs_tables_are_left_alone(tmp_path: Path):
    other = sqlite3.connect(tmp_path / "x.db")
    other.execute("CREATE TABLE theirs (id INTEGER)")
    other.execute("INSERT INTO theirs VALUES (7)")
    other.commit()
    other.close()
    with DatabaseManager(f"sqlite:///{tmp_path / 'x.db'}") as db, db.get_session() as session:
        assert session.scalar(text("SELECT id FROM theirs")) == 7


# --- the manager


def test_memory_is_one_database_for_all_threads_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with DatabaseManager("sqlite:///:memory:") as db, DatabaseManager("sqlite://") as other:
        assert (repr(db), db.url) == ("<DatabaseManager sqlite:///:memory:>", "sqlite:///:memory:")
        db.create_conversation("ada", conversation_id="c")
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(db.get_conversation("c")))
        thread.start()
        thread.join()
        assert [row.id for row in found] == ["c"]
        assert other.get_conversation_stats("ada")["total"] == 0
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_without_a_url_it_is_the_last_one_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("turngraph.models.manager._last", [])  # whatever other tests left open
    with DatabaseManager("sqlite:///one.db") as one:
        assert get_db_manager() is one
        with DatabaseManager("sqlite:///two.db") as two:
            assert get_db_manager() is two
        assert get_db_manager() is one
        found = get_db_manager("sqlite:///three.db")
        assert get_db_manager("sqlite:///three.db") is found
        found.close()
        assert get_db_manager("sqlite:///three.db") is not found
        get_db_manager("sqlite:///three.db").close()
    default = get_db_manager()
    default.create_conversation("ada")
    assert (tmp_path / "conversation_memory.db").exists()
    default.close()


def test_thirty_sessions_share_the_connections_of_the_pool(postgres_database: str):
    seen: list[int] = []
    count = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )

    def work(db: DatabaseManager, number: int) -> None:
        with db.get_session() as session:
            session.add(Conversation(user_id="ada", id=f"c{number}"))
            session.flush()
            seen.append(session.scalar(count) or 0)

    with DatabaseManager(postgres_database, pool_size=3, max_overflow=2) as db:
        db.create_conversation("ada", conversation_id="c")
        threads = [threading.Thread(target=work, args=(db, number)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 30 and max(seen) <= 5
        assert db.get_conversation_stats("ada")["total"] == 31


# --- forks and the end of a process

FORKS = """
import os, sys
from turngraph.models import DatabaseManager

db = DatabaseManager(sys.argv[1])
db.create_conversation("ada", conversation_id="before")
db.read_now(lambda session: None)
with db.get_session() as session:
    from turngraph.models import Conversation
    session.add(Conversation(user_id="ada", id="open"))
    session.flush()
    session.commit()
first, second = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    status = 1
    try:
        for number in range(20):
            db.create_conversation("ada", conversation_id=f"child-{number}")
        os.write(first[1], b"x")
        os.read(second[0], 1)  # the parent has closed its database
        for number in range(20, 40):
            db.create_conversation("ada", conversation_id=f"child-{number}")
        db.close()
        status = 0
    finally:
        os._exit(status)
for number in range(20):
    db.create_conversation("ada", conversation_id=f"parent-{number}")
os.read(first[0], 1)
assert db.get_conversation_stats("ada")["total"] == 42
db.close()
os.write(second[1], b"x")
assert os.waitpid(child, 0)[1] == 0
"""

ENDS = """
import sys
from turngraph.models import Conversation, DatabaseManager

db = DatabaseManager(sys.argv[1])
db.create_conversation("ada", conversation_id="first")
for number in range(200):
    db._ready().writer.submit(lambda session, n=number: session.add(Conversation(user_id="ada", id=f"c{n}")), ())
"""


@needs_fork
def test_parent_and_child_of_a_fork_both_write(lasting_url: str, python: Callable[..., str]):
    python(FORKS, lasting_url)
    with DatabaseManager(lasting_url) as db:
        assert db.get_conversation_stats("ada")["total"] == 62


@needs_fork
def test_a_child_leaves_the_memory_of_its_parent_alone(python: Callable[..., str]):
    python(
        """
import os, sys
from turngraph.models import DatabaseManager
db = DatabaseManager("sqlite:///:memory:")
db.create_conversation("ada", conversation_id="c")
child = os.fork()
if child == 0:
    db.get_conversation("c")
    sys.exit(0)  # with all that happens at exit
assert os.waitpid(child, 0)[1] == 0
assert db.get_conversation("c").id == "c"
db.create_conversation("ada", conversation_id="d")
"""
    )


def test_the_end_of_the_interpreter_writes_what_is_queued(lasting_url: str, python: Callable[..., str]):
    python(ENDS, lasting_url)
    with DatabaseManager(lasting_url) as db:
        assert db.get_conversation_stats("ada")["total"] == 201
