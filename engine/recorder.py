"""Writes the steps of a durable run down, and knows those that were committed before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from .codec import Codec, dumps
from .overlay import Overlay, unchanging
from .record import StepRecord
from .waiting import Wait, Waits

if TYPE_CHECKING:
    from .plan import Step
    from .store import RunStore

State: TypeAlias = dict[str, Any]
# What post does, run on an overlay of its own: what it changed, its action, and the pause it waits at.
Post: TypeAlias = Callable[[Any], tuple[Overlay, str, str | None]]
RESULT: Final = "#exec"  # behind a step's path: what its exec gave, recorded before post
SCALARS: Final = (str, int, bool, type(None))
_text = lru_cache(1024)(dumps)


@dataclass(slots=True)
class Taking:
    """A step that is being taken: its path and node, when it began, how often its exec was tried, and its Outputs."""

    path: str
    node: str
    begun: float
    attempts: int = 1
    outputs: Mapping[str, Any] = field(default_factory=dict)


class Records(Protocol):
    """What the walk asks of whoever keeps account of its steps: a Recorder, or a Replayer.

    `seconds` is what the step needed that was given back last.
    """

    ended: bool
    seconds: float

    def recall(self, step: Step, path: str, state: State) -> tuple[State, str] | None: ...
    def result(self, path: str) -> tuple[Any] | None: ...
    async def keep(self, taking: Taking, result: Any) -> Any: ...
    async def append(
        self, taking: Taking, state: State, overlay: Overlay, action: str, waits: str | None, last: bool
    ) -> tuple[State, str]: ...
    async def commit(
        self, taking: Taking, state: State, post: Post, keys: list[str], ends: Callable[[str], bool]
    ) -> tuple[State, str]: ...
    async def join(
        self, taking: Taking, state: State, after: State, action: str, last: bool
    ) -> tuple[State, str]: ...


class Recorder:
    """Commits the steps of one run to its store; a step that was committed before is recalled, not run."""

    def __init__(self, store: RunStore, codec: Codec, run_id: str, steps: Iterable[StepRecord] = ()) -> None:
        self._store = store
        self._codec = codec
        self._run_id = run_id
        self._known = {step.path: step for step in steps}
        self._number = max((step.number for step in self._known.values()), default=0)
        self.ended = False
        self.seconds = 0.0

    def recall(self, step: Step, path: str, state: State) -> tuple[State, str] | None:
        """The state after a step that was committed before, and its action; None if it was not."""
        known = self._known.pop(path, None)
        return None if known is None else self.after(state, known)

    def after(self, state: State, step: StepRecord) -> tuple[State, str]:
        """The state after a committed step, and its action; Waits if it still waits for a person."""
        self.seconds = step.seconds
        after = changed(state, self._codec, step)
        if step.waits is not None:
            if step.answer is None:
                raise Waits((Wait(step.waits, step.path),), after)
            after[step.waits] = self._codec.decode(step.answer)
        return after, step.action

    def result(self, path: str) -> tuple[Any] | None:
        """What exec gave before, where that was recorded."""
        known = self._known.pop(path + RESULT, None)
        return None if known is None else (self._codec.decode(known.changes),)

    async def keep(self, taking: Taking, result: Any) -> Any:
        """Commits what exec gave, before post is called; gives it back as it will be read again."""
        text = self._codec.encode(result, f"the result of exec of node {taking.node!r}")
        step = self._step(taking, "exec", text, self._next())
        stored = await self._store.append(replace(step, path=taking.path + RESULT))
        return self._codec.decode(stored.changes)

    async def append(
        self, taking: Taking, state: State, overlay: Overlay, action: str, waits: str | None, last: bool
    ) -> tuple[State, str]:
        """Commits a step that needed no session; gives the state after it and its action."""
        text, after = self._changes(taking.node, state, *overlay.changes())
        last = last and waits is None
        step = self._step(taking, action, text, self._next(), waits, last)
        stored = await self._store.append(step)
        self.ended, self.seconds = self.ended or last, stored.seconds
        if stored is step and waits is None:
            return after, action
        return self.after(state, stored)

    async def commit(
        self, taking: Taking, state: State, post: Post, keys: list[str], ends: Callable[[str], bool]
    ) -> tuple[State, str]:
        """Runs `post(session)` in the store's transaction, and commits what it did with the fact that it happened."""
        number = self._next()
        made: StepRecord | None = None
        after = state

        def work(session: Any) -> StepRecord:
            nonlocal made, after
            overlay, action, waits = post(session)
            text, after = self._changes(taking.node, state, *overlay.changes())
            made = self._step(taking, action, text, number, waits, waits is None and ends(action))
            return made

        stored = await self._store.commit(work, self._run_id, taking.path, keys=keys)
        self.ended, self.seconds = self.ended or stored.last, stored.seconds
        if stored is made and stored.waits is None:
            return after, stored.action
        return self.after(state, stored)

    async def join(
        self, taking: Taking, state: State, after: State, action: str, last: bool
    ) -> tuple[State, str]:
        """Commits what a sub-graph, a Parallel or a Map came to, so that none of its steps is walked again."""
        own = {key: value for key, value in after.items() if key not in state or state[key] is not value}
        text, joined = self._changes(taking.node, state, own, state.keys() - after.keys())
        step = self._step(taking, action, text, self._next(), None, last)
        stored = await self._store.append(step)
        self.ended, self.seconds = self.ended or last, stored.seconds
        return (joined, action) if stored is step else self.after(state, stored)

    def _step(
        self,
        taking: Taking,
        action: str,
        text: str,
        number: int,
        waits: str | None = None,
        last: bool = False,
    ) -> StepRecord:
        seconds = monotonic() - taking.begun
        return StepRecord(
            self._run_id, taking.path, number, action, seconds, text, taking.attempts, waits, None, last
        )

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _changes(
        self, node: str, state: State, own: dict[str, Any], gone: Iterable[str]
    ) -> tuple[str, State]:
        """What a step assigned and deleted, as text, and the state after it: as that text would be read again.

        Each value is encoded once: the text is also what tells whether it changed.
        """
        pairs: list[str] = []
        after = state.copy()
        for key, value in own.items():
            had = key in state
            kind = type(value)
            if kind in SCALARS:
                if had and type(state[key]) is kind and state[key] == value:
                    continue
                text = str(value) if kind is int else dumps(value)
            else:
                text = self._codec.encode(value, f"the key {key!r}, written by node {node!r},")
                if had and (state[key] is value or text == self._codec.encode(state[key])):
                    continue
                if not unchanging(value):
                    value = self._codec.decode(text)
            after[key] = value
            pairs.append(f"[{_text(key)},{text}]")
        deleted = sorted(gone)
        for key in deleted:
            del after[key]
        return f"[[{','.join(pairs)}],{dumps(deleted) if deleted else '[]'}]", after


def changed(state: State, codec: Codec, step: StepRecord) -> State:
    """The state with what a committed step assigned and deleted."""
    assigned, deleted = codec.decode(step.changes)
    after = state | dict(assigned)
    for key in deleted:
        after.pop(key, None)
    return after
