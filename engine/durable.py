"""Durable runs: begun, gone on with, and ended, in the words of a RunStore."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from .changed import differences, folded, misfits, prefix, standing
from .codec import Codec
from .contract import contract_of
from .errors import listing
from .events import Event
from .record import NotWaiting, RunChanged, RunRecord, StepRecord
from .recorder import Recorder
from .result import Result
from .run import State
from .runner import execute, new_run_id
from .store import RecoverableStore, RunStore

if TYPE_CHECKING:
    from .graph import Graph
    from .plan import Plan
    from .registry import Registry

Listener: TypeAlias = Callable[[Event], None]
# Given the state as it was committed and the node that was next in the old graph: what to go on with, and where.
Migration: TypeAlias = Callable[[State, str], tuple[Mapping[str, Any], str]]
NOTHING: Final[Any] = object()


async def begin(
    graph: Graph,
    plan: Plan,
    store: RunStore,
    state: State,
    scope: Any,
    run_id: str | None,
    tell: Listener | None = None,
) -> Result:
    """Stores a new run and walks it, committing every step."""
    (codec, shape), run_id = told(graph), run_id or new_run_id()
    inputs = codec.encode(state, f"what graph {graph.name!r} was given")
    run = RunRecord(run_id, graph.name, shape, inputs, scope=scope)
    await store.begin(run)
    return await walked(graph, plan, store, run, state, Recorder(store, codec, run_id), tell)


async def resume(
    graph: Graph,
    plan: Plan,
    store: RunStore,
    run_id: str,
    value: Any = NOTHING,
    name: str | None = None,
    migrate: Migration | None = None,
) -> Result:
    """Goes on with a run: committed steps are not run again, the first that is not committed is."""
    before, _ = await store.shown(run_id)
    run, steps = await store.load(run_id)
    codec, shape = told(graph)
    try:
        if run.shape != shape:
            run = _moved(graph, codec, run, shape, steps, migrate)
            await store.change(run)
        if value is not NOTHING:
            steps = await _answered(graph, store, codec, run, steps, value, name)
        state = codec.decode(run.inputs)
    except Exception:
        await store.end(run_id, before.status, before.action, before.error)
        raise
    return await walked(graph, plan, store, run, state, Recorder(store, codec, run_id, steps))


async def walked(
    graph: Graph,
    plan: Plan,
    store: RunStore,
    run: RunRecord,
    state: State,
    record: Recorder,
    tell: Listener | None = None,
) -> Result:
    """Walks a run that is this store's, and notes how it stands when that is over."""
    at = plan.steps[run.start] if run.start is not None else None
    try:
        result = await execute(graph, plan, state, run.scope, run.run_id, tell, record, at, prefix(run))
    except asyncio.CancelledError:
        await store.end(run.run_id, "cancelled", None, None)
        raise
    except Exception as error:
        await store.end(run.run_id, "failed", None, f"{type(error).__name__}: {error}")
        raise
    if result.status == "waiting":
        await store.end(run.run_id, "waiting", None, None)
    elif not record.ended:
        await store.end(run.run_id, "done", result.action, None)
    return result


def _moved(
    graph: Graph,
    codec: Codec,
    run: RunRecord,
    shape: str,
    steps: list[StepRecord],
    migrate: Migration | None,
) -> RunRecord:
    """The run as it goes on with a graph other than the one it began with, if it can."""
    old, new = json.loads(run.shape), json.loads(shape)
    if migrate is not None:
        state = folded(codec, codec.decode(run.inputs), steps, prefix(run))
        given, node = migrate(state, standing(old, steps, prefix(run), run.start))
        if node not in graph.nodes:
            raise RunChanged(
                f"run {run.run_id!r}: the migration goes on at {node!r}; graph {graph.name!r} has {listing(graph.nodes)}"
            )
        inputs = codec.encode(dict(given), "the state that the migration gave")
        return replace(run, graph=graph.name, shape=shape, inputs=inputs, start=node, era=run.era + 1)
    if reasons := misfits(old, new, steps, prefix(run), run.start):
        raise RunChanged(
            f"run {run.run_id!r} began with another graph {run.graph!r}: {differences(old, new)}. It cannot go on with "
            f"this one: {'; '.join(reasons)}. Resume it with the graph it began with, or give "
            f"resume(..., migrate=function) a function of its state and next node to the new ones"
        )
    return replace(run, graph=graph.name, shape=shape)


async def _answered(
    graph: Graph,
    store: RunStore,
    codec: Codec,
    run: RunRecord,
    steps: list[StepRecord],
    value: Any,
    name: str | None,
) -> list[StepRecord]:
    """Stores a person's answer with the step that waits for it."""
    asked = [step for step in steps if step.waits and step.path.startswith(prefix(run) + "/")]
    found = [step for step in asked if name in (None, step.waits, step.path)]
    waiting = [step for step in found if step.answer is None]
    open_now = listing(step.waits or "" for step in asked if step.answer is None)
    if not waiting:
        had = "has its answer already" if found else "waits for no such answer"
        raise NotWaiting(f"run {run.run_id!r} {had}{f' ({name!r})' if name else ''}; it waits for {open_now}")
    if len(waiting) > 1:
        paths = listing(step.path for step in waiting)
        raise NotWaiting(
            f"run {run.run_id!r} waits for {open_now} at several steps; say which with name=, one of {paths}"
        )
    (step,) = waiting
    kind = _pauses(graph).get(step.waits or "")
    if kind is not None:
        value = _fitting(kind, value, run.run_id, step)
    answer = codec.encode(value, f"the answer to {step.waits!r}")
    await store.answer(run.run_id, step.path, answer)
    return [replace(one, answer=answer) if one is step else one for one in steps]


def _fitting(kind: Any, value: Any, run_id: str, step: StepRecord) -> Any:
    from pydantic import ValidationError as Unfit

    from .pause import answer_type
    from .plan import unfit

    try:
        return answer_type(kind).validate_python(value)
    except Unfit as error:
        raise unfit(f"run {run_id!r}, waiting at {step.path!r}", f"{step.waits!r}", error) from error


def _pauses(graph: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in graph.nodes.values():
        found |= node.pauses
        if hasattr(node, "nodes"):
            found |= _pauses(node)
    return found


_known: WeakKeyDictionary[Graph, tuple[Codec, str]] = WeakKeyDictionary()


def told(graph: Graph) -> tuple[Codec, str]:
    """A graph's codec and its shape as text, worked out once and not for every run."""
    if graph not in _known:
        _known[graph] = codec_of(graph), json.dumps(graph.shape(), sort_keys=True)
    return _known[graph]


def codec_of(graph: Graph) -> Codec:
    """The codec that knows the types a graph and its nodes declare, and those of its registry."""
    from .map import ItemError

    codec = Codec((ItemError, *graph.types))
    _register(graph, codec)
    return codec


def _register(graph: Any, codec: Codec) -> None:
    for model in (getattr(graph, "inputs", None), getattr(graph, "outputs", None)):
        codec.register(model)
    for node in graph.nodes.values():
        contract = contract_of(type(node))
        for model in (contract.inputs, contract.outputs, *contract.pauses.values()):
            codec.register(model)
        if hasattr(node, "nodes"):
            _register(node, codec)


async def recover(registry: Registry, store: RecoverableStore) -> dict[str, Result | Exception]:
    """Finds the runs whose owners died and goes on with each; what a run comes to, or fails with, by its id."""
    outcomes: dict[str, Result | Exception] = {}
    for run in await store.unfinished():
        try:
            outcomes[run.run_id] = await registry.make_graph(run.graph).resume(run.run_id, store=store)
        except Exception as error:  # one run that cannot go on must not keep the others from it
            outcomes[run.run_id] = error
    return outcomes
