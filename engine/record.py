"""What a durable run writes down: one row for the run, one for each step, holding only what the step changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .codec import Codec
from .errors import RunError
from .overlay import Overlay

if TYPE_CHECKING:
    from .store import RunStore

State: TypeAlias = dict[str, Any]
RunStatus: TypeAlias = Literal["running", "done", "failed"]


class UnknownRun(RunError):
    """No run of that id is stored here."""


class RunExists(RunError):
    """A run of that id is stored already; resume it, or choose another id."""


class RunChanged(RunError):
    """The graph is not the one that the run began with."""


class RunOwned(RunError):
    """The run is being run by another process, which is alive."""


class Fenced(RunError):
    """Another process has taken this one's runs over, since its lease ran out; it must not write any more."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One durable run: its graph and that graph's shape, the state it began with, and how it stands."""

    run_id: str
    graph: str
    shape: str
    inputs: str
    status: RunStatus = "running"
    action: str | None = None
    error: str | None = None
    scope: Any = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One committed step: its path, the action it took, and what it changed, as text."""

    run_id: str
    path: str
    number: int
    action: str
    seconds: float
    changes: str


class Recorder:
    """Writes the steps of one run to its store, and knows those that were committed before."""

    def __init__(self, store: RunStore, codec: Codec, run_id: str, known: Mapping[str, StepRecord]) -> None:
        self._store = store
        self._codec = codec
        self._run_id = run_id
        self._known = dict(known)
        self._number = len(self._known)

    def recall(self, path: str, state: State) -> tuple[State, str] | None:
        """The state after a step that was committed before, and its action; None if it was not."""
        step = self._known.pop(path, None)
        return None if step is None else self.after(state, step)

    def after(self, state: State, step: StepRecord) -> tuple[State, str]:
        """The state after a committed step."""
        assigned, deleted = self._codec.decode(step.changes)
        after = state | dict(assigned)
        for key in deleted:
            after.pop(key, None)
        return after, step.action

    async def append(
        self, path: str, node: str, state: State, overlay: Overlay, action: str, seconds: float
    ) -> tuple[State, str]:
        """Commits a step that needed no session; gives the state after it and its action."""
        step = self._step(path, node, state, overlay, action, seconds)
        return self.after(state, await self._store.append(step))

    async def commit(
        self,
        path: str,
        node: str,
        state: State,
        post: Callable[[Any], tuple[Overlay, str]],
        keys: list[str],
        begun: float,
    ) -> tuple[State, str]:
        """Runs `post(session)` in the store's transaction, and commits what it did with the fact that it happened."""

        def work(session: Any) -> StepRecord:
            overlay, action = post(session)
            return self._step(path, node, state, overlay, action, monotonic() - begun)

        return self.after(state, await self._store.commit(work, self._run_id, path, keys=keys))

    def _step(
        self, path: str, node: str, state: State, overlay: Overlay, action: str, seconds: float
    ) -> StepRecord:
        self._number += 1
        return StepRecord(
            self._run_id, path, self._number, action, seconds, self._changes(node, state, overlay)
        )

    def _changes(self, node: str, state: State, overlay: Overlay) -> str:
        """What a step assigned and deleted, each value encoded once: it is also what tells whether it changed."""
        touched, gone = overlay.changes()
        pairs: list[str] = []
        for key, value in touched.items():
            text = self._codec.encode(value, f"the key {key!r}, written by node {node!r},")
            if key not in state or (state[key] is not value and text != self._codec.encode(state[key])):
                pairs.append(f"[{json.dumps(key)},{text}]")
        return f"[[{','.join(pairs)}],{json.dumps(sorted(gone))}]"
