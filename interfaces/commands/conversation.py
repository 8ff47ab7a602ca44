"""`turngraph conversation`: list, show, change the status of conversations, forget and prune them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..output import AsJson, Db, DryRun, LogLevel, Tenant, User, command, console, harmless, run, say, table
from .history import age_of

if TYPE_CHECKING:
    from ...models import DatabaseManager, Scope

app = typer.Typer(
    help="List, show, pause, complete, archive, reopen, forget and prune conversations.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The conversation's id, or its beginning.")]


def _whole(database: DatabaseManager, scope: Scope, id: str) -> str:
    from ...models.repositories.ids import whole

    return database.read_now(lambda session: whole(session, scope, "conversation", id))


@app.command("list")
@command
def list_conversations(
    user: User,
    tenant: Tenant = "default",
    status: Annotated[
        str | None, typer.Option("--status", help="active, paused, completed or archived.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """List a user's conversations, the most recently active first."""
    from ...models import DatabaseManager
    from ...workflows import ConversationManager

    with DatabaseManager(db) as database:
        found = run(ConversationManager(user, database, tenant).conversations(status, limit))
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "conversations": found})
        return
    rows = [(item["id"], item["status"], item["updated_at"][:16], item["title"]) for item in found]
    table(f"{len(rows)} conversations of {user}", ("id", "status", "last active", "title"), rows)


@app.command("show")
@command
def show(
    id: Id,
    user: User,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Show a conversation with all its messages."""
    from ...models import DatabaseManager, Scope
    from ...workflows import ConversationManager

    with DatabaseManager(db) as database:
        id = _whole(database, Scope(tenant, user), id)
        found = run(ConversationManager(user, database, tenant).conversation(id))
    if as_json:
        say(found)
        return
    out = console()
    out.print(harmless(f"{found['title'] or found['id']} ({found['status']})"), style="bold", markup=False)
    for message in found["messages"]:
        out.print(
            harmless(f"{message['position']:>4} {message['name'] or message['role']}: {message['content']}"),
            markup=False,
        )


def _changing(name: str, status: str, help: str) -> None:
    @app.command(name, help=help)
    @command
    def change(
        id: Id,
        user: User,
        tenant: Tenant = "default",
        db: Db = None,
        as_json: AsJson = False,
        log_level: LogLevel = None,
    ) -> None:
        from ...models import DatabaseManager, Scope
        from ...workflows import ConversationManager

        with DatabaseManager(db) as database:
            id = _whole(database, Scope(tenant, user), id)
            manager = ConversationManager(user, database, tenant)
            run(getattr(manager, name)(id))
        if as_json:
            say({"conversation_id": id, "status": status})
        else:
            console().print(f"{id} is {status}", markup=False)


_changing("pause", "paused", "Set an active conversation aside; the next message reopens it.")
_changing("complete", "completed", "End a conversation; it takes no more messages until it is reopened.")
_changing("archive", "archived", "Put a conversation away; what was said in it is still found.")
_changing("reopen", "active", "Make a paused, completed or archived conversation active again.")


@app.command("forget")
@command
def forget(
    id: Id,
    user: User,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Forget a conversation, its messages, and all that rests on them alone."""
    from ...models import DatabaseManager, Scope, Target
    from ...models import forget as forgotten

    with DatabaseManager(db) as database:
        scope = Scope(tenant, user)
        id = _whole(database, scope, id)
        receipt = run(forgotten(database, scope, Target("conversation", id)))
    count = receipt.counts.get("messages", 0)
    if as_json:
        say({"conversation_id": id, "messages_forgotten": count, "receipt": receipt.to_dict()})
    else:
        console().print(f"forgotten: {id}, {count} messages; receipt {receipt.id}", markup=False)


@app.command("prune")
@command
def prune(
    user: User,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="90d, 12w: since the last message or change.")
    ] = "90d",
    dry_run: DryRun = False,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Forget archived conversations that nobody touched for long, with all that was said in them."""
    from ...models import DatabaseManager, Scope
    from ...models.base import now
    from ...models.pruning import prunable_conversations, prune_conversations

    age, at, scope = age_of(older_than), now(), Scope(tenant, user)
    with DatabaseManager(db) as database:
        old = run(prunable_conversations(database, scope, age, at))
        receipts = [] if dry_run else run(prune_conversations(database, scope, age, at))
    about = {one.id: (one.title or "", f"{one.updated_at:%Y-%m-%d}") for one in old}
    gone = {one.target or "": one.id for one in receipts}
    pruned = [
        {"conversation_id": id, "title": title, "last_active": day, "receipt": gone.get(id)}
        for id, (title, day) in about.items()
        if dry_run or id in gone
    ]
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "dry_run": dry_run, "pruned": pruned})
        return
    told = f"{len(pruned)} conversations of {user} {'would go' if dry_run else 'are gone'}"
    cells = [(one["conversation_id"], one["last_active"], one["title"], one["receipt"]) for one in pruned]
    table(told, ("id", "last active", "title", "receipt"), cells)
