"""`turngraph memory preferences` and `turngraph memory reembed`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import AsJson, Db, LogLevel, Misused, Tenant, User, command, console, run, say, short, table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ...models import Scope


@command
def preferences(
    user: User,
    tenant: Tenant = "default",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="State a preference; the value is JSON, or text."),
    ] = None,
    delete: Annotated[
        list[str] | None,
        typer.Option("--delete", metavar="KEY", help="Delete one, with all that was observed for it."),
    ] = None,
    category: Annotated[
        str | None,
        typer.Option("--category", help="Show those of this category only; with --set, put them into it."),
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Show a user's preferences with their evidence and confidence; state or delete some."""
    from ...models import DatabaseManager, Scope
    from ...models.repositories import preferences as kept

    scope, stated = Scope(tenant, user), [_stated(text) for text in set_ or []]
    with DatabaseManager(db) as database:
        if stated or delete:
            database.write_now(
                lambda session: _change(session, scope, stated, delete or [], category),
                keys=[f"user_id:{user}"],
            )
        rows = database.read_now(
            lambda session: kept.listed(session, scope, category=category, only_usable=False)
        )
        evidence = database.read_now(lambda session: kept.evidence_of(session, scope, rows))
    found = [
        {
            **row.to_dict(),
            "used": kept.usable(row),
            "evidence": [
                {"message_id": one, "content": evidence[one].content}
                for one in row.evidence
                if one in evidence
            ],
        }
        for row in rows
    ]
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "preferences": found})
        return
    table(
        f"{len(found)} preferences of {user}",
        ("key", "value", "category", "from", "confidence", "seen", "used", "evidence"),
        [
            (
                one["key"], one["value"] if isinstance(one["value"], str) else short(one["value"]), one["category"],
                one["source"], f"{one['confidence']:.2f}", one["observations"], "yes" if one["used"] else "not yet",
                one["evidence"][-1]["content"][:40] if one["evidence"] else "",
            )
            for one in found
        ],
    )  # fmt: skip


def _stated(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise Misused(f"--set: expected KEY=VALUE, for instance --set theme=dark, found {text!r}")
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value


def _change(
    session: Session,
    scope: Scope,
    stated: Sequence[tuple[str, Any]],
    deleted: Sequence[str],
    category: str | None,
) -> None:
    from ...models import NotFound
    from ...models.repositories import preferences as kept

    known = {row.key: row for row in kept.listed(session, scope, only_usable=False)}
    for key in deleted:
        if not kept.remove(session, scope, key):
            there = ", ".join(sorted(known)) or "none yet"
            raise NotFound(f"no preference {key!r} of user {scope.user!r}; there are: {there}")
    for key, value in stated:
        before = known[key].category if key in known else "general"
        kept.put(session, scope, key, value, category=category or before)


@command
def reembed(
    user: Annotated[str | None, typer.Option("--user", help="Of this user only; else of all.")] = None,
    tenant: Tenant = "default",
    embedder: Annotated[
        str | None,
        typer.Option("--embedder", metavar="NAME", help="Else TURNGRAPH_EMBEDDER, else wordllama."),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=10_000, help="Rows at a time.")] = 64,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Embed anew what another embedder embedded; stopped, it goes on where it was. Search works meanwhile."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from ...models import DatabaseManager, Scope
    from ...models.reembed import Progress
    from ...models.reembed import reembed as work
    from ...services.embeddings import default_embedder, embedder_named

    chosen = embedder_named(embedder) if embedder is not None else default_embedder()
    scope = Scope(tenant, user) if user is not None else None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with DatabaseManager(db) as database, Bar(*columns, console=console(), disable=as_json) as bar:
        task = bar.add_task(chosen.model_id, total=None)

        def shown(now: Progress) -> None:
            bar.update(task, completed=now.done, total=now.total)

        done = run(work(database, chosen, scope=scope, batch=batch, progress=shown))
        bar.update(task, completed=done.done, total=done.total)
    if as_json:
        say({"model": done.model, "reembedded": done.done, "found": done.total})
    else:
        console().print(f"{done.done} of {done.total} embedded by {done.model}", markup=False)
