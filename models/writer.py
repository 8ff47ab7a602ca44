"""The writer: takes all waiting writes into one transaction, commits once, then answers all of them.

One commit at a time manages a few hundred a second; sixty-four callers sharing them some thousands.
A write is answered only after the COMMIT of the transaction it ran in. When that transaction cannot be
trusted (a savepoint that cannot be rolled back, a connection that has left its transaction, a COMMIT that
failed) the group is void: nobody is answered, the connection is thrown away, and each write runs again alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import nullcontext
from contextvars import copy_context
from typing import Any, Final

from sqlalchemy.engine import Engine

from .errors import DatabaseError, translated
from .group import Void, transient, write_group
from .job import Answer, Batch, Job, deliver
from .line import Line
from .lock import WriteLock
from .waiting import Waiting

GROUP: Final = 60
TRIES: Final = 5
THREADS: Final = {"sqlite": 1, "postgresql": 3}
# So many jobs are worth a transaction at once: on PostgreSQL it runs beside the loop that asks for the next.
PORTIONS: Final = {"sqlite": GROUP, "postgresql": 25}


class Writer:
    """Threads that write, one on SQLite and a few on PostgreSQL, started by the first write."""

    def __init__(self, engine: Engine, lock: WriteLock | None, where: str) -> None:
        self._engine = engine
        self._lock = lock
        self._where = where
        self._threads: list[threading.Thread] = []
        self._lines: list[Line] = []
        self._starting = threading.Lock()
        self._jobs = Waiting()
        self._portion = PORTIONS.get(engine.dialect.name, GROUP)
        self._gathered: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        self.wrote: Callable[[], None] = _nothing  # is told after each COMMIT, before anybody is answered

    def submit(self, work: Callable[[Any], Any], keys: Collection[str]) -> Future[Any]:
        """Puts a write in the queue, for a caller without an event loop; answered after its COMMIT."""
        answer: Future[Any] = Future()
        self._put([Job(answer, None, work, copy_context(), keys)])
        return answer

    def write(self, work: Callable[[Any], Any], keys: Collection[str], batch: Batch | None = None) -> Answer:
        """Puts a write in the queue; with a batch, what `work` gives is an item for that, which has the answer."""
        loop = asyncio.get_running_loop()
        answer = Answer(loop=loop)
        job = Job(answer, loop, work, copy_context(), keys, batch)
        if len(self._threads) == 1:
            self._gather(loop, job)
        else:
            self._put([job])  # each thread takes some of what waits
        return answer

    def item(self, batch: Batch, item: Any) -> Answer:
        """Puts an item in the queue, to be written by `batch` together with the others of its group."""
        loop = asyncio.get_running_loop()
        answer = Answer(loop=loop)
        self._gather(loop, Job(answer, loop, None, None, (), batch, item))
        return answer

    def close(self) -> None:
        """Writes what is queued, then ends the threads."""
        for loop in list(self._gathered):
            self._hand_over(loop)
        with self._starting:
            self._jobs.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def forget(self) -> None:
        """After a fork: lets go of the parent's connections."""
        for line in self._lines:
            line.forget()

    def _gather(self, loop: asyncio.AbstractEventLoop, job: Job) -> None:
        """Puts a job in the queue when all has run that is ready to run in its loop, or there are many: those that
        were answered together ask for their next write together."""
        with self._starting:
            gathered = self._gathered.setdefault(loop, [])
            if not gathered:
                loop.call_soon(self._hand_over, loop)
            gathered.append(job)
        if len(gathered) >= self._portion:
            self._hand_over(loop)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._starting:
            jobs = self._gathered.pop(loop, [])
        try:
            if jobs:
                self._put(jobs)
        except DatabaseError as error:
            deliver([(job, False, error) for job in jobs])

    def _put(self, jobs: list[Job]) -> None:
        with self._starting:
            if self._jobs.closed:
                raise DatabaseError(f"{self._where} is closed; open another DatabaseManager")
            if not self._threads:
                self._start()
            self._jobs.put(jobs)

    def _start(self) -> None:
        for number in range(THREADS.get(self._engine.dialect.name, 1)):
            line = Line(self._engine)
            thread = threading.Thread(
                target=self._serve, args=(line,), name=f"turngraph-writer-{number}", daemon=True
            )
            self._lines.append(line)
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: Line) -> None:
        while group := self._jobs.take(GROUP):
            self._write(line, group)
            del group  # a writer that waits holds on to nobody's state
        line.close()

    def _write(self, line: Line, group: list[Job]) -> None:
        try:
            again = self._transaction(line, group)
        except Void as void:
            if len(group) == 1 and group[0].batch is None and not transient(void.__cause__):
                self._lost(group[0], void.__cause__)
                return
            again = group
        except BaseException as error:
            for job in group:
                deliver([(job, False, translated(error, self._where))])
            return
        for job in again:
            self._alone(line, job)

    def _alone(self, line: Line, job: Job) -> None:
        cause: BaseException | None = None
        for _ in range(TRIES):
            try:
                if not self._transaction(line, [job]):
                    return
            except Void as void:
                cause = void.__cause__
                if not transient(cause):
                    break
            except BaseException as error:
                cause = error
                break
        self._lost(job, cause)

    def _lost(self, job: Job, cause: BaseException | None) -> None:
        cause = cause or DatabaseError(
            f"{self._where}: the transaction was lost; nothing of this write was stored"
        )
        deliver([(job, False, translated(cause, self._where))])

    def _transaction(self, line: Line, group: list[Job]) -> list[Job]:
        """Runs the group in one transaction; Void if that cannot be trusted. Gives those that must run again."""
        with self._lock or nullcontext():
            try:
                outcomes, again = write_group(line.open(), group, self._where)
            except BaseException:
                line.drop()
                raise
            line.rest()
        self.wrote()
        deliver(outcomes)
        return again


def _nothing() -> None:
    """Nobody wants to know."""
