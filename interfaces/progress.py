"""Shows how a batch gets on: a bar, what it cost and how long it may take; nothing where nobody looks."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..workflows import BatchReport

FLOWING = (".gz", ".parquet")  # how much of these was read says little of how much is left


class Progress:
    """A bar on stderr while a batch runs, if that is a terminal; `tell` is what the batch calls."""

    def __init__(self, file: str | None, quiet: bool) -> None:
        self._size = _size(file)
        self._shown: Any = None
        self._quiet = quiet or not sys.stderr.isatty()

    def __enter__(self) -> Progress:
        if self._quiet:
            return self
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()]
        self._shown = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5)
        self._task = self._shown.add_task("reading", total=self._size)
        self._shown.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

    def tell(self, report: BatchReport) -> None:
        """Shows how it stands."""
        if self._shown is not None:
            self._shown.update(self._task, completed=report.size, description=said(report))


def said(report: BatchReport) -> str:
    """How a batch stands, on a line."""
    parts = [f"{report.finished:,} records", f"{report.rate:,.0f}/s", f"{report.failed:,} failed"]
    if report.tokens:
        parts.append(f"{report.tokens:,} tokens")
    if report.cost is not None:
        parts.append(f"${report.cost:,.4f}")
    return ", ".join(parts)


def _size(file: str | None) -> int | None:
    if file is None or file == "-":
        return None
    path = Path(file)
    if not path.is_file() or path.suffix.lower() in FLOWING:
        return None
    return path.stat().st_size
