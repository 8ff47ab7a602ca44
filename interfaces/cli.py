"""The command line: `turngraph chat`, `run`, `check`, `draw`, `batch`, `memory`, `conversation`, `tools`, `runs`, `models`, `demo`, `db`."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from .. import __version__
from .commands import (
    batch,
    chat,
    conversation,
    database,
    demo,
    graphs,
    history,
    memory,
    models,
    runs,
    tools,
    usage,
    worker,
)

app = typer.Typer(
    name="turngraph",
    help="An async node-graph workflow engine, and on it a conversation memory that does not forget.\n\n"
    "Begin with:  turngraph chat --user ada --message 'My dog is called Biscuit.'",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("chat")(chat.chat)
app.command("run")(graphs.run_graph)
app.command("check")(graphs.check)
app.command("draw")(graphs.draw_graph)
app.command("batch")(batch.batch)
app.add_typer(memory.app, name="memory")
app.add_typer(conversation.app, name="conversation")
app.add_typer(tools.app, name="tools")
runs.app.command("fork")(history.fork)
runs.app.command("replay")(history.replay)
runs.app.command("prune")(history.prune)
app.add_typer(runs.app, name="runs")
models.app.command("usage")(usage.usage)
models.app.command("uncertain")(usage.uncertain)
models.app.command("reconcile")(usage.reconcile)
app.add_typer(models.app, name="models")
app.command("demo")(demo.demo)
app.add_typer(database.app, name="db")
app.command("worker")(worker.worker)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"turngraph {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holds the options that stand before a command."""


top.__doc__ = app.info.help


def main() -> None:
    """Runs the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
