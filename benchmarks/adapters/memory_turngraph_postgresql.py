"""Ours on PostgreSQL: the same, in a new database of a server on this machine."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
from adapters import memory_turngraph
from adapters.memory_base import Item
from sqlalchemy import text

from turngraph.models import DatabaseManager

SERVER: Final = "postgresql://postgres@127.0.0.1:5432/postgres"


class Memory(memory_turngraph.Memory):
    def __init__(self, folder: Path, dimension: int) -> None:
        self.name = f"turngraph_bench_{uuid.uuid4().hex}"
        self._server(f'CREATE DATABASE "{self.name}"')
        self.db = DatabaseManager(urlsplit(SERVER)._replace(path=f"/{self.name}").geturl())
        self.held = {}

    def fill(self, items: Sequence[Item]) -> None:
        super().fill(items)
        with self.db.get_session() as session:
            session.execute(text("ANALYZE"))  # what autovacuum does within a minute of so many new rows

    def kept(self) -> int:
        """How many bytes the database takes."""
        with psycopg.connect(SERVER) as server:
            found = server.execute("SELECT pg_database_size(%s)", [self.name]).fetchone()
        return 0 if found is None else int(found[0])

    def close(self) -> None:
        self.db.close()
        self._server(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def _server(self, statement: str) -> None:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(statement)  # type: ignore[arg-type, unused-ignore]
