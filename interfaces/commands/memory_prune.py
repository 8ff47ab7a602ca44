"""`turngraph memory prune`: lets go of what weighs next to nothing any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from ..output import AsJson, Db, DryRun, LogLevel, Tenant, User, command, run, say, table


@command
def prune_memories(
    user: User,
    tenant: Tenant = "default",
    dry_run: DryRun = False,
    half_life: Annotated[
        float,
        typer.Option("--half-life", min=0.01, metavar="DAYS", help="Unused this long, a memory weighs half."),
    ] = 180.0,
    least: Annotated[float, typer.Option("--least", min=0.0, max=1.0, help="What weighs less goes.")] = 0.05,
    closed_for: Annotated[
        float,
        typer.Option("--closed-for", min=0.0, metavar="DAYS", help="How long what no longer holds is kept."),
    ] = 730.0,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Let go of memories that faded or stopped holding long ago; pinned ones and all messages stay."""
    from ...models import DatabaseManager, Scope
    from ...models.pruning import Pruning, prunable, prune

    rule = Pruning(timedelta(days=half_life), least, timedelta(days=closed_for))
    with DatabaseManager(db) as database:
        gone = run((prunable if dry_run else prune)(database, Scope(tenant, user), rule))
    if as_json:
        say(
            {
                "user_id": user,
                "tenant_id": tenant,
                "dry_run": dry_run,
                "pruned": [one._asdict() for one in gone],
            }
        )
        return
    title = f"{len(gone)} memories of {user} {'would go' if dry_run else 'are gone'}"
    cells = [(one.id[:8], f"{one.weight:.3f}", one.reason, one.content[:120]) for one in gone]
    table(title, ("id", "weight", "why", "what"), cells)
