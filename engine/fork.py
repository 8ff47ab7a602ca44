"""Forks a run: a new one that shares its first steps, with a state of one's own from there on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .changed import differences, misfits, prefix
from .codec import Codec
from .durable import told, walked
from .errors import RunError, listing
from .record import RunChanged, StepRecord
from .recorder import Recorder
from .result import Result
from .runner import new_run_id
from .store import RunStore

if TYPE_CHECKING:
    from .graph import Graph
    from .plan import Plan


class UnknownStep(RunError):
    """The run has no committed step of that path or number."""


async def fork(
    graph: Graph,
    plan: Plan,
    store: RunStore,
    run_id: str,
    at: str | int,
    state: Mapping[str, Any],
    new_id: str | None,
) -> Result:
    """Begins a new run with the steps of another one up to `at`, then `state` on top, and walks on from there."""
    run, steps = await store.shown(run_id)
    codec, shape = told(graph)
    new_id = new_id or new_run_id()
    number = 0 if at in (0, "") else _numbered(run_id, steps, prefix(run), at)
    mine = [step for step in steps if step.number <= number and step.path.startswith(prefix(run) + "/")]
    copied = [
        replace(step, run_id=new_id, path=new_id + step.path[len(run_id) :], last=False) for step in mine
    ]
    forked = replace(run, run_id=new_id, parent=run_id, status="running", action=None, error=None)
    if run.shape != shape:
        old, new = json.loads(run.shape), json.loads(shape)
        if reasons := misfits(old, new, copied, prefix(forked), run.start):
            raise RunChanged(
                f"run {run_id!r} began with another graph {run.graph!r}: {differences(old, new)}. "
                f"It cannot be forked with this one: {'; '.join(reasons)}"
            )
    if copied:
        copied[-1] = _with(codec, copied[-1], state)
        inputs = run.inputs
    else:
        inputs = codec.encode({**codec.decode(run.inputs), **state}, "the state given to fork")
    forked = replace(forked, graph=graph.name, shape=shape, inputs=inputs)
    await store.begin(forked, copied)
    record = Recorder(store, codec, new_id, copied)
    return await walked(graph, plan, store, forked, codec.decode(inputs), record)


def _numbered(run_id: str, steps: list[StepRecord], prefix: str, at: str | int) -> int:
    for step in steps:
        if at in (step.number, step.path, step.path[len(prefix) + 1 :]):
            return step.number
    paths = listing(step.path[len(prefix) + 1 :] for step in steps)
    raise UnknownStep(f"run {run_id!r} has no committed step {at!r}; it has {paths}, or 0 for its beginning")


def _with(codec: Codec, step: StepRecord, state: Mapping[str, Any]) -> StepRecord:
    """The step as if it had written `state`, too; what a person answered there is overwritten like any other key."""
    texts = {key: codec.encode(value, f"the key {key!r} given to fork") for key, value in state.items()}
    answer = texts.pop(step.waits, step.answer) if step.waits is not None else None
    assigned, deleted = json.loads(step.changes)
    assigned = [pair for pair in assigned if pair[0] not in texts]
    assigned += [[key, json.loads(text)] for key, text in texts.items()]
    changes = json.dumps([assigned, [key for key in deleted if key not in texts]])
    return replace(step, changes=changes, answer=answer)
