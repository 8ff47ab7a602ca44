"""Is a provider worth asking, and asking again?

Two things keep an outage from being made worse. Retries are paid from a budget that calls fill: each call adds a tenth
of a retry. And a provider that failed several times in a row is left alone for a while; then one call tries it.
"""

from __future__ import annotations

SHARE = 0.1
"""Retries for each call, in the long run."""
SAVED = 10.0
"""The most retries that are saved up; a new client starts with them."""
FAILURES = 5
"""So many failures in a row, and the provider is left alone."""
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0


class Health:
    """What is known of one provider: its circuit breaker and its retry budget."""

    def __init__(self) -> None:
        self._saved = SAVED
        self._in_a_row = 0
        self._pause = SHORTEST_PAUSE
        self._until: float | None = None

    def called(self) -> None:
        """A call begins: it pays into the retry budget."""
        self._saved = min(SAVED, self._saved + SHARE)

    def retry(self) -> bool:
        """Takes one retry from the budget; False where none is left."""
        # Tenths do not add up to one: ten calls must pay for a whole retry.
        if self._saved < 1.0 - 1e-9:
            return False
        self._saved -= 1.0
        return True

    def left_alone(self, at: float) -> float:
        """For how many seconds after this moment the provider is not to be asked; 0 when it may be."""
        return max(0.0, self._until - at) if self._until is not None else 0.0

    def asked(self, at: float) -> None:
        """An attempt begins; after a pause it is a trial, and others wait for what becomes of it."""
        if self._until is not None:
            self._until = at + self._pause

    def answered(self) -> None:
        """The provider answered, be it with a no."""
        self._in_a_row, self._pause, self._until = 0, SHORTEST_PAUSE, None

    def failed(self, at: float) -> None:
        """The provider could not be reached, or was overloaded."""
        self._in_a_row += 1
        if self._until is not None:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if self._until is not None or self._in_a_row >= FAILURES:
            self._until = at + self._pause
