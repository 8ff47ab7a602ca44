"""`turngraph tools`: which tools there are, and what became of the calls that were asked for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..output import App, AsJson, Db, LogLevel, Tenant, User, command, console, harmless, run, say, table

app = typer.Typer(
    help="Show the tools there are, and every call of one, made or refused.", no_args_is_help=True
)

_BACK_ENDS = {
    "weather": ("weather_api_key", "openweathermap.org"),
    "web_search": ("search_api_key", "tavily.com"),
}


@app.command("list")
@command
def list_tools(app: App = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """List the tools that a model may be granted, your own with --app among them."""
    from ..apps import toolbox_of

    found = [_about(tool) for tool in toolbox_of(app)]
    if as_json:
        say({"tools": found})
        return
    rows = [
        (
            one["name"],
            "yes" if one["effect"] else "no",
            f"{one['timeout']:g} s",
            one["back_end"] or "",
            one["purpose"],
        )
        for one in found
    ]
    table(f"{len(rows)} tools", ("name", "effect", "timeout", "asks", "purpose"), rows)


def _about(tool: Any) -> dict[str, Any]:
    from ...services import setting

    back_end = None
    if tool.name in _BACK_ENDS:
        key, name = _BACK_ENDS[tool.name]
        back_end = name if setting(key) else "stand-in"
    return {
        "name": tool.name, "purpose": tool.purpose, "effect": tool.effect, "asked": list(tool.asked), "timeout": tool.timeout,
        "back_end": back_end, "input_schema": tool.input_schema(), "output_schema": tool.output_schema(),
    }  # fmt: skip


@app.command("calls")
@command
def calls(
    user: User,
    tenant: Tenant = "default",
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Of this conversation only.")
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", metavar="ID", help="Of this message's turn only.")
    ] = None,
    tool: Annotated[str | None, typer.Option("--tool", metavar="NAME", help="Of this tool only.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="done, failed, timeout, cancelled or refused.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 50,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """List the calls of a user's turns, the newest first."""
    from ...models import DatabaseManager
    from ...workflows import ConversationManager

    which = {"conversation_id": conversation, "message_id": message, "tool": tool, "status": status}
    with DatabaseManager(db) as database:
        found = run(ConversationManager(user, database, tenant).tool_calls(limit=limit, **which))
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "calls": found})
        return
    rows = [
        (
            one["id"][:12],
            one["started_at"][:19],
            one["tool"],
            one["status"],
            one["rule"],
            f"{one['seconds']:.2f}",
        )
        for one in found
    ]
    table(f"{len(rows)} calls of {user}", ("id", "at", "tool", "status", "rule", "seconds"), rows)


@app.command("show")
@command
def show(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The call's id, or its beginning, as tools calls shows it.")
    ],
    user: User,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Show one call with its arguments, its result and why it was made or refused; and whether its receipt holds."""
    from ...models import DatabaseManager
    from ...models.repositories.ids import whole
    from ...workflows import ConversationManager

    with DatabaseManager(db) as database:
        manager = ConversationManager(user, database, tenant)
        id = database.read_now(lambda session: whole(session, manager.scope, "tool execution", id))
        found = run(manager.tool_call(id))
    if as_json:
        say(found)
        return
    out = console()
    for name, value in found.items():
        if value not in (None, [], {}) and not name.startswith("receipt"):
            out.print(harmless(f"{name}: {value}"), markup=False)
    said = {
        True: "it is as it was signed",
        False: "IT WAS CHANGED after it was signed",
        None: "its key is not here",
    }
    out.print(f"receipt: {said[found['receipt_holds']]}", markup=False)
