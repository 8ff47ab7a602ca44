"""`turngraph runs`: durable runs, listed, shown, gone on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..output import (
    App,
    AsJson,
    Db,
    Failed,
    LogLevel,
    Misused,
    command,
    console,
    run,
    say,
    short,
    table,
)

if TYPE_CHECKING:
    from ...engine import Graph, Result

app = typer.Typer(
    help="List, show and resume durable runs; fork, replay and prune them.", no_args_is_help=True
)

WAITING: Final = 3
Id = Annotated[str, typer.Argument(metavar="ID", help="The run's id, as runs list --json shows it.")]
GraphOf = Annotated[
    str | None,
    typer.Option(
        "--graph", metavar="WORKFLOW|FILE", help="The run's graph, where the app has none of its name."
    ),
]


@app.command("list")
@command
def list_runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """List durable runs, the newest first."""
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        rows = run(database.runs.listed(limit))
    found = [
        {"id": row.id, "graph": row.graph, "status": row.status, "action": row.action, "error": row.error,
         "user_id": row.user_id, "created_at": row.created_at.isoformat()}
        for row in rows
    ]  # fmt: skip
    if as_json:
        say({"runs": found})
        return
    cells = [
        (item["id"], item["graph"], item["status"], str(item["created_at"])[:19], item["error"])
        for item in found
    ]
    table(f"{len(cells)} runs", ("id", "graph", "status", "begun", "error"), cells)


@app.command("show")
@command
def show(
    id: Id,
    draw: Annotated[
        str | None, typer.Option("--draw", metavar="FORMAT", help="The way taken: mermaid, dot or text.")
    ] = None,
    graph: GraphOf = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Show a run with its committed steps: the way it took, what each needed and what it changed."""
    from ...engine import draw as picture
    from ...engine.changed import way
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        record, steps = run(database.runs.shown(id))
    if draw is not None:
        drawn = picture(graph_of(graph or record.graph, app), draw, way(record, steps))  # type: ignore[arg-type]
        say({"id": id, "format": draw, "picture": drawn}) if as_json else typer.echo(drawn)
        return
    found = [
        {"path": step.path, "action": step.action, "seconds": step.seconds, "attempts": step.attempts,
         "waits": step.waits if step.answer is None else None, **_changes(step.path, step.changes)}
        for step in steps
    ]  # fmt: skip
    if as_json:
        say({"id": id, "graph": record.graph, "status": record.status, "error": record.error,
             "parent": record.parent, "inputs": json.loads(record.inputs), "steps": found})  # fmt: skip
        return
    rows = [
        (str(step["path"]).split("/", 1)[1], "waits" if step["waits"] else step["action"],
         f"{step['seconds']:.4f}", step["attempts"], ", ".join([*step["changed"], *(f"-{key}" for key in step["deleted"])]))
        for step in found
    ]  # fmt: skip
    table(
        f"run {id} of {record.graph}: {record.status}",
        ("step", "action", "seconds", "attempts", "changed"),
        rows,
    )
    if record.error:
        console().print(f"failed: {record.error}", markup=False)
    for step in found:
        if step["waits"]:
            _ask(id, str(step["waits"]), str(step["path"]))


@app.command("resume")
@command
def resume(
    id: Id,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="JSON", help="The answer to what the run waits for; JSON, or text."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Which of several waits: a pause's name, or a step's path.")
    ] = None,
    graph: GraphOf = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Go on with a run from its last committed step, or with the answer that it waits for.

    turngraph runs resume r1 --value '{"ok": true}'

    The exit status is 3 if the run waits for an answer.
    """
    from ...engine.durable import NOTHING
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        record, _ = run(database.runs.shown(id))
        found = graph_of(graph or record.graph, app)
        given = NOTHING if value is None else spoken(value)
        result = run(found.resume(id, given, name=name, store=database.runs))
    told(record.graph, result, as_json)


@app.command("recover")
@command
def recover(app: App = None, db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """Find the runs whose processes died, and finish each."""
    from ...engine.durable import recover as finish
    from ...models import DatabaseManager
    from ..apps import registry_of

    with DatabaseManager(db) as database:
        outcomes = run(finish(registry_of(app), database.runs))
    shown: list[dict[str, Any]] = [
        {"id": id, "ok": not isinstance(outcome, Exception), "error": str(outcome) if isinstance(outcome, Exception) else None}
        for id, outcome in outcomes.items()
    ]  # fmt: skip
    if as_json:
        say({"recovered": shown})
    else:
        table(
            f"{len(shown)} runs", ("id", "finished", "error"), [(r["id"], r["ok"], r["error"]) for r in shown]
        )
    if not all(item["ok"] for item in shown):
        raise Failed("not every run could be finished")


def graph_of(what: str, app: str | None) -> Graph:
    """The graph that a run goes on with."""
    from ..apps import find_graph, registry_of

    try:
        return find_graph(what, registry_of(app))
    except Misused as error:
        raise Misused(
            f"the run's graph: {error}. Name it with --graph, or your app with --app MODULE"
        ) from None


def spoken(value: str) -> Any:
    """A value given on the command line: JSON where it is JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def told(graph: str, result: Result, as_json: bool) -> None:
    """Says what a run came to; exit status 3 if it waits."""
    if as_json:
        waits = [{"name": wait.name, "path": wait.path} for wait in result.waits]
        say({"id": result.run_id, "status": result.status, "action": result.action or None, "waits": waits, "state": dict(result)})  # fmt: skip
    else:
        how = f"{result.status}, by the action {result.action!r}" if result.action else result.status
        console().print(f"{graph}: {how}", style="bold", markup=False)
        for key, value in result.items():
            console().print(f"  {key}: {short(value)}", markup=False)
        for wait in result.waits:
            _ask(result.run_id, wait.name, wait.path)
    if result.waits:
        raise typer.Exit(WAITING)


def _ask(id: str, name: str, path: str) -> None:
    console().print(f"It waits for {name!r}, at {path}. Answer with", markup=False)
    console().print(f"  turngraph runs resume {id} --name {path} --value JSON", markup=False)


def _changes(path: str, changes: str) -> dict[str, Any]:
    if path.endswith("#exec"):
        return {"changed": [], "deleted": [], "result": json.loads(changes)}
    assigned, deleted = json.loads(changes)
    return {"changed": dict(assigned), "deleted": deleted}
