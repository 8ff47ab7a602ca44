"""How a command speaks: one JSON object for machines, tables for people, errors on stderr with an exit status."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

P = ParamSpec("P")
T = TypeVar("T")
FAILED: Final = 1
WRONG: Final = 2
LONGEST_TITLE: Final = 200
LONGEST_KEPT: Final = 40
"""A first cell up to this is kept on one line, where it can be copied: the longest id that we make has 32."""

Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="The database; else TURNGRAPH_DB, DATABASE_URL, a file here."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for machines.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")]
LogLevel = Annotated[
    str | None, typer.Option("--log-level", help="DEBUG, INFO, WARNING or ERROR; else LOG_LEVEL.")
]
App = Annotated[
    str | None,
    typer.Option(
        "--app", metavar="MODULE", help="Your own module with `registry = Registry()`; else TURNGRAPH_APP."
    ),
]
User = Annotated[str, typer.Option("--user", help="Whose conversations.")]
Tenant = Annotated[
    str, typer.Option("--tenant", help="Of which tenant; users of different tenants never meet.")
]


class Failed(Exception):
    """A command did its work, and what came of it is a failure; its message is for stderr."""


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Makes a command report errors in a sentence: status 2 for what the user got wrong, 1 for what failed."""

    @functools.wraps(function)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> None:
        from ..services.log import configure_logging

        try:
            configure_logging(kwargs.get("log_level"))  # type: ignore[arg-type]
            function(*args, **kwargs)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(FAILED) from None
        except typer.Exit:
            raise
        except Exception as error:
            raise _told(error) from None

    return reporting


def _told(error: Exception) -> typer.Exit:
    logging.getLogger("turngraph").debug("the command failed", exc_info=error)
    status, ours = _status(error)
    text = str(error) or type(error).__name__
    typer.echo(f"error: {text if ours else f'{type(error).__name__}: {text}'}", err=True)
    return typer.Exit(status)


def _status(error: Exception) -> tuple[int, bool]:
    """The exit status an error stands for, and whether its text was written for people."""
    from ..engine import EngineError, NotBound, RunError, ValidationError
    from ..engine.fork import UnknownStep
    from ..engine.record import NotWaiting, RunChanged, RunExists, UnknownRun
    from ..models import (
        BatchOwned,
        ConversationClosed,
        DatabaseError,
        DatabaseUrlError,
        IllegalTransition,
        NotFound,
    )
    from ..services import ModelNotConfigured, RecordsUnreadable, ServiceError, SettingError

    if isinstance(error, EngineError):
        mendable = (NotBound, NotWaiting, ValidationError, UnknownRun, UnknownStep, RunExists, RunChanged)
        wrong = not isinstance(error, RunError) or isinstance(error, mendable)
        return WRONG if wrong else FAILED, True
    asked = (
        BatchOwned,
        ConversationClosed,
        DatabaseUrlError,
        IllegalTransition,
        NotFound,
        ModelNotConfigured,
        RecordsUnreadable,
        SettingError,
        Misused,
    )
    if isinstance(error, asked):
        return WRONG, True
    return FAILED, isinstance(error, (Failed, DatabaseError, ServiceError))


class Misused(Exception):
    """A command was asked for something that cannot be."""


def run(work: Awaitable[T]) -> T:
    """Runs a coroutine to its end."""

    async def main() -> T:
        return await work

    return asyncio.run(main())


def say(found: Any) -> None:
    """Prints one JSON object."""
    sys.stdout.write(
        json.dumps(found, default=plain, ensure_ascii=False, indent=None if not sys.stdout.isatty() else 2)
    )
    sys.stdout.write("\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """A value that JSON does not know as one that it does."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


def short(value: Any) -> str:
    """A value as JSON on a line, cut where it is long."""
    text = json.dumps(value, default=plain, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text):,} characters)"


def console() -> Console:
    """Where people read; made late, since rich is not wanted where JSON is."""
    from rich.console import Console

    return Console(soft_wrap=True, highlight=False)


def harmless(text: str) -> str:
    """The text with what would command a terminal made visible: others may have written it."""
    return text.replace("\r\n", "\n").translate(_VISIBLE)


_VISIBLE: Final = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table."""
    from rich.markup import escape
    from rich.table import Table

    title = title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE]}…"
    shown = Table(
        title=escape(harmless(title)), title_justify="left", box=None, header_style="bold", pad_edge=False
    )
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    ids_fit = all(len(row[0]) <= LONGEST_KEPT for row in cells)
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0 and ids_fit)
    for line in cells:
        shown.add_row(*(escape(harmless(cell)) for cell in line))
    console().print(shown)
