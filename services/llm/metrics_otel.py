"""What does OpenTelemetry see of the attempts? A span inside the step's own, and two histograms, named as for GenAI."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import Histogram, MeterProvider
from opentelemetry.trace import SpanKind, Status, StatusCode

from .gate import Attempt
from .ledger import Booking
from .metrics import labels, seconds
from .price import dollars


class OtelGauge:
    """Traces and measures one attempt."""

    def __init__(self, attempt: Attempt) -> None:
        provider, model, node = labels(attempt)
        self._about: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }
        if node:
            self._about["turngraph.node"] = node
        tracer = trace.get_tracer_provider().get_tracer("turngraph")
        told = {**self._about, "turngraph.attempt": attempt.number, "turngraph.call_id": attempt.call_id}
        self._span = tracer.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=told)

    def ended(self, booking: Booking) -> None:
        """Ends the span, and measures the time and the tokens."""
        about = {**self._about, "turngraph.outcome": booking.status}
        durations, tokens = _instruments(metrics.get_meter_provider())
        durations.record(seconds(booking), about)
        self._span.set_attribute("turngraph.outcome", booking.status)
        if booking.status == "settled" and (usage := booking.usage) is not None:
            for direction, count in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                tokens.record(count, {**self._about, "gen_ai.token.type": direction})
                self._span.set_attribute(f"gen_ai.usage.{direction}_tokens", count)
            if booking.cost is not None:
                self._span.set_attribute("turngraph.cost_dollars", float(dollars(booking.cost)))
        elif booking.status != "settled":
            self._span.set_status(Status(StatusCode.ERROR, booking.status))
        self._span.end()

    def refused(self, reason: str) -> None:
        """Ends the span of an attempt that was not let through."""
        self._span.set_attributes({"turngraph.outcome": "refused", "error.type": reason})
        self._span.set_status(Status(StatusCode.ERROR, reason))
        self._span.end()


@lru_cache(maxsize=1)
def _instruments(provider: MeterProvider) -> tuple[Histogram, Histogram]:
    meter = provider.get_meter("turngraph")
    durations = meter.create_histogram(
        "gen_ai.client.operation.duration", unit="s", description="How long attempts at models took."
    )
    tokens = meter.create_histogram(
        "gen_ai.client.token.usage", unit="{token}", description="Tokens that providers told."
    )
    return durations, tokens
