"""`turngraph chat`: one message, or a conversation line by line."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import (
    FAILED,
    App,
    AsJson,
    Db,
    Failed,
    LogLevel,
    Misused,
    Tenant,
    User,
    command,
    console,
    harmless,
    run,
    say,
)

if TYPE_CHECKING:
    from ...nodes.conversation.session_recovery import RecoveredSession
    from ...workflows import ConversationManager

GOODBYE = ("/exit", "/quit", "exit", "quit", "q")


@command
def chat(
    user: User,
    message: Annotated[
        str | None,
        typer.Option(
            "--message", "-m", help="One message; - reads it from standard input. Without it: a chat."
        ),
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Go on with this conversation.")
    ] = None,
    tenant: Tenant = "default",
    id: Annotated[
        str | None, typer.Option("--id", help="Your own id of the message: sent twice, it is stored once.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="PROVIDER:MODEL", help="Which model answers; else TURNGRAPH_MODEL."),
    ] = None,
    tools: Annotated[
        str | None,
        typer.Option(
            "--tools", metavar="A,B", help="Tools that may be called, or all; see turngraph tools list."
        ),
    ] = None,
    app: App = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Talk, and be remembered.

    One message:   turngraph chat --user ada --message "What is my dog called?" --json
    A whole chat:  turngraph chat --user ada
    With tools:    turngraph chat --user ada --tools calculator,weather --message "What is 17*23?"
    """
    from ...models import DatabaseManager
    from ...services import language_model
    from ...workflows import ConversationManager

    with DatabaseManager(db) as database:
        manager = ConversationManager(
            user, database, tenant, llm=language_model(model), **_granted(tools, app)
        )
        _taken_up(run(manager.take_up()))
        if message is None:
            if as_json and sys.stdin.isatty():
                raise Misused(
                    "--json answers one message: give --message TEXT, or messages on standard input"
                )
            _lines(manager, conversation, as_json)
            return
        text = sys.stdin.read() if message == "-" else message
        if as_json:
            reply = run(manager.send_message(text, conversation, id=id))
            say(reply)
        else:
            reply = run(_streamed(manager, text, conversation, client_id=id))
            _sources(reply)
        if not reply["generation_success"]:
            raise Failed(_reason(reply))


def _taken_up(sessions: list[RecoveredSession]) -> None:
    """Tells on stderr what was cut off before and is answered now, a line for each conversation."""
    for one in sessions:
        said = harmless(" ".join(one.waiting[-1].content.split()))[:80]
        if one.response is None:
            typer.echo(f"cut off before, and could not be answered now either: {said}", err=True)
        else:
            answer = harmless(" ".join(one.response.split()))[:200]
            typer.echo(f"cut off before, and answered now: {said} -> {answer}", err=True)


def _granted(tools: str | None, app: str | None) -> dict[str, Any]:
    """What the manager is given for tools; the toolbox is looked into now, so that a misspelt name is told at once."""
    if not tools:
        return {}
    from ...engine.errors import did_you_mean
    from ..apps import toolbox_of

    toolbox = toolbox_of(app)
    known = [tool.name for tool in toolbox]
    names = known if tools.strip() == "all" else [name.strip() for name in tools.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise Misused(f"no tool is named {unknown[0]!r}; {did_you_mean(unknown[0], known)}")
    return {"tools": names, "toolbox": toolbox}


async def _streamed(
    manager: ConversationManager, text: str, conversation: str | None, **options: Any
) -> dict[str, Any]:
    """The reply, shown as it arrives; what was shown of an answer that then failed is left standing."""
    from ...engine import Emitted, Token
    from ...services.tools import ToolStarted

    out, shown, reply = console(), "", dict[str, Any]()
    async for event in manager.stream_message(text, conversation, **options):
        if isinstance(event, dict):
            reply = event
        elif isinstance(event, Token):
            out.print(harmless(event.text), end="", markup=False)
            shown += event.text
        elif isinstance(event, Emitted) and isinstance(event.value, ToolStarted) and out.is_terminal:
            out.print(f"  calling {event.value.tool} ...", style="dim", markup=False)
    if shown:
        out.print()
    if reply["response"] != shown:
        out.print(harmless(reply["response"]), markup=False)
    return reply


def _sources(reply: dict[str, Any]) -> None:
    out = console()
    for source in reply["sources"]:
        if source.get("content"):
            at = str(source.get("at") or "")[:10]
            out.print(
                f"  from {at} {source['message_id'][:8]}: {harmless(source['content'][:100])}",
                style="dim",
                markup=False,
            )


def _lines(manager: ConversationManager, conversation: str | None, as_json: bool) -> None:
    """A chat: every line is a message, the answer streams, and an empty line or /exit ends it.

    Lines are read outside the loop, where Ctrl-C ends the waiting for one.
    """
    from ...engine import ValidationError

    people = sys.stdin.isatty()
    out = console()
    unanswered = 0
    if people:
        out.print(f"Talking as {manager.user_id}; /exit or an empty line ends it.", style="dim", markup=False)
    with asyncio.Runner() as runner:
        while True:
            if people:
                out.print("you  ", end="", style="bold")
            line = sys.stdin.readline()
            text = line.strip()
            if not line or text.lower() in GOODBYE or (people and not text):
                break
            if not text:
                continue
            try:
                reply = runner.run(_answered(manager, line.rstrip("\n"), conversation, as_json))
            except ValidationError as error:
                if not people:
                    raise
                typer.echo(f"error: {error}", err=True)
                continue
            conversation = reply["conversation_id"]
            if not reply["generation_success"]:
                typer.echo(f"error: {_reason(reply)}", err=True)
                unanswered += 1
    if unanswered:
        raise typer.Exit(FAILED)


async def _answered(
    manager: ConversationManager, text: str, conversation: str | None, as_json: bool
) -> dict[str, Any]:
    if not as_json:
        return await _streamed(manager, text, conversation)
    reply = await manager.send_message(text, conversation)
    say(reply)
    return reply


def _reason(reply: dict[str, Any]) -> str:
    metadata = reply["reply_metadata"]
    return f"no answer: {metadata.get('reason') or metadata.get('error')}"
