"""`turngraph memory`: search, list, forget, export and restore what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import AsJson, Db, LogLevel, Tenant, User, command, run, say, table
from . import forgetting, memory_prune, memory_upkeep

if TYPE_CHECKING:
    from ...models import MemoryIndex

app = typer.Typer(help="Search, list, forget, export and restore what is remembered.", no_args_is_help=True)
app.command("preferences")(memory_upkeep.preferences)
app.command("reembed")(memory_upkeep.reembed)
app.command("prune")(memory_prune.prune_memories)


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
        (f"{hit['score']:.2f}", str(hit["at"] or "")[:10], hit["name"] or hit["role"], _shown(hit))
        for hit in found["memories"]
    ]
    table(f"{len(rows)} found for {query!r}", ("score", "date", "who", "what"), rows)


def _shown(hit: dict[str, Any]) -> str:
    """What was said, and under it what of that is no longer so."""
    ended = [
        f"{'put right' if one['slip'] else 'no longer so since ' + one['until'][:10]}: {one['content']}"
        + (f" Now: {one['instead']}" if one["instead"] else "")
        for one in hit["no_longer"]
    ]
    return "\n".join([hit["content"][:120], *ended])


@app.command("list")
@command
def list_memories(
    user: User,
    tenant: Tenant = "default",
    category: Annotated[str | None, typer.Option("--category", help="Of this category only.")] = None,
    content_type: Annotated[str | None, typer.Option("--type", help="Of this type only.")] = None,
    past: Annotated[bool, typer.Option("--past", help="What held once and does so no more.")] = False,
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
            lambda session: (memories.earlier if past else memories.listed)(
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
    cells = [
        (row.id[:8], f"{row.importance_score:.2f}", row.category, _span(row), row.content[:120])
        for row in rows
    ]
    table(f"{len(cells)} memories of {user}", ("id", "importance", "category", "holds", "what"), cells)


def _span(row: MemoryIndex) -> str:
    return f"{row.valid_from:%Y-%m-%d} to {f'{row.valid_to:%Y-%m-%d}' if row.valid_to else 'now'}"


app.command("forget")(forgetting.forget)
app.command("export")(forgetting.export)
app.command("import")(forgetting.restore)
app.add_typer(forgetting.receipts, name="receipt")
