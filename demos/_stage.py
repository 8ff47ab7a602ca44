"""What all demos stand on: a database for the occasion, the telling of the story, and the checks of its claims.

Read a demo first; come here only to learn what `stage.say` or `stage.check` do.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from turngraph.models import DatabaseError, DatabaseManager
from turngraph.services import default_embedder, language_model
from turngraph.workflows import ConversationManager


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The command line that all demos share; a demo may add to it."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--db",
        metavar="URL",
        help="keep what is stored, in this database (for instance sqlite:///demo.db); "
        "without it a temporary one is used and deleted",
    )
    # Set by a demo for the processes it starts, so that they work for the same people.
    parser.add_argument("--suffix", help=argparse.SUPPRESS)
    return parser


class Stage:
    """Opens the database, tells the story, and remembers which claims did not hold.

    with Stage(options) as stage:
        ...
    return stage.outcome
    """

    def __init__(self, options: argparse.Namespace) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that has no “ or … shows a ? for it
        self.console = Console(highlight=False)
        self.failed: list[str] = []
        self.checked = 0
        self.is_part = options.suffix is not None  # another process tells the rest of the story
        self.suffix: str = options.suffix or ""
        if options.db and not self.is_part:
            # In a database that is kept, every run gets people of its own, and so tells the same story again.
            self.suffix = f"-{secrets.token_hex(2)}"
        self._kept: str | None = options.db
        self._closing = ExitStack()
        unicode = (self.console.encoding or "").lower().startswith("utf")
        self._marks = ("✓", "✗") if unicode else ("ok", "NO")

    def __enter__(self) -> Stage:
        # The demos always use the offline model: they run without a key, and say the same every time.
        # language_model() instead would take the model of your settings.
        self.embedder = default_embedder()
        self.llm = language_model("offline")
        try:
            self._url = self._kept or self._temporary()
            self.db = self._closing.enter_context(DatabaseManager(self._url))
            self.db.read_now(lambda session: None)  # opens it, and creates the tables
        except DatabaseError as error:
            self._closing.close()
            print(f"The database cannot be opened: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def _temporary(self) -> str:
        folder = tempfile.TemporaryDirectory(prefix="turngraph-demo-", ignore_cleanup_errors=True)
        return f"sqlite:///{Path(self._closing.enter_context(folder)).as_posix()}/demo.db"

    # --- people, and processes

    def person(self, name: str) -> str:
        """The user id of somebody in the story: their name, made unique where the database is kept."""
        return name + self.suffix

    def manager(self, name: str, tenant: str = "default") -> ConversationManager:
        """Somebody's conversations."""
        return ConversationManager(self.person(name), self.db, tenant, llm=self.llm, embedder=self.embedder)

    def process(self, demo: str, *more: str) -> int:
        """Runs a part of a demo in a process of its own, on the same database; gives its exit status."""
        command = [sys.executable, "-P", "-m", f"turngraph.demos.{demo}", *more]
        sys.stdout.flush()
        return subprocess.call([*command, f"--db={self._url}", f"--suffix={self.suffix}"])

    # --- telling

    def scene(self, title: str) -> None:
        """Begins a new part of the story."""
        self.console.print()
        self.console.rule(Text(title, style="bold cyan"), style="cyan", align="left")

    def tell(self, text: str) -> None:
        """Says what happens, in the words of the narrator."""
        self.console.print(Text(text, style="italic"))

    def line(self, who: str, text: str, style: str = "bold") -> None:
        """Somebody says something."""
        row = Table.grid(padding=(0, 1))
        row.add_column(width=11, justify="right", style=style, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(who, Text(text))
        self.console.print(row)

    def note(self, text: str) -> None:
        """A remark under what was said."""
        self.console.print(Padding(Text(text, style="dim"), (0, 0, 0, 12)))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Shows a table."""
        table = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, 2)))

    async def say(
        self,
        manager: ConversationManager,
        message: str,
        conversation_id: str | None = None,
        *,
        who: str | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Sends a message, and shows it, the answer, and the messages that the answer rests on."""
        self.line(who or manager.user_id.removesuffix(self.suffix).capitalize(), message, "bold green")
        reply = await manager.send_message(message, conversation_id, **options)
        self.answer(reply)
        return reply

    def answer(self, reply: Mapping[str, Any]) -> None:
        """Shows an answer, and the messages that it rests on."""
        self.line("turngraph", reply["response"], "bold magenta")
        for source in reply["sources"]:
            here = source.get("conversation_id") in (None, reply["conversation_id"])
            where = "in this conversation" if here else f"in conversation {source['conversation_id'][:8]}"
            self.note(f"known from a message {where}: “{source['content']}”")

    # --- checking

    def check(self, claim: str, truth: object) -> None:
        """Shows whether a claim is so; one that is not makes the demo end with exit status 1."""
        self.checked += 1
        mark, style = (self._marks[0], "green") if truth else (self._marks[1], "bold red")
        row = Table.grid(padding=(0, 1))
        row.add_column(width=2, justify="right", style=style)
        row.add_column(style="" if truth else "bold red")
        row.add_row(mark, Text(claim))
        self.console.print(row)
        if not truth:
            self.failed.append(claim)

    @property
    def outcome(self) -> int:
        """Sums up what was checked, and gives the exit status."""
        if self.is_part:
            return 1 if self.failed else 0
        self.console.print()
        if self.failed:
            count = f"{len(self.failed)} of {self.checked} claims did not hold:"
            self.console.print(Text(count, style="bold red"))
            for claim in self.failed:
                self.console.print(Text(f"  {self._marks[1]} {claim}", style="red"))
            return 1
        self.console.print(Text(f"All {self.checked} claims hold.", style="bold green"))
        if self._kept:
            kept = f"Kept in {self.db.url}; the people of this run have ids that end in {self.suffix}."
            self.console.print(Text(kept, style="dim"))
        return 0


def plural(number: int, noun: str) -> str:
    """ "1 message", "2 messages"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def process_name() -> str:
    """This process, by its number."""
    return f"process {os.getpid()}"
