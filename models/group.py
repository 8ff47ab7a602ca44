"""One transaction for a group of writes: each job in a savepoint of its own, each batch in a few statements, one COMMIT.

When the transaction cannot be trusted (a savepoint that cannot be rolled back, a connection that has left its
transaction, a COMMIT that failed) the group is void: nobody may be answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from contextvars import copy_context
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .driver import run
from .errors import CommitUnknown, DatabaseBusy, translated
from .job import Batch, Job, Outcome
from .lock import mark_thread
from .sessions import Lender


class Void(Exception):
    """The group's transaction cannot be trusted; its writes run again, each alone."""


def write_group(connection: Connection, group: list[Job], where: str) -> tuple[list[Outcome], list[Job]]:
    """Runs a group in one transaction; gives the outcomes, and the jobs that must run again. Void if it cannot be trusted."""
    remote = connection.dialect.name != "sqlite"
    if remote and (answered := _at_once(connection, group)) is not None:
        return answered, []
    transaction = connection.begin()
    try:
        take_keys(connection, {key for job in group for key in job.keys})
    except SQLAlchemyError as error:
        raise Void from error
    outcomes: list[Outcome] = []
    batches: dict[Batch, list[tuple[Job, Any]]] = {}
    lender = Lender(connection)
    for job in group:
        item = job.item
        if job.work is not None:
            done, item = _job(connection, lender, job, job.work, where)
            if job.batch is None or not done:
                outcomes.append((job, done, item))
                continue
        if job.batch is not None:
            batches.setdefault(job.batch, []).append((job, item))
    lender.close()
    for batch, items in batches.items():
        _batch(connection, batch, items, outcomes)
    try:
        transaction.commit()
    except Exception as error:
        if not (isinstance(error, DBAPIError) and error.connection_invalidated and remote):
            raise Void from error
        unknown = CommitUnknown(f"{where}: the connection was lost during COMMIT; read to learn its outcome")
        outcomes = [(job, False, unknown) for job in group if job.batch is None]
        return outcomes, [job for job in group if job.batch is not None]
    return outcomes, []


def _at_once(connection: Connection, group: list[Job]) -> list[Outcome] | None:
    """The outcomes of a group that is all of one batch and needs no more than one statement."""
    batch = group[0].batch
    if batch is None or any(job.batch is not batch or job.work is not None for job in group):
        return None
    try:
        answers = batch.write_at_once(connection, [job.item for job in group])
    except Exception as error:
        raise Void from error
    return None if answers is None else _answered(group, answers)


def _answered(jobs: list[Job], answers: list[Any]) -> list[Outcome]:
    outcomes = zip(jobs, answers, strict=True)
    return [(job, not isinstance(answer, Exception), answer) for job, answer in outcomes]


def _batch(
    connection: Connection, batch: Batch, items: list[tuple[Job, Any]], outcomes: list[Outcome]
) -> None:
    try:
        answers = batch.write(connection, [item for _, item in items])
        _standing(connection)
    except Void:
        raise
    except Exception as error:
        raise Void from error
    outcomes += _answered([job for job, _ in items], answers)


def _job(
    connection: Connection, lender: Lender, job: Job, work: Callable[[Any], Any], where: str
) -> tuple[bool, Any]:
    try:
        run(connection, "SAVEPOINT job")
    except Exception as error:
        raise Void from error
    try:
        session = lender.lend()
        try:
            context = job.context.copy() if job.context is not None else copy_context()
            value = context.run(_call, work, session)
            session.flush()
        except BaseException:
            session.give_back()
            raise
        lender.take_back(session)
        _standing(connection)
        _release(connection)
        return True, value
    except Void:
        raise
    except BaseException as error:
        if transient(error):
            raise Void from error
        try:
            _standing(connection, error)
            run(connection, "ROLLBACK TO SAVEPOINT job")
            _release(connection)
        except Void:
            raise
        except Exception as lost:
            raise Void from lost
        return False, translated(error, where)


def _standing(connection: Connection, cause: BaseException | None = None) -> None:
    """Asks the driver whether the transaction is still there: a full disk rolls all of SQLite's back,
    and the next statement would silently open another."""
    driver: Any = connection.connection.dbapi_connection
    if driver is None or getattr(driver, "closed", False):
        raise Void from cause
    if not (driver.in_transaction if hasattr(driver, "in_transaction") else driver.info.transaction_status):
        raise Void from cause


def _release(connection: Connection) -> None:
    """Lets a savepoint go; on PostgreSQL the next of that name hides it, which saves the way there and back."""
    if connection.dialect.name == "sqlite":
        run(connection, "RELEASE SAVEPOINT job")


def _call(work: Callable[[Any], Any], session: Any) -> Any:
    mine = mark_thread("a step, or a function given to db.write,")
    try:
        return work(session)
    finally:
        mine.active = False


def take_keys(connection: Connection, keys: Collection[str]) -> None:
    """Locks keys on PostgreSQL until the transaction ends, sorted, so that two groups never wait for each other."""
    if keys and connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) AS k"),
            {"keys": sorted(map(_number, keys))},
        )


def _number(key: str) -> int:
    digest = hashlib.blake2b(f"turngraph {key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def transient(error: BaseException | None) -> bool:
    """Whether the same write could succeed on another try: a deadlock, a serialization failure, a lost connection."""
    if isinstance(error, DatabaseBusy):
        return False
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return state in ("40001", "40P01") or bool(error.connection_invalidated)
