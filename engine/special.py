"""The steps that need more than three calls: sessions, context, retries, timeouts, threads, listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context as Variables
from contextvars import copy_context
from time import monotonic
from types import MappingProxyType
from typing import Any

from .context import Context
from .errors import NodeTimeout, ResultLost, UnknownAction
from .events import Event, Retrying
from .overlay import Overlay
from .path import DEFAULT
from .pause import Pause
from .plan import Plan, Step
from .recorder import Records, Taking
from .retry import try_again
from .run import BLOCKING, Run, State, warn_blocking
from .store import SessionStore

_unset: Any = object()


async def take(step: Step, plan: Plan, state: State, run: Run, path: str) -> tuple[State, str]:
    """Takes one step, whatever it needs; gives the state after it and its action."""
    taking = Taking(path, step.name, monotonic())
    prepared = await _prepare(step, plan, state, run, path)
    result = await _result(step, prepared, run, taking)
    return await _settle(step, plan, state, prepared, result, run, taking)


async def _prepare(step: Step, plan: Plan, state: State, run: Run, path: str) -> Any:
    inputs = step.read(state) if step.read is not None else None
    if step.prep is None:
        return inputs
    asked: dict[str, Any] = {}
    if step.prep_inputs:
        asked["inputs"] = inputs
    if "prep" in step.asks_context:
        asked["context"] = _context(step, run, path, 1)
    view = MappingProxyType(state)
    if "prep" in step.asks_session and plan.store is not None:
        caller = copy_context()
        return await plan.store.read(
            lambda session: caller.copy().run(step.prep, view, session=session, **asked)
        )
    prepared = step.prep(view, **asked)
    return await prepared if step.prep_async else prepared


async def _result(step: Step, prepared: Any, run: Run, taking: Taking) -> Any:
    """What exec gives; a node whose results are recorded pays for one only once."""
    record = run.record
    recorded = record is not None and step.node.recorded
    if record is not None and recorded and (known := record.result(taking.path)) is not None:
        return known[0]
    result, taking.attempts = await _execute(step, prepared, run, taking.path)
    return await record.keep(taking, result) if record is not None and recorded else result


async def _execute(step: Step, prepared: Any, run: Run, path: str) -> tuple[Any, int]:
    if step.exec is None:
        return (prepared if step.prep is not None else None), 1
    try:
        return await _attempt(step, prepared, run, path, 1), 1
    except Exception as error:
        return await recover(step, prepared, error, run, path)


async def _attempt(step: Step, prepared: Any, run: Run, path: str | None, attempt: int) -> Any:
    asked: dict[str, Any] = {}
    if "exec" in step.asks_context:
        tell = run.tell
        if tell is not None and step.thread:
            tell = _from_thread(run, tell)
        asked["context"] = _context(step, run, path or "", attempt, tell)
    if step.thread:
        call: Any = asyncio.to_thread(step.exec, prepared, **asked)
    elif step.exec_async:
        call = step.exec(prepared, **asked)
    else:
        before = monotonic()
        result = step.exec(prepared, **asked)
        if monotonic() - before > BLOCKING:
            warn_blocking(step)
        return result
    if step.timeout is None:
        return await call
    timer = asyncio.timeout(step.timeout)
    try:
        async with timer:
            return await call
    except TimeoutError as error:
        if timer.expired():
            raise NodeTimeout(step.name, step.timeout) from error
        raise


async def recover(step: Step, prepared: Any, error: Exception, run: Run, path: str | None) -> tuple[Any, int]:
    """What follows a first attempt that failed: more attempts, then the fallback, else the error itself.

    Gives the result, and the number of attempts in all.
    """
    made = 1

    async def again(attempt: int) -> Any:
        nonlocal made
        made = attempt
        return await _attempt(step, prepared, run, path, attempt)

    if step.retry is not None:

        def told(attempt: int, failed: BaseException, delay: float) -> None:
            if run.tell is not None:
                run.tell(
                    Retrying(
                        run.run_id, step.name, path or "", attempt, repr(failed), delay, type(failed).__name__
                    )
                )

        try:
            return await try_again(step.retry, error, again, told), made
        except Exception as last:
            error = last
    if step.fallback is None:
        raise error
    asked = {"context": _context(step, run, path or "", 1)} if "fallback" in step.asks_context else {}
    result = step.fallback(prepared, error, **asked)
    return (await result if step.fallback_async else result), made


async def _settle(
    step: Step,
    plan: Plan,
    state: State,
    prepared: Any,
    result: Any,
    run: Run,
    taking: Taking,
) -> tuple[State, str]:
    if step.keep is not None:
        result = step.keep(result)
        taking.outputs = result.__dict__
    elif step.lose and result is not None:
        raise ResultLost(step.name, result)
    if "post" in step.asks_session and plan.store is not None:
        return await _commit(step, plan, plan.store, state, prepared, result, run, taking)
    if run.record is not None:
        return await _recorded(step, plan, state, prepared, result, run, taking, run.record)
    if step.post is None:
        return (state | result.__dict__ if step.keep is not None else state), DEFAULT
    asked = {"context": _context(step, run, taking.path, 1)} if "post" in step.asks_context else {}
    overlay = state | result.__dict__ if step.keep is not None else state.copy()
    action = step.post(overlay, prepared, result, **asked)
    if step.post_async:
        action = await action
    return overlay, _known(step, action)[0]


async def _recorded(
    step: Step,
    plan: Plan,
    state: State,
    prepared: Any,
    result: Any,
    run: Run,
    taking: Taking,
    record: Records,
) -> tuple[State, str]:
    """Settles a step without a session in a durable run: its changes are committed before it counts."""
    overlay, action, waits = _laid(step, state, result), DEFAULT, None
    if step.post is not None:
        asked = {"context": _context(step, run, taking.path, 1)} if "post" in step.asks_context else {}
        action = step.post(overlay, prepared, result, **asked)
        if step.post_async:
            action = await action
        action, waits = _known(step, action)
    last = plan is run.root and step.ends(action)
    return await record.append(taking, state, overlay, action, waits, last)


async def _commit(
    step: Step,
    plan: Plan,
    store: SessionStore,
    state: State,
    prepared: Any,
    result: Any,
    run: Run,
    taking: Taking,
) -> tuple[State, str]:
    """Lets `post` write in the step's transaction. The store may call it again after a rollback, so each
    call starts from the state before the step, and what it tells or sets is kept back until the COMMIT."""
    caller = copy_context()
    held: list[Event] = []
    variables: Variables = caller

    def post(session: Any) -> tuple[Overlay, str, str | None]:
        nonlocal variables
        held.clear()
        variables = caller.copy()
        overlay = _laid(step, state, result)
        asked: dict[str, Any] = {"session": session}
        if "post" in step.asks_context:
            asked["context"] = _context(step, run, taking.path, 1, held.append if run.tell else None)
        action, waits = _known(step, variables.run(step.post, overlay, prepared, result, **asked))
        return overlay, action, waits

    def work(session: Any) -> tuple[State, str]:
        overlay, action, _ = post(session)
        return overlay.merged(), action

    keys = [f"{key}:{state[key]}" for key in step.node.locks if state.get(key) is not None]
    if run.record is not None:

        def ends(action: str) -> bool:
            return plan is run.root and step.ends(action)

        outcome = await run.record.commit(taking, state, post, keys, ends)
    else:
        outcome = await store.write(work, keys=keys)
    for event in held:
        run.tell(event) if run.tell else None
    for variable, value in variables.items():
        if caller.get(variable, _unset) is not value:
            variable.set(value)
    return outcome


def _laid(step: Step, state: State, result: Any) -> Overlay:
    overlay = Overlay(state)
    if step.keep is not None:
        overlay.update(result.__dict__)
    return overlay


def _known(step: Step, action: Any) -> tuple[str, str | None]:
    """The action that post took, and the pause it waits at, if that is what it returned."""
    waits = action.name if isinstance(action, Pause) else None
    chosen = DEFAULT if action is None else waits or action
    if not isinstance(chosen, str) or chosen not in step.next or (waits is None) == (chosen in step.pauses):
        raise UnknownAction(step.name, action, step.next)
    return chosen, waits


def _context(
    step: Step, run: Run, path: str, attempt: int, tell: Callable[[Event], None] | None = _unset
) -> Context:
    return Context(run.run_id, step.name, path, attempt, run.scope, run.tell if tell is _unset else tell)


def _from_thread(run: Run, tell: Callable[[Event], None]) -> Callable[[Event], None]:
    def pass_on(event: Event) -> None:
        run.loop.call_soon_threadsafe(tell, event)

    return pass_on
