"""`turngraph db`: bring a database up to date, look into it, make it smaller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..output import AsJson, Db, LogLevel, command, console, say, table

if TYPE_CHECKING:
    from ...models import DatabaseManager

app = typer.Typer(help="Bring a database up to date, look into it, make it smaller.", no_args_is_help=True)


@app.command("upgrade")
@command
def upgrade(db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """Create or update the tables, which happens by itself at the first use, too; index the vectors of large users."""
    from ...models import DatabaseManager, pgvector
    from ...models.migrate import HEAD

    with DatabaseManager(db) as database:
        database.engine.connect().close()
        found = {
            "database": database.url,
            "revision": HEAD,
            "vector_indexes": pgvector.prepare(database.engine),
        }
    if as_json:
        say(found)
    else:
        console().print(f"{found['database']} is at revision {HEAD}", markup=False)
        for name in found["vector_indexes"]:
            console().print(f"vectors of large users are indexed by {name}", markup=False)


@app.command("stats")
@command
def stats(db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """Count what is kept, and say how it is searched."""
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        found = _stats(database)
    if as_json:
        say(found)
        return
    table(f"{found['database']}, revision {found['revision']}", ("table", "rows"), found["tables"].items())
    console().print(
        f"full text: {found['full_text']}; vectors: {found['vectors']}; size: {found['bytes']:,} bytes",
        markup=False,
    )


@app.command("vacuum")
@command
def vacuum(db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """Give back the space of what was deleted."""
    from sqlalchemy import text

    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        before = _size(database)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
            if database.dialect == "sqlite":
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        found = {"database": database.url, "bytes_before": before, "bytes_after": _size(database)}
    if as_json:
        say(found)
    else:
        console().print(
            f"{found['bytes_before']:,} bytes before, {found['bytes_after']:,} after", markup=False
        )


def _stats(database: DatabaseManager) -> dict[str, Any]:
    from sqlalchemy import func, select

    from ...models import Base, pgvector
    from ...models.migrate import HEAD, OURS

    with database.get_session() as session:
        counts = {
            name: session.scalar(select(func.count()).select_from(Base.metadata.tables[name]))
            for name in sorted(OURS)
        }
        vectors = pgvector.told(session.connection())
    return {
        "database": database.url,
        "dialect": database.dialect,
        "revision": HEAD,
        "tables": counts,
        "full_text": "an index in memory for each user who is searched",
        "vectors": vectors,
        "bytes": _size(database),
    }


def _size(database: DatabaseManager) -> int:
    from sqlalchemy import text

    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar() or 0)
    file = Path(database.engine.url.database or "")
    return sum(beside.stat().st_size for beside in file.parent.glob(f"{file.name}*") if beside.is_file())
