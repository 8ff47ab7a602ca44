"""Who watches the attempts at the providers: Prometheus and OpenTelemetry, where the application has loaded them?

They are told names, counts, times and outcomes, never a text, a key, or whose call it was.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from .gate import Attempt
from .ledger import Booking


class Gauge(Protocol):
    """Watches one attempt; it hears of exactly one of the two."""

    def ended(self, booking: Booking) -> None:
        """The attempt is over, and stands in the book as it says."""
        ...

    def refused(self, reason: str) -> None:
        """The attempt was not let through."""
        ...


def gauges(attempt: Attempt) -> Sequence[Gauge]:
    """Those that watch this attempt: an application that wants them has loaded their library, nothing is to be set."""
    found: list[Gauge] = []
    if "prometheus_client" in sys.modules:
        from .metrics_prometheus import PrometheusGauge

        found.append(PrometheusGauge(attempt))
    if "opentelemetry.sdk.metrics" in sys.modules or "opentelemetry.sdk.trace" in sys.modules:
        from .metrics_otel import OtelGauge

        found.append(OtelGauge(attempt))
    return found


def labels(attempt: Attempt) -> tuple[str, str, str]:
    """The provider, the model and the node of an attempt."""
    node = attempt.account.node if attempt.account is not None else None
    return attempt.provider, attempt.model, node or ""


def seconds(booking: Booking) -> float:
    """How long the attempt took."""
    ended = booking.ended_at or booking.started_at
    return max(0.0, (ended - booking.started_at).total_seconds())
