"""Spans: one for the run, one for each step, nested as the steps are, and without a word of what was said."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, Map, MemoryStore, Node, Parallel, Pause, Retry

otel = pytest.importorskip("opentelemetry.sdk.trace", reason="expected: the extra otel is not installed")

from opentelemetry import trace  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402
from opentelemetry.trace import StatusCode  # noqa: E402

SECRET = "my PIN is 4711"


@pytest.fixture(autouse=True)
def spans(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Spans]:
    """A tracer for one test, as an application sets it up for good; what it exports never holds the secret."""
    exporter, provider = InMemorySpanExporter(), otel.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield Spans(exporter)
    provider.shutdown()
    assert SECRET not in "".join(span.to_json() for span in exporter.get_finished_spans())
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


class Spans:
    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> list[Any]:
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time)

    def named(self, name: str) -> Any:
        (found,) = (span for span in self.all() if span.name == name)
        return found

    def tree(self) -> dict[str, Any]:
        """The names of the spans, as a tree of them; spans of one name under one parent are one here."""
        nodes: dict[int, dict[str, Any]] = {span.context.span_id: {} for span in self.all()}
        roots: dict[str, Any] = {}
        for span in self.all():
            above = roots if span.parent is None else nodes[span.parent.span_id]
            nodes[span.context.span_id] = above.setdefault(span.name, nodes[span.context.span_id])
        return roots


def told(span: Any, *names: str) -> tuple[Any, ...]:
    return tuple(span.attributes.get(f"turngraph.{name}") for name in names)


class Write(Node):
    """Writes the secret under a key of the node's own name, within a span of its own."""

    async def exec(self, prepared: Any) -> None:
        with trace.get_tracer("http").start_as_current_span(f"GET {self.name}"):
            await asyncio.sleep(0)

    def post(self, state: Any) -> None:
        state[self.name] = SECRET


class Break(Node):
    async def exec(self, prepared: Any) -> None:
        raise ConnectionError(SECRET)

    def post(self, state: Any) -> None: ...


async def test_a_run_and_its_steps(spans: Spans) -> None:
    graph = Graph("shop", Write(name="a") >> Write(name="b") >> END)
    result = await graph.run({"message": SECRET}, run_id="run-1")
    assert result.status == "done"
    assert spans.tree() == {"run shop": {"step a": {"GET a": {}}, "step b": {"GET b": {}}}}
    run, step = spans.named("run shop"), spans.named("step b")
    assert told(run, "run_id", "graph", "action", "status") == ("run-1", "shop", "default", "done")
    assert told(step, "run_id", "graph", "node", "path") == ("run-1", "shop", "b", "run-1/b/1")
    assert told(step, "action", "attempts", "status", "keys") == ("default", 1, "done", ("b",))
    assert run.status.status_code is step.status.status_code is StatusCode.UNSET


async def test_a_run_is_part_of_what_the_application_traces(spans: Spans) -> None:
    with trace.get_tracer("app").start_as_current_span("POST /chat"):
        await Graph("shop", Write(name="a") >> END).run({})
    assert spans.tree() == {"POST /chat": {"run shop": {"step a": {"GET a": {}}}}}


async def test_a_stream_is_traced_and_tells_its_events(spans: Spans) -> None:
    graph = Graph("shop", Write(name="a") >> END)
    events = [type(event).__name__ async for event in graph.stream({})]
    assert events == ["RunStarted", "NodeStarted", "NodeFinished", "RunFinished"]
    assert spans.tree() == {"run shop": {"step a": {"GET a": {}}}}


async def test_steps_stand_in_the_sub_graph_branch_and_item_they_belong_to(spans: Spans) -> None:
    inner = Graph("inner", Write(name="in") >> END)
    each = Graph("each", Write(name="deep") >> END)
    both = Parallel(Graph("left", Write(name="l") >> END), Write(name="r"))
    graph = Graph("all", inner >> both >> Map(each, over="items", into="found", limit=2) >> END)
    await graph.run({"items": [SECRET, "b", "c"]}, run_id="r")
    assert spans.tree() == {
        "run all": {
            "step inner": {"step in": {"GET in": {}}},
            "step parallel": {"step l": {"GET l": {}}, "step r": {"GET r": {}}},
            "step map_each": {"step deep": {"GET deep": {}}},
        }
    }
    deep = [span for span in spans.all() if span.name == "step deep"]
    assert sorted(told(span, "path")[0] for span in deep) == [f"r/map_each/1/{n}/deep/1" for n in range(3)]
    (above,) = {span.parent.span_id for span in deep}
    assert above == spans.named("step map_each").context.span_id


async def test_a_step_in_which_a_graph_runs_holds_that_run(spans: Spans) -> None:
    inner = Graph("inner", Write(name="in") >> END)

    class Outer(Node):
        async def exec(self) -> None:
            await inner.run({})

    await Graph("outer", Outer() >> END).run({})
    assert spans.tree() == {"run outer": {"step outer": {"run inner": {"step in": {"GET in": {}}}}}}


async def test_retries_are_events_of_the_step(spans: Spans) -> None:
    class Flaky(Node):
        retry = Retry(attempts=3, wait=0)

        async def exec(self, prepared: Any, *, context: Any) -> None:
            if context.attempt < 3:
                raise ConnectionError(SECRET)

    await Graph("g", Flaky() >> END).run({})
    step = spans.named("step flaky")
    assert told(step, "attempts", "status") == (3, "done")
    retries = [dict(event.attributes) for event in step.events if event.name == "retry"]
    assert [retry["turngraph.attempt"] for retry in retries] == [1, 2]
    assert {retry["exception.type"] for retry in retries} == {"ConnectionError"}


async def test_an_error_is_told_by_type_and_place_once(spans: Spans) -> None:
    graph = Graph("g", Graph("inner", Break() >> END) >> END)
    with pytest.raises(ConnectionError):
        await graph.run({})
    assert spans.tree() == {"run g": {"step inner": {"step break": {}}}}
    for span in spans.all():
        assert span.status.status_code is StatusCode.ERROR and span.status.description == "ConnectionError"
        assert told(span, "status") == ("failed",) and span.attributes["error.type"] == "ConnectionError"
    noted = {span.name: [dict(event.attributes) for event in span.events] for span in spans.all()}
    assert noted["run g"] == noted["step inner"] == []
    (error,) = noted["step break"]
    assert error["exception.type"] == "ConnectionError" and "in exec" in error["exception.stacktrace"]


async def test_an_item_that_fails_ends_its_span_and_the_next_one_stands_beside_it(spans: Spans) -> None:
    class Odd(Node):
        class Inputs(BaseModel):
            item: int

        async def exec(self, inputs: Inputs) -> None:
            if inputs.item % 2:
                raise ValueError(SECRET)

    graph = Graph("g", Map(Odd(), over="items", into="found", limit=1, errors="collect") >> END)
    await graph.run({"items": [1, 2, 3]})
    items = [span for span in spans.all() if span.name == "step odd"]
    assert [told(span, "status")[0] for span in items] == ["failed", "done", "failed"]
    assert {span.parent.span_id for span in items} == {spans.named("step map_odd").context.span_id}
    assert told(spans.named("run g"), "status") == ("done",)


async def test_a_branch_cancelled_for_its_sibling_is_no_error(spans: Spans) -> None:
    class Slow(Node):
        async def exec(self) -> None:
            await asyncio.sleep(60)

    with pytest.raises(ConnectionError):
        await Graph("g", Parallel(Slow(), Break()) >> END).run({})
    slow = spans.named("step slow")
    assert told(slow, "status") == ("cancelled",) and slow.status.status_code is StatusCode.UNSET
    assert slow.parent.span_id == spans.named("step parallel").context.span_id


async def test_a_cancelled_run_ends_its_spans(spans: Spans) -> None:
    class Slow(Node):
        async def exec(self) -> None:
            await asyncio.sleep(60)

    run = asyncio.ensure_future(Graph("g", Slow() >> END).run({}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert spans.tree() == {"run g": {"step slow": {}}}
    assert {told(span, "status") for span in spans.all()} == {("cancelled",)}


async def test_a_run_thrown_away_ends_its_spans_in_silence(spans: Spans) -> None:
    class Slow(Node):
        async def exec(self) -> None:
            await asyncio.Event().wait()

    run = Graph("g", Slow() >> END).run({})

    async def begin() -> None:
        run.send(None)  # as far as the wait, in a task of its own

    await asyncio.ensure_future(begin())
    run.close()
    assert {told(span, "status") for span in spans.all()} == {("cancelled",)} and len(spans.all()) == 2


async def test_a_run_that_waits_says_so_and_the_answered_one_traces_what_is_left(spans: Spans) -> None:
    class Ask(Node):
        pauses = {"approval": str}

        def post(self, state: Any) -> Pause:
            return Pause("approval")

    ask, store = Ask(), MemoryStore()
    inner = Graph("inner", Write(name="before") >> ask, ask - "approval" >> Write(name="after") >> END)
    graph = Graph("g", inner >> END)
    result = await graph.run({}, store=store, run_id="r")
    assert result.status == "waiting"
    assert spans.tree() == {"run g": {"step inner": {"step before": {"GET before": {}}, "step ask": {}}}}
    for name in ("run g", "step inner", "step ask"):
        span = spans.named(name)
        assert told(span, "status", "waits") == ("waiting", ("approval",))
        assert span.status.status_code is StatusCode.UNSET and not span.events

    spans._exporter.clear()
    done = await graph.resume("r", SECRET, store=store)
    assert done.status == "done"
    assert spans.tree() == {"run g": {"step inner": {"step after": {"GET after": {}}}}}


async def test_a_resumed_run_traces_only_the_steps_that_it_takes(spans: Spans) -> None:
    failing = [True]

    class Once(Node):
        async def exec(self) -> None:
            if failing.pop():
                raise ConnectionError(SECRET)

    graph, store = Graph("g", Write(name="a") >> Once() >> END), MemoryStore()
    with pytest.raises(ConnectionError):
        await graph.run({}, store=store, run_id="r")
    spans._exporter.clear()
    failing.append(False)
    await graph.resume("r", store=store)
    assert spans.tree() == {"run g": {"step once": {}}}


async def test_without_a_tracer_nobody_listens(monkeypatch: pytest.MonkeyPatch, spans: Spans) -> None:
    from turngraph.engine.telemetry import traced

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    assert traced(None) is None and traced(print) is print
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", trace.NoOpTracerProvider())
    assert traced(None) is None
    await Graph("g", Write(name="a") >> END).run({})
    assert spans.all() == []


def test_the_engine_runs_without_loading_opentelemetry() -> None:
    ask = """
import asyncio, sys
from turngraph.engine import END, Graph, Node
class Step(Node):
    def post(self, state) -> None: ...
asyncio.run(Graph("g", Step() >> END).run({}))
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    assert subprocess.check_output([sys.executable, "-P", "-c", ask], text=True).strip() == "[]"
