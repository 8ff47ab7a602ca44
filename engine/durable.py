"""Durable runs: begun, gone on with, and ended, in the words of a RunStore."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .codec import Codec
from .contract import contract_of
from .record import Recorder, RunChanged, RunRecord
from .result import Result
from .run import State
from .runner import execute, new_run_id
from .store import RecoverableStore, RunStore

if TYPE_CHECKING:
    from .graph import Graph
    from .plan import Plan
    from .registry import Registry


async def begin(
    graph: Graph, plan: Plan, store: RunStore, state: State, scope: Any, run_id: str | None
) -> Result:
    """Stores a new run and walks it, committing every step."""
    (codec, shape), run_id = _told(graph), run_id or new_run_id()
    inputs = codec.encode(state, f"what graph {graph.name!r} was given")
    await store.begin(RunRecord(run_id, graph.name, shape, inputs, scope=scope))
    return await _walk(graph, plan, store, state, scope, run_id, Recorder(store, codec, run_id, {}))


async def resume(graph: Graph, plan: Plan, store: RunStore, run_id: str) -> Result:
    """Goes on with a run: committed steps are not run again, the first that is not committed is."""
    run, steps = await store.load(run_id)
    codec, shape = _told(graph)
    if run.shape != shape:
        raise RunChanged(
            f"run {run_id!r} began with another graph {run.graph!r}: {differences(run.shape, shape)}. "
            f"Resume it with the graph it began with, or begin it anew"
        )
    state = codec.decode(run.inputs)
    record = Recorder(store, codec, run_id, {step.path: step for step in steps})
    return await _walk(graph, plan, store, state, run.scope, run_id, record)


async def _walk(
    graph: Graph, plan: Plan, store: RunStore, state: State, scope: Any, run_id: str, record: Recorder
) -> Result:
    try:
        result = await execute(graph, plan, state, scope, run_id, None, record)
    except Exception as error:
        await store.end(run_id, "failed", None, f"{type(error).__name__}: {error}")
        raise
    await store.end(run_id, "done", result.action, None)
    return result


_known: WeakKeyDictionary[Graph, tuple[Codec, str]] = WeakKeyDictionary()


def _told(graph: Graph) -> tuple[Codec, str]:
    """A graph's codec and its shape as text, worked out once and not for every run."""
    if graph not in _known:
        _known[graph] = codec_of(graph), json.dumps(graph.shape(), sort_keys=True)
    return _known[graph]


def codec_of(graph: Graph) -> Codec:
    """The codec that knows the types a graph and its nodes declare."""
    codec = Codec()
    _register(graph, codec)
    return codec


def _register(graph: Any, codec: Codec) -> None:
    for model in (getattr(graph, "inputs", None), getattr(graph, "outputs", None)):
        codec.register(model)
    for node in graph.nodes.values():
        contract = contract_of(type(node))
        for model in (contract.inputs, contract.outputs):
            codec.register(model)
        if hasattr(node, "nodes"):
            _register(node, codec)


def differences(before: str, now: str) -> str:
    """What changed between two shapes, in a few words."""
    old, new = json.loads(before), json.loads(now)
    found = []
    for part in ("nodes", "edges"):
        gone, added = old[part].keys() - new[part].keys(), new[part].keys() - old[part].keys()
        changed = [name for name in old[part].keys() & new[part].keys() if old[part][name] != new[part][name]]
        for word, names in (("without", gone), ("with new", added), ("with changed", changed)):
            if names:
                found.append(f"{word} {part} {', '.join(sorted(map(repr, names)))}")
    rest = [
        key
        for key in old.keys() | new.keys()
        if key not in ("nodes", "edges") and old.get(key) != new.get(key)
    ]
    found += [f"{key}: {old.get(key)!r}, now {new.get(key)!r}" for key in sorted(rest)]
    return "; ".join(found) or "something in it"


async def recover(registry: Registry, store: RecoverableStore) -> dict[str, Result | Exception]:
    """Finds the runs whose owners died and finishes each; what a run ends with, or fails with, by its id."""
    outcomes: dict[str, Result | Exception] = {}
    for run in await store.unfinished():
        try:
            outcomes[run.run_id] = await registry.make_graph(run.graph).resume(run.run_id, store=store)
        except Exception as error:  # one run that cannot go on must not keep the others from it
            outcomes[run.run_id] = error
    return outcomes
