"""`turngraph memory`: search, list and forget what is remembered."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import AsJson, Db, LogLevel, Tenant, User, command, console, run, say, table

app = typer.Typer(help="Search, list and forget what is remembered.", no_args_is_help=True)


@app.command("search")
@command
def search(
    query: Annotated[str, typer.Argument(help="Words, or a question.")],
    user: User,
    tenant: Tenant = "default",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 10,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="In this one only.")
    ] = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Find what was said, by words and by meaning; --json shows why each was found."""
    from ...models import DatabaseManager
    from ...workflows import ConversationManager

    options = (
        {} if conversation is None else {"search_scope": "conversation", "conversation_id": conversation}
    )
    with DatabaseManager(db) as database:
        found = run(ConversationManager(user, database, tenant).search_memories(query, limit, **options))
    if as_json:
        say(found)
        return
    rows = [
        (f"{hit['score']:.2f}", str(hit["at"] or "")[:10], hit["name"] or hit["role"], hit["content"][:120])
        for hit in found["memories"]
    ]
    table(f"{len(rows)} found for {query!r}", ("score", "date", "who", "what"), rows)


@app.command("list")
@command
def list_memories(
    user: User,
    tenant: Tenant = "default",
    category: Annotated[str | None, typer.Option("--category", help="Of this category only.")] = None,
    content_type: Annotated[str | None, typer.Option("--type", help="Of this type only.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 100,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """List the facts that were taken from messages, each with the messages it came from."""
    from ...models import DatabaseManager, Scope
    from ...models.repositories import memories

    scope = Scope(tenant, user)
    with DatabaseManager(db) as database:
        rows = database.read_now(
            lambda session: memories.listed(
                session, scope, category=category, content_type=content_type, limit=limit
            )
        )
        sources = database.read_now(
            lambda session: memories.sources_of(session, scope, [row.id for row in rows])
        )
    if as_json:
        shown = [{**row.to_dict(), "sources": [m.to_dict() for m in sources.get(row.id, [])]} for row in rows]
        say({"user_id": user, "tenant_id": tenant, "memories": shown})
        return
    cells = [(row.id[:8], f"{row.importance_score:.2f}", row.category, row.content[:120]) for row in rows]
    table(f"{len(cells)} memories of {user}", ("id", "importance", "category", "what"), cells)


@app.command("forget")
@command
def forget(
    memory: Annotated[
        str, typer.Argument(metavar="ID", help="The memory's id, as memory list --json shows it.")
    ],
    user: User,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Forget one memory; the messages it came from stay."""
    from ...models import DatabaseManager, Scope
    from ...models.repositories import memories

    with DatabaseManager(db) as database:
        database.write_now(lambda session: memories.forget(session, Scope(tenant, user), memory))
    if as_json:
        say({"forgotten": memory})
    else:
        console().print(f"forgotten: {memory}", markup=False)
