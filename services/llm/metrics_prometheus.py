"""What does Prometheus see of the attempts? Counters in the library's own registry, for the application to serve."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from .gate import Attempt
from .ledger import Booking
from .metrics import labels, seconds
from .price import dollars

_LABELS: Final = ("provider", "model", "node")
ATTEMPTS: Final = Counter(
    "turngraph_model_attempts", "Attempts at models, by what came of them.", (*_LABELS, "outcome")
)
TOKENS: Final = Counter("turngraph_model_tokens", "Tokens that providers told.", (*_LABELS, "direction"))
COST: Final = Counter("turngraph_model_cost_dollars", "What these tokens cost.", _LABELS)
SECONDS: Final = Histogram(
    "turngraph_model_seconds",
    "How long attempts took.",
    _LABELS,
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300),
)


class PrometheusGauge:
    """Counts one attempt."""

    def __init__(self, attempt: Attempt) -> None:
        self._labels = labels(attempt)

    def ended(self, booking: Booking) -> None:
        """Counts how it ended, what it took and what it cost."""
        ATTEMPTS.labels(*self._labels, booking.status).inc()
        SECONDS.labels(*self._labels).observe(seconds(booking))
        if booking.status == "settled" and booking.usage is not None:
            TOKENS.labels(*self._labels, "input").inc(booking.usage.input_tokens)
            TOKENS.labels(*self._labels, "output").inc(booking.usage.output_tokens)
            COST.labels(*self._labels).inc(float(dollars(booking.cost or 0)))

    def refused(self, reason: str) -> None:
        """Counts that it was not let through."""
        ATTEMPTS.labels(*self._labels, reason).inc()
