"""`turngraph runs`: durable runs, listed, shown, gone on with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..output import App, AsJson, Db, Failed, LogLevel, command, console, run, say, table

app = typer.Typer(help="List, show, resume and recover durable runs.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The run's id, as runs list --json shows it.")]


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
def show(id: Id, db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """Show a run with its committed steps: the way it took, the seconds each needed, what each changed."""
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        record, steps = run(database.runs.shown(id))
    if as_json:
        shown = [
            {"path": step.path, "action": step.action, "seconds": step.seconds, "bytes": len(step.changes)}
            for step in steps
        ]
        say({"id": id, "graph": record.graph, "status": record.status, "error": record.error, "steps": shown})
        return
    rows = [
        (step.path.split("/", 1)[1], step.action, f"{step.seconds:.4f}", len(step.changes)) for step in steps
    ]
    table(
        f"run {id} of {record.graph}: {record.status}", ("step", "action", "seconds", "bytes changed"), rows
    )
    if record.error:
        console().print(f"failed: {record.error}", markup=False)


@app.command("resume")
@command
def resume(
    id: Id, app: App = None, db: Db = None, as_json: AsJson = False, log_level: LogLevel = None
) -> None:
    """Go on with a run from its last committed step."""
    from ...models import DatabaseManager
    from ..apps import registry_of

    with DatabaseManager(db) as database:
        record, _ = run(database.runs.shown(id))
        result = run(registry_of(app).make_graph(record.graph).resume(id, store=database.runs))
    if as_json:
        say(dict(result))
    else:
        console().print(f"{record.graph}: {result.status}, by the action {result.action!r}", markup=False)


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
