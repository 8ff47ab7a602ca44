"""What a batch came to: counts, costs, and what was wrong with whom."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any, Final

MOST_ERRORS: Final = 10_000
MOST_RESULTS: Final = 1_000


@dataclass(slots=True)
class BatchReport:
    """The records of one input, and how each stands: `total` are those read, of which `already` had their outcome.

    `errors` and `results` hold the first ones only, so that the report stays small whatever the batch; `--out`, and
    `db.batches.outcomes`, have all of them.
    """

    id: str
    name: str
    workflow: str
    begun: str = ""
    status: str = "running"
    total: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    already: int = 0
    answered: int = 0
    ingested: int = 0
    conversations: int = 0
    messages_stored: int = 0
    messages_skipped: int = 0
    tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    errors: list[dict[str, Any]] = field(default_factory=list)
    errors_left_out: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def finished(self) -> int:
        """How many have an outcome."""
        return self.done + self.failed + self.skipped

    @property
    def rate(self) -> float:
        """Records finished in a second, those aside that were there before."""
        return (self.finished - self.already) / max(time.monotonic() - self._started, 1e-9)

    def note(
        self,
        line: int,
        outcome: str,
        reason: str | None = None,
        *,
        user: str | None = None,
        result: dict[str, Any] | None = None,
        tokens: int = 0,
        cost: float | None = None,
        before: bool = False,
    ) -> None:
        """Counts an outcome; `before` says that it was there already."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.already += before
        self.seconds = time.monotonic() - self._started
        if outcome == "failed":
            self._wrong(line, reason or "")
        if before:
            return
        self.tokens += tokens
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost
        if outcome == "done" and result is not None:
            self._count(line, user, result)

    def end(self, status: str) -> None:
        """Notes how it stands, and puts what it holds in the order of the lines."""
        self.status, self.seconds = status, time.monotonic() - self._started
        self.errors.sort(key=lambda error: error["line"])
        self.results.sort(key=lambda result: result["line"])

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        hidden = ("_started", "size")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in hidden}

    def _wrong(self, line: int, reason: str) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append({"line": line, "reason": reason})
        else:
            self.errors_left_out += 1

    def _count(self, line: int, user: str | None, result: dict[str, Any]) -> None:
        taken = "messages_stored" in result
        self.ingested += taken
        self.conversations += taken
        for name in ("messages_stored", "messages_skipped"):
            if taken and isinstance(result.get(name), int):
                setattr(self, name, getattr(self, name) + result[name])
        self.answered += "response" in result
        if len(self.results) < MOST_RESULTS and not (taken and "response" not in result):
            self.results.append({"line": line, "user_id": user, **result})
