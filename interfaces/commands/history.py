"""`turngraph runs fork`, `replay` and `prune`: what can be made of runs that are over."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Annotated, Any, Final

import typer

from ..output import App, AsJson, Db, LogLevel, Misused, command, console, run, say, short, table
from .runs import GraphOf, Id, graph_of, told

UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command
def fork(
    id: Id,
    at: Annotated[
        str,
        typer.Argument(metavar="STEP", help="The last step that both share: its path or number; 0 for none."),
    ],
    state: Annotated[
        str, typer.Option("--state", metavar="JSON", help="What is changed in the state after it.")
    ] = "{}",
    new_id: Annotated[str | None, typer.Option("--id", help="The new run's id.")] = None,
    graph: GraphOf = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Begin a new run with the first steps of another one and a changed state.

    turngraph runs fork r1 retrieve/1 --state '{"message": "And in Oslo?"}'
    """
    from ...models import DatabaseManager

    try:
        given = json.loads(state)
    except ValueError as error:
        raise Misused(f"--state is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise Misused("--state must be a JSON object")
    with DatabaseManager(db) as database:
        record, _ = run(database.runs.shown(id))
        found = graph_of(graph or record.graph, app)
        place = int(at) if at.isdecimal() else at
        result = run(found.fork(id, place, given, store=database.runs, new_id=new_id))
    told(f"{record.graph}, run {result.run_id}", result, as_json)


@command
def replay(
    id: Id,
    again: Annotated[
        list[str] | None, typer.Option("--again", metavar="NODE", help="A node that is run in any case.")
    ] = None,
    graph: GraphOf = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Walk a run again through today's graph and show what comes out otherwise; nothing is stored.

    What neither changed nor reads anything that changed is recalled, not run.
    """
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        record, _ = run(database.runs.shown(id))
        found = run(graph_of(graph or record.graph, app).replay(id, again=again or (), store=database.runs))
    if as_json:
        steps = [
            {"path": step.path, "how": step.how, "action": step.action, "keys": step.keys}
            for step in found.steps
        ]
        differences = {key: {"before": old, "now": new} for key, (old, new) in found.differences.items()}
        say({"id": id, "status": found.result.status, "steps": steps, "differences": differences})
        return
    rows = [(step.path.split("/", 1)[1], step.how, step.action, ", ".join(step.keys)) for step in found.steps]
    table(f"run {id} of {record.graph}, replayed", ("step", "how", "action", "otherwise"), rows)
    for key, (old, new) in found.differences.items():
        console().print(f"{key}\n  before: {short(old)}\n  now:    {short(new)}", markup=False)
    if not found.differences:
        console().print("It comes to the same.")


@command
def prune(
    older_than: Annotated[
        str,
        typer.Option("--older-than", metavar="AGE", help="30d, 12h, 2w: since a run was last written to."),
    ] = "30d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Delete old runs that are done, failed or cancelled, with their steps; what they wrote elsewhere stays."""
    from ...models import DatabaseManager

    age = age_of(older_than)
    with DatabaseManager(db) as database:
        count = run(database.runs.prunable(age) if dry_run else database.runs.prune(age))
    found: dict[str, Any] = {"runs": count, "deleted": not dry_run}
    if as_json:
        say(found)
    else:
        console().print(f"{count} runs {'would be ' if dry_run else ''}deleted")


def age_of(text: str) -> timedelta:
    """The time that an option such as 30d stands for."""
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if match is None:
        raise Misused(f"--older-than {text!r}: expected a number and m, h, d or w, as in 30d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
