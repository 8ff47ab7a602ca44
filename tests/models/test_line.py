"""Does a connection that is thrown away let go of everything?"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from turngraph.models.engines import open_engines
from turngraph.models.line import Line
from turngraph.models.urls import parse


def test_a_dropped_line_keeps_no_lock_though_somebody_holds_a_cursor(tmp_path: Path):
    engines = open_engines(parse(f"sqlite:///{tmp_path / 'test.db'}"), 5, 10)
    line = Line(engines.writer)
    connection = line.open()
    connection.begin()
    connection.execute(text("CREATE TABLE lost (n INTEGER)"))
    driver = connection.connection.dbapi_connection
    assert driver is not None
    cursor = driver.cursor()
    cursor.execute("SELECT 1 UNION SELECT 2").fetchone()
    line.drop()
    with engines.sessions.connect() as other:
        other.execute(text("PRAGMA busy_timeout = 0"))
        other.execute(text("CREATE TABLE kept (n INTEGER)"))
        names = other.execute(text("SELECT name FROM sqlite_master")).scalars().all()
    assert names == ["kept"]
    assert cursor.connection is driver  # it was held until here
    engines.dispose()
