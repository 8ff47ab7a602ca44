"""Spans for OpenTelemetry: one for a run, and one for each of its steps inside the span of what surrounds it.

They hold names, counts and times, never a value of the state nor the text of an error, which may quote one.
"""

from __future__ import annotations

import traceback
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import Token as Mark
from functools import lru_cache
from typing import Any, Final, TypeAlias

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NoOpTracer, ProxyTracer, Span, Status, StatusCode, Tracer, TracerProvider

from .events import (
    Event,
    NodeEvent,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    NodeWaiting,
    Retrying,
    RunFailed,
    RunFinished,
    RunStarted,
)

Tell: TypeAlias = Callable[[Event], None]


def traced(tell: Tell | None) -> Tell | None:
    """A listener that makes spans and passes on to `tell`; `tell` itself where the application has no tracer."""
    tracer = _tracer(trace.get_tracer_provider())
    if tracer is None:
        return tell
    spans = _Spans(tracer)
    if tell is None:
        return spans.hear

    def both(event: Event) -> None:
        spans.hear(event)
        tell(event)

    return both


@lru_cache(maxsize=1)
def _tracer(provider: TracerProvider) -> Tracer | None:
    """Our tracer of that provider, made once and not for every run; None where it makes no spans."""
    tracer = provider.get_tracer("turngraph")
    return None if isinstance(tracer, NoOpTracer | ProxyTracer) else tracer


class _Spans:
    """The open spans of one run.

    Each is the current one of the task that walks while its step lasts. So what `exec` traces, a branch and an item
    begin inside the right step without knowing of it.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._graph = ""
        self._open: dict[str, tuple[Span, Mark[Context]]] = {}
        self._attempts: dict[str, int] = {}
        self._seen: BaseException | None = None

    def hear(self, event: Event) -> None:
        hears = _HEARS.get(type(event))
        if hears is not None:
            hears(self, event)

    def _run_started(self, event: RunStarted) -> None:
        self._graph = event.graph
        self._begin(event.run_id, f"run {event.graph}", event, {})

    def _node_started(self, event: NodeStarted) -> None:
        named = {"turngraph.node": event.node, "turngraph.path": event.path}
        self._begin(event.path, f"step {event.node}", event, named)

    def _retrying(self, event: Retrying) -> None:
        self._attempts[event.path] = event.attempt + 1
        span, _ = self._open[event.path]
        told: dict[str, Any] = {
            "turngraph.attempt": event.attempt,
            "turngraph.delay": event.delay,
            "exception.type": event.kind,
        }
        span.add_event("retry", told)

    def _node_finished(self, event: NodeFinished) -> None:
        if event.recalled:
            _, mark = self._open.pop(event.path)
            context.detach(mark)  # a span that never ends is never exported: this step did not run now
            return
        told = {"turngraph.action": event.action, "turngraph.keys": event.keys}
        self._end_step(event, "done", told)

    def _node_waiting(self, event: NodeWaiting) -> None:
        self._end_step(event, "waiting", {"turngraph.waits": event.waits})

    def _node_failed(self, event: NodeFailed) -> None:
        self._end_step(event, _status(event.error), {}, event.error)

    def _run_finished(self, event: RunFinished) -> None:
        result = event.result
        told = {"turngraph.action": result.action}
        if result.status == "waiting":
            told = {"turngraph.waits": tuple(wait.name for wait in result.waits)}
        self._end(event.run_id, result.status, told, None)

    def _run_failed(self, event: RunFailed) -> None:
        self._end(event.run_id, _status(event.error), {}, event.error)
        self._seen = None  # its traceback holds the run, which holds this listener

    def _begin(self, key: str, name: str, event: Event, told: dict[str, Any]) -> None:
        told |= {"turngraph.run_id": event.run_id, "turngraph.graph": self._graph}
        span = self._tracer.start_span(name, attributes=told)
        self._open[key] = span, context.attach(trace.set_span_in_context(span))

    def _end_step(
        self, event: NodeEvent, status: str, told: dict[str, Any], error: BaseException | None = None
    ) -> None:
        told["turngraph.attempts"] = self._attempts.pop(event.path, 1)
        self._end(event.path, status, told, error)

    def _end(self, key: str, status: str, told: dict[str, Any], error: BaseException | None) -> None:
        span, mark = self._open.pop(key)
        span.set_attributes({**told, "turngraph.status": status})
        if isinstance(error, Exception):
            self._record(span, error)
        if not isinstance(error, GeneratorExit):  # a run thrown away is closed wherever the collector stands
            context.detach(mark)
        span.end()

    def _record(self, span: Span, error: Exception) -> None:
        """Notes an error by its type and place, with the place only in the innermost span that it left."""
        kind = _name(type(error))
        span.set_status(Status(StatusCode.ERROR, kind))
        span.set_attribute("error.type", kind)
        if error is not self._seen:
            self._seen = error
            place = "".join(traceback.format_tb(error.__traceback__))
            span.add_event("exception", {"exception.type": kind, "exception.stacktrace": place})


def _status(error: BaseException) -> str:
    return "cancelled" if isinstance(error, CancelledError | GeneratorExit) else "failed"


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


_HEARS: Final[dict[type[Event], Callable[[_Spans, Any], None]]] = {
    RunStarted: _Spans._run_started,
    NodeStarted: _Spans._node_started,
    Retrying: _Spans._retrying,
    NodeFinished: _Spans._node_finished,
    NodeWaiting: _Spans._node_waiting,
    NodeFailed: _Spans._node_failed,
    RunFinished: _Spans._run_finished,
    RunFailed: _Spans._run_failed,
}
