"""Which database a URL names, and how it is written where people can see it."""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from .errors import DatabaseUrlError

FORMS = "sqlite:///file.db, sqlite:///:memory:, or postgresql://user:password@host/database"


def parse(url: str) -> URL:
    """The URL with the driver we use; DatabaseUrlError for any other database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        hidden = re.sub(r"(?<=:)(?!//).*(?=@)|(?<=password=)[^&]*", "***", url)
        raise DatabaseUrlError(f"{hidden!r} is not a database URL; the forms are {FORMS}") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed.set(drivername="sqlite")
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        if find_spec("psycopg") is None:
            raise DatabaseUrlError('PostgreSQL needs psycopg: pip install "turngraph[postgres]"')
        return parsed.set(drivername="postgresql+psycopg")
    raise DatabaseUrlError(
        f"{shown(parsed)!r}: {parsed.drivername} is not a database we can open; the forms are {FORMS}"
    )


def is_memory(url: URL) -> bool:
    """Whether the URL names a private database in memory."""
    return url.drivername == "sqlite" and url.database in (None, "", ":memory:")


def shown(url: URL) -> str:
    """The URL without its password, wherever it stands."""
    if "password" in url.query:
        url = url.update_query_dict({"password": "***"})
    text = url.render_as_string(hide_password=True).replace("%2A%2A%2A", "***")
    return unquote(text) if url.drivername == "sqlite" else text


class PrivateFile:
    """Stands for `:memory:`: every thread of a real one has its own empty database, so this is a file of our own."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="turngraph-")
        self.url = URL.create("sqlite", database=str(Path(self.folder) / "memory.db"))

    def delete(self) -> None:
        """Removes the file and all that SQLite laid beside it."""
        shutil.rmtree(self.folder, ignore_errors=True)
