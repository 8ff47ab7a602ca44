"""`turngraph models`: which language models are there, which one answers, and why?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..output import AsJson, LogLevel, command, console, say, table

app = typer.Typer(help="Which language models are there, and which one answers.")


@app.callback(invoke_without_command=True)
@command
def models(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="PROVIDER:MODEL", help="Explain this choice, or chain of choices, instead."
        ),
    ] = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Show what was found of each provider, which model answers, and why that one."""
    if context.invoked_subcommand is not None:
        return
    from ...services import model_choice, providers_found, setting

    chosen = model_choice(model)
    found = providers_found()
    if as_json:
        providers: list[dict[str, Any]] = [
            {
                "name": one.provider.name,
                "title": one.provider.title,
                "speaks": one.provider.speaks,
                "model": one.model or None,
                "ready": one.ready,
                "why": one.why,
                "base_url": setting(entry.name) if (entry := one.provider.setting("base_url")) else None,
            }
            for one in found
        ]
        say({"chosen": list(chosen.models), "why": chosen.why, "providers": providers})
        return
    out = console()
    out.print(f"{', then '.join(chosen.models)} answers: {chosen.why}.", markup=False)
    asked: dict[str, list[str]] = {}
    for provider, _, named in (name.partition(":") for name in chosen.models):
        asked.setdefault(provider, []).append(named)
    rows = [
        [
            "→" if one.provider.name in asked else "",
            one.provider.name,
            ", ".join(asked.get(one.provider.name, [one.model or ""])),
            "yes" if one.ready else "no",
            one.why,
        ]
        for one in found
    ]
    table("Providers", ("", "provider", "model", "ready", "why"), rows)
    out.print(
        "Choose with TURNGRAPH_MODEL=provider:model or --model; with commas, the next answers where one does not.",
        style="dim",
    )
