"""`turngraph run`, `check` and `draw`: graphs by name or from a YAML file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..output import WRONG, App, AsJson, Db, LogLevel, Misused, command, console, run, say
from .runs import told

What = Annotated[str, typer.Argument(metavar="WORKFLOW|FILE", help="A workflow's name, or a YAML file.")]


@command
def run_graph(
    what: What,
    given: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="KEY=VALUE", help="One input; JSON where it is JSON."),
    ] = None,
    inputs: Annotated[
        str | None, typer.Option("--inputs", metavar="JSON|@FILE", help="All inputs as a JSON object.")
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option("--durable", metavar="ID", help="Commit every step under this id; see turngraph runs."),
    ] = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Run a workflow or a graph of your own.

    turngraph run memory_search --input user_id=ada --input search_query=dogs
    turngraph run greet.yaml --app myapp --input name=Ada

    The exit status is 3 if the run waits for a person; --json then prints how it stands around its state.
    """
    from ...models import DatabaseManager
    from ..apps import find_graph, registry_of

    with DatabaseManager(db) as database:
        graph = find_graph(what, registry_of(app))
        store = database if run_id is None else database.runs
        result = run(graph.run(_inputs(given or [], inputs), store=store, run_id=run_id))
    if as_json and not result.waits:
        say(dict(result))
    else:
        told(graph.name, result, as_json)


@command
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="YAML files, or names of workflows.")],
    app: App = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Prove a graph before it runs: every fault, with its place and its mend.

    --json says for editors whether all is `ok`, and lists `faults` and `unproven`, with their files.
    """
    from ...engine import GraphError
    from ..apps import find_graph, registry_of

    found: list[dict[str, Any]] = []
    for file in files:
        try:
            graph = find_graph(file, registry_of(app))  # the module of an app may build graphs, too
        except GraphError as error:
            faults = [asdict(fault) for fault in error.faults]
            found.append({"file": file, "ok": False, "faults": faults, "unproven": []})
            if not as_json:
                typer.echo(f"{file}: {error}", err=True)
        else:
            unproven = [{"node": node, "input": key} for node, key in graph.unproven]
            found.append({"file": file, "ok": True, "faults": [], "unproven": unproven})
            if not as_json:
                console().print(f"{file}: {len(graph.nodes)} nodes, all wired", markup=False)
                for item in unproven:
                    console().print(
                        f"  not proven: {item['input']!r} of {item['node']!r}; validated when reached",
                        style="dim",
                        markup=False,
                    )
    ok = all(item["ok"] for item in found)
    if as_json:
        listed = {
            role: [{"file": item["file"], **entry} for item in found for entry in item[role]]
            for role in ("faults", "unproven")
        }
        say({"ok": ok, "files": found, **listed})
    if not ok:
        raise typer.Exit(WRONG)


@command
def draw_graph(
    what: What,
    format: Annotated[str, typer.Option("--format", help="mermaid, dot or text.")] = "mermaid",
    app: App = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Draw a workflow or a graph of your own."""
    from ...engine import draw
    from ..apps import find_graph, registry_of

    graph = find_graph(what, registry_of(app))
    picture = draw(graph, format)  # type: ignore[arg-type]
    if as_json:
        say({"graph": graph.name, "format": format, "picture": picture, "shape": graph.shape()})
    else:
        typer.echo(picture)


def _inputs(given: list[str], whole: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if whole is not None:
        try:
            text = Path(whole[1:]).read_text(encoding="utf-8") if whole.startswith("@") else whole
        except OSError as error:
            raise Misused(f"--inputs {whole}: {error.strerror or error}") from None
        try:
            loaded = json.loads(text)
        except ValueError as error:
            raise Misused(f"--inputs is not JSON: {error}") from None
        if not isinstance(loaded, dict):
            raise Misused("--inputs must be a JSON object")
        found.update(loaded)
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise Misused(f"--input {pair!r}: expected KEY=VALUE")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found
