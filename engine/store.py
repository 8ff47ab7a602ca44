"""What a graph needs of a store, at two levels, and a store in memory.

At the first level it gives `prep` a session to read with and commits what `post` writes;
`turngraph.models.DatabaseManager` is one. At the second it also writes the run and its steps in that same
transaction, which makes the run durable; `MemoryStore` is one, and `DatabaseManager.runs` another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from .record import NotWaiting, RunExists, RunOwned, RunRecord, RunStatus, StepRecord, UnknownRun

if TYPE_CHECKING:
    from typing_extensions import TypeIs

T = TypeVar("T")


@runtime_checkable
class SessionStore(Protocol):
    """Gives `prep` a session to read with, and commits what `post` writes with its session."""

    async def read(self, work: Callable[[Any], T], /) -> T:
        """Runs `work(session)` read-only on a thread of the store; what it returns outlives the session."""
        ...

    async def write(self, work: Callable[[Any], T], /, *, keys: Collection[str] = ()) -> T:
        """Runs `work(session)` in one transaction and returns after its COMMIT; `work` may be called again
        after a rollback. Jobs that name a common key do not run at the same time."""
        ...


@runtime_checkable
class RunStore(Protocol):
    """Keeps runs and their committed steps. `sessions` gives the sessions of the same transactions, if it has any."""

    @property
    def sessions(self) -> SessionStore | None:
        """Where `prep` and `post` get theirs."""
        ...

    async def begin(self, run: RunRecord, /, steps: Sequence[StepRecord] = ()) -> None:
        """Stores a new run, with the steps it is forked with; RunExists if its id is taken."""
        ...

    async def load(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps in their order; UnknownRun if there is none. It is this store's, and running, from
        now until `end`; RunOwned if somebody else runs it, be it in this process."""
        ...

    async def shown(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps, to look at: whose it is, and how it stands, does not change."""
        ...

    async def change(self, run: RunRecord, /) -> None:
        """Gives a run that was loaded here the graph, shape, inputs, start and era of `run`."""
        ...

    async def answer(self, run_id: str, path: str, value: str, /) -> None:
        """Stores a person's answer to a step that waits, once; NotWaiting if there is none, or it has one."""
        ...

    async def append(self, step: StepRecord, /) -> StepRecord:
        """Commits a step, and with `last` the end of its run; gives the one that is there if it was before."""
        ...

    async def commit(
        self, work: Callable[[Any], StepRecord], run_id: str, path: str, /, *, keys: Collection[str] = ()
    ) -> StepRecord:
        """Runs `work(session)` and commits what it wrote together with the step it returns, once and for all."""
        ...

    async def end(self, run_id: str, status: RunStatus, action: str | None, error: str | None, /) -> None:
        """Notes how a run stands that this store was running, and lets go of it."""
        ...


_kinds: dict[type, bool] = {}


def is_run_store(store: object) -> TypeIs[RunStore]:
    """Whether a store keeps runs: asked of its class once, since asking a protocol costs as much as ten steps."""
    kind = type(store)
    if kind not in _kinds:
        _kinds[kind] = isinstance(store, RunStore)
    return _kinds[kind]


class RecoverableStore(RunStore, Protocol):
    """A RunStore that several processes share, so that one can find what another left."""

    async def unfinished(self) -> list[RunRecord]:
        """The runs that were running when their owner died."""
        ...


class MemoryStore:
    """Keeps runs in this process: for tests, and to try a durable graph out. It has no sessions."""

    sessions: SessionStore | None = None

    def __init__(self) -> None:
        self.runs: dict[str, RunRecord] = {}
        self.steps: dict[str, dict[str, StepRecord]] = {}
        self._active: set[str] = set()

    async def begin(self, run: RunRecord, /, steps: Sequence[StepRecord] = ()) -> None:
        """Stores a new run."""
        if run.run_id in self.runs:
            raise RunExists(
                f"the run {run.run_id!r} is stored already; graph.resume(...), or turngraph runs resume, goes on with it"
            )
        self.runs[run.run_id] = run
        self.steps[run.run_id] = {step.path: step for step in steps}
        self._active.add(run.run_id)

    async def load(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps in their order; RunOwned while it is being run."""
        if run_id in self._active:
            raise RunOwned(f"run {run_id!r} is being run in this process")
        run, steps = await self.shown(run_id)
        self._active.add(run_id)
        self.runs[run_id] = run = replace(run, status="running")
        return run, steps

    async def shown(self, run_id: str, /) -> tuple[RunRecord, list[StepRecord]]:
        """A run and its steps in their order, to look at."""
        if run_id not in self.runs:
            raise UnknownRun(f"no run {run_id!r} is stored here")
        steps = sorted(self.steps[run_id].values(), key=lambda step: step.number)
        return self.runs[run_id], steps

    async def change(self, run: RunRecord, /) -> None:
        """Gives a run another graph to go on with."""
        self.runs[run.run_id] = run

    async def answer(self, run_id: str, path: str, value: str, /) -> None:
        """Keeps a person's answer, once."""
        step = self.steps.get(run_id, {}).get(path)
        if step is None or step.waits is None or step.answer is not None:
            raise NotWaiting(f"the step {path!r} does not wait for an answer, or has one")
        self.steps[run_id][path] = replace(step, answer=value)

    async def append(self, step: StepRecord, /) -> StepRecord:
        """Keeps a step."""
        kept = self.steps[step.run_id].setdefault(step.path, step)
        if step.last:
            await self.end(step.run_id, "done", kept.action, None)
        return kept

    async def commit(
        self, work: Callable[[Any], StepRecord], run_id: str, path: str, /, *, keys: Collection[str] = ()
    ) -> StepRecord:
        """Keeps what `work` returns; there is no session here."""
        known = self.steps[run_id].get(path)
        return known if known is not None else await self.append(work(None))

    async def end(self, run_id: str, status: RunStatus, action: str | None, error: str | None, /) -> None:
        """Notes how a run stands."""
        self._active.discard(run_id)
        self.runs[run_id] = replace(self.runs[run_id], status=status, action=action, error=error)
