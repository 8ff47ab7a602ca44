"""Walks a graph: the one layer between `run()` and a user's node."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from time import monotonic, time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .errors import DeadlineExceeded, ResultLost, StepLimit, UnknownAction
from .events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeWaiting,
    RunFailed,
    RunFinished,
    RunStarted,
)
from .overlay import isolated, written
from .path import DEFAULT
from .plan import Plan, Step
from .recorder import Taking
from .result import Result
from .run import BLOCKING, Run, State, warn_blocking
from .special import recover, take
from .waiting import Waits

if TYPE_CHECKING:
    from .graph import Graph
    from .recorder import Records

BREATH: Final = 0.005  # a run that never waits lets others run this often


async def execute(
    graph: Graph,
    plan: Plan,
    state: State,
    scope: Any,
    run_id: str | None,
    tell: Callable[[Event], None] | None,
    record: Records | None = None,
    at: Step | None = None,
    prefix: str | None = None,
) -> Result:
    """Walks a plan from its start, or the step `at`, to an END or until it can only wait for a person.

    What goes wrong is raised with notes on run, node and way.
    """
    if "opentelemetry.sdk.trace" in sys.modules:  # only then can the application have asked for spans
        from .telemetry import traced

        tell = traced(tell)
    run = Run(run_id or new_run_id(), scope, tell)
    run.record, run.root = record, plan
    if tell is not None:
        tell(RunStarted(run.run_id, graph.name))
    try:
        final, action = await bounded(plan, state, run, prefix or run.run_id, at)
        result = Result(final, run.run_id, action)
    except Waits as held:
        result = Result(held.state, run.run_id, "", "waiting", held.waits)
    except BaseException as error:
        if isinstance(error, Exception):
            _annotate(error, graph, run)
        if tell is not None:
            tell(RunFailed(run.run_id, error))
        raise
    if tell is not None:
        tell(RunFinished(run.run_id, result))
    return result


def new_run_id() -> str:
    """An id that no other run has; later ones sort behind earlier ones, which spares a database much paging."""
    return f"{time_ns() >> 20:011x}{os.urandom(5).hex()}"


async def bounded(
    plan: Plan, state: State, run: Run, prefix: str, at: Step | None = None
) -> tuple[State, str]:
    """Walks a plan within its deadline, if it has one."""
    if plan.deadline is None:
        return await walk(plan, state, run, prefix, at)
    outer = run.until
    run.until = min(outer, monotonic() + plan.deadline)
    timer = asyncio.timeout(plan.deadline)
    try:
        async with timer:
            return await walk(plan, state, run, prefix, at)
    except TimeoutError as error:
        if timer.expired() and not isinstance(error, DeadlineExceeded):
            raise DeadlineExceeded(plan.graph.name, plan.deadline) from error
        raise
    finally:
        run.until = outer


async def walk(plan: Plan, state: State, run: Run, prefix: str, at: Step | None = None) -> tuple[State, str]:
    """Takes step after step until an action leads to END; gives the final state and that action.

    A plain step is written out here rather than called: a call would cost as much as all the rest.
    """
    step: Step = at or plan.start
    limit, silent, trail = plan.max_steps, run.tell is None and run.record is None, run.trail
    count, breath = 0, monotonic()
    while True:
        count += 1
        if count > limit:
            raise StepLimit(plan.graph.name, limit)
        now = monotonic()
        if now - breath > BREATH:
            await asyncio.sleep(0)
            breath = monotonic()
        if now > run.until:
            raise DeadlineExceeded(plan.graph.name, plan.deadline or 0.0)
        trail.append(step.name)
        if not (step.plain and silent):
            state, action = await _observed(step, plan, state, run, prefix)
        else:
            prepared = step.read(state) if step.read is not None else None
            if step.prep is not None:
                prepared = step.prep(MappingProxyType(state))
                if step.prep_async:
                    prepared = await prepared
            if step.exec is None:
                result = prepared if step.prep is not None else None
            else:
                try:
                    if step.exec_async:
                        result = await step.exec(prepared)
                    else:
                        result = step.exec(prepared)
                        if monotonic() - now > BLOCKING:
                            warn_blocking(step)
                except Exception as error:
                    result, _ = await recover(step, prepared, error, run, None)
            if step.keep is not None:
                result = step.keep(result)
                overlay = state | result.__dict__
            elif step.lose:
                if result is not None:
                    raise ResultLost(step.name, result)
                overlay = state
            else:
                overlay = state.copy()
            action = DEFAULT
            if step.post is not None:
                action = step.post(overlay, prepared, result)
                if step.post_async:
                    action = await action
                if action is None:
                    action = DEFAULT
            state = overlay
        try:
            following = step.next[action]
        except (KeyError, TypeError):
            raise UnknownAction(step.name, action, step.next) from None
        if following is None:
            return state, action
        step = following


async def _observed(step: Step, plan: Plan, state: State, run: Run, prefix: str) -> tuple[State, str]:
    path = run.visit(prefix, step.segment)
    record, tell, started = run.record, run.tell, monotonic()
    if tell is None:
        known = record.recall(step, path, state) if record is not None else None
        return known or await _taken(step, plan, state, run, path, started)
    tell(NodeStarted(run.run_id, step.name, path))
    try:
        known = record.recall(step, path, state) if record is not None else None
        after, action = known or await _taken(step, plan, state, run, path, started)
    except Waits as held:
        tell(NodeWaiting(run.run_id, step.name, path, tuple(wait.name for wait in held.waits)))
        raise
    except BaseException as error:
        tell(NodeFailed(run.run_id, step.name, path, error, monotonic() - started))
        raise
    keys = tuple(key for key, value in after.items() if key not in state or state[key] is not value)
    seconds = record.seconds if record is not None else monotonic() - started
    tell(NodeFinished(run.run_id, step.name, path, action, seconds, keys, known is not None))
    return after, action


async def _taken(
    step: Step, plan: Plan, state: State, run: Run, path: str, started: float
) -> tuple[State, str]:
    if step.inner is None:
        return await take(step, plan, state, run, path)
    try:
        after, action = await _inside(step.inner, state, run, path)
    except Waits as held:
        held.state = state
        raise
    if run.record is None:
        return after, action
    last = plan is run.root and step.ends(action)
    return await run.record.join(Taking(path, step.name, started), state, after, action, last)


async def branch(plan: Plan, state: State, run: Run, path: str, what: str) -> tuple[State, str]:
    """Walks a plan beside others of the same run; a failure says in which branch and on which way."""
    own = run.child()
    own.trail.clear()
    try:
        return await bounded(plan, state, own, path)
    except Exception as error:
        error.add_note(f"in {what} on the way {' → '.join(own.trail)}")
        raise


async def _inside(inner: Any, state: State, run: Run, path: str) -> tuple[State, str]:
    if not isinstance(inner, Plan):
        taken: tuple[State, str] = await inner.take(state, run, path)
        return taken
    graph = inner.graph
    if inner.read is not None:
        given = inner.read(state).__dict__
        first = isolated(given)
        final, action = await bounded(inner, dict(first), run, path)
        if graph.outputs is not None:
            return state | {key: final[key] for key in graph.outputs.model_fields if key in final}, action
        # What it surely writes comes out even where it is the very value that a default gave.
        sure = {key: final[key] for key in graph.declared().gives[action] if key in final}
        return state | written(given, first, final) | sure, action
    first = dict(state)
    final, action = await bounded(inner, dict(first), run, path)
    if graph.outputs is not None:
        return state | {key: final[key] for key in graph.outputs.model_fields if key in final}, action
    after = state | {
        key: value for key, value in final.items() if key not in first or first[key] is not value
    }
    for key in first.keys() - final.keys():
        del after[key]
    return after, action


def _annotate(error: Exception, graph: Graph, run: Run) -> None:
    way = " → ".join(run.trail)
    if len(run.trail) == run.trail.maxlen:
        way = f"… → {way}"
    where = f"at node {run.trail[-1]!r} " if run.trail else ""
    error.add_note(f"run {run.run_id} of graph {graph.name!r} failed {where}on the way {way or '(none)'}")


def starting_state(graph: Graph, given: Mapping[str, Any] | Any) -> State:
    """The first state of a run: what was given, validated by the graph's `inputs=`."""
    model = graph.inputs
    if model is None:
        return dict(given)
    if isinstance(given, model):
        return dict(given.__dict__)
    from pydantic import ValidationError as Unfit

    from .errors import ValidationError, did_you_mean
    from .plan import unfit

    if model.model_config.get("extra", "forbid") == "forbid":
        for key in given:
            if key not in model.model_fields:
                mend = did_you_mean(key, model.model_fields)
                raise ValidationError(f"graph {graph.name!r}: {key!r} is not among its inputs; {mend}", [key])
    try:
        made = model.model_validate(dict(given))
    except Unfit as error:
        raise unfit(f"graph {graph.name!r}", "inputs", error) from error
    return {**made.__dict__, **(made.__pydantic_extra__ or {})}
