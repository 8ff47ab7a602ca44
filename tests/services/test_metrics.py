"""What do Prometheus and OpenTelemetry see of the attempts, and is there no word in it of what was said?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from turngraph.services import Account, Accountant, Attempt, Budget, BudgetExceeded, Limits, Price, Usage

prometheus = pytest.importorskip(
    "prometheus_client", reason="expected: the extra prometheus is not installed"
)
pytest.importorskip("opentelemetry.sdk.trace", reason="expected: the extra otel is not installed")

from opentelemetry import metrics, trace  # noqa: E402
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

ADA = Account("acme", "ada-the-user", "her-talk", "a-run", "generate")


def attempt(model: str) -> Attempt:
    return Attempt("call", 1, "fake", model, 100, 50, ADA, None)


async def some(model: str) -> None:
    """Four attempts: settled, released, uncertain, refused."""
    gate = Accountant(limits=Limits(), budgets=[Budget("user", tokens=400)], prices=lambda p, m: Price(2, 10))
    await (await gate.enter(attempt(model))).settle(Usage(input_tokens=30, output_tokens=5))
    await (await gate.enter(attempt(model))).release()
    await (await gate.enter(attempt(model))).uncertain()
    for _ in range(2):
        try:
            await gate.enter(attempt(model))
        except BudgetExceeded:
            return
    raise AssertionError("the budget should have been exceeded")


async def test_prometheus_counts_by_provider_model_and_node():
    await some("m1")
    text = prometheus.generate_latest().decode()
    labels = 'model="m1",node="generate"'
    for outcome in ("settled", "released", "uncertain", "BudgetExceeded"):
        assert f'turngraph_model_attempts_total{{{labels},outcome="{outcome}",provider="fake"}} 1.0' in text
    assert f'turngraph_model_tokens_total{{direction="input",{labels},provider="fake"}} 30.0' in text
    assert f'turngraph_model_cost_dollars_total{{{labels},provider="fake"}} 0.00011' in text
    assert f'turngraph_model_seconds_count{{{labels},provider="fake"}} 3.0' in text
    assert "ada" not in text and "her-talk" not in text


@pytest.fixture
def otel(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    """A tracer and a meter for one test, as an application sets them up for good."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", meters)
    yield exporter, reader
    tracers.shutdown()
    meters.shutdown()


async def test_opentelemetry_sees_a_span_inside_the_step_and_two_histograms(otel: Any):
    exporter, reader = otel
    with trace.get_tracer("test").start_as_current_span("step generate") as step:
        await some("m2")
    spans = [span for span in exporter.get_finished_spans() if span.name == "chat m2"]
    assert [span.attributes["turngraph.outcome"] for span in spans][:3] == [
        "settled",
        "released",
        "uncertain",
    ]
    assert {span.parent.span_id for span in spans} == {step.get_span_context().span_id}
    told = dict(spans[0].attributes)
    assert (told["gen_ai.provider.name"], told["gen_ai.usage.input_tokens"], told["turngraph.node"]) == (
        "fake",
        30,
        "generate",
    )
    assert told["turngraph.cost_dollars"] == pytest.approx(0.00011)
    refused = [span for span in spans if span.attributes["turngraph.outcome"] == "refused"]
    assert [span.attributes["error.type"] for span in refused] == ["BudgetExceeded"]
    found = reader.get_metrics_data()
    points = {
        m.name: m.data.data_points for r in found.resource_metrics for s in r.scope_metrics for m in s.metrics
    }
    assert sum(point.count for point in points["gen_ai.client.operation.duration"]) == 3
    assert {p.attributes["gen_ai.token.type"]: p.sum for p in points["gen_ai.client.token.usage"]} == {
        "input": 30,
        "output": 5,
    }
    assert "ada" not in "".join(span.to_json() for span in exporter.get_finished_spans())


def test_neither_is_imported_where_the_application_has_not_loaded_it():
    script = """
import asyncio, sys
from turngraph.services import Accountant, Attempt, Usage
async def main():
    ticket = await Accountant().enter(Attempt("c", 1, "fake", "m", 1, 1, None, None))
    await ticket.settle(Usage(input_tokens=1))
asyncio.run(main())
print([name for name in sys.modules if name.startswith(("prometheus", "opentelemetry.sdk"))])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
