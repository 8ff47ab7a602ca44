"""`turngraph models usage`, `uncertain`, `reconcile`: what was asked of the models, and what it cost."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..output import AsJson, Db, LogLevel, Misused, command, console, run, say, table

if TYPE_CHECKING:
    from ...models.usage import UsageLine

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command
def usage(
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="NAMES",
            help="provider, model, node, tenant, user, conversation, run; or several: provider,node.",
        ),
    ] = "provider,model",
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="A date such as 2026-11-01, or how long ago: 24h, 7d."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Of this user only.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Of this tenant only.")] = None,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Sum up requests, errors, tokens, cost and time, as the ledger has them."""
    from ...models import DatabaseManager
    from ...models.usage import used

    names = [name.strip() for name in by.split(",") if name.strip()]
    moment = None if since is None else _moment(since)
    with DatabaseManager(db) as database:
        run(database.ledger.uncertain())  # what dead processes left is counted as such
        lines, (total,) = database.read_now(
            lambda session: (
                used(session, names, since=moment, tenant=tenant, user=user),
                used(session, (), since=moment, tenant=tenant, user=user),
            )
        )
    if as_json:
        say(
            {
                "by": names,
                "since": moment,
                "usage": [_told(line, names) for line in lines],
                "total": _told(total, []),
            }
        )
        return
    columns = (*names, "requests", "errors", "uncertain", "input", "output", "cost", "booked", "seconds")
    title = "Nothing was asked" if not total.requests else f"{total.requests:,} requests"
    table(title, columns, [_cells(line) for line in lines])
    if total.uncertain:
        console().print(
            f"{total.uncertain:,} requests are uncertain and booked at their most; turngraph models uncertain lists them",
            markup=False,
        )


@command
def uncertain(db: Db = None, as_json: AsJson = False, log_level: LogLevel = None) -> None:
    """List the requests of which nobody knows what was done."""
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        rows = run(database.ledger.uncertain())
    if as_json:
        names = (
            "id",
            "provider",
            "model",
            "node",
            "user_id",
            "started_at",
            "booked_tokens",
            "input_bound",
            "output_bound",
        )
        say({"uncertain": [{name: getattr(row, name) for name in names} for row in rows]})
        return
    cells = [
        (
            row.id,
            f"{row.started_at:%Y-%m-%d %H:%M:%S}",
            f"{row.provider}:{row.model}",
            row.node,
            f"{row.booked_tokens:,}",
        )
        for row in rows
    ]
    table(f"{len(rows)} uncertain requests", ("id", "at", "model", "node", "booked tokens"), cells)


@command
def reconcile(
    id: Annotated[str, typer.Argument(metavar="ID", help="As `turngraph models uncertain` lists it.")],
    input_tokens: Annotated[
        int | None, typer.Option("--input", min=0, help="Input tokens in the provider's own book.")
    ] = None,
    output_tokens: Annotated[int | None, typer.Option("--output", min=0, help="Output tokens there.")] = None,
    nothing: Annotated[bool, typer.Option("--nothing", help="The provider has no such request.")] = False,
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Book an uncertain request as the provider's own book has it."""
    from ...models import DatabaseManager
    from ...services import Usage
    from ...services.llm.providers import price_of

    told = input_tokens is not None and output_tokens is not None
    if nothing == told:
        raise Misused("say what the provider's book has: --input N --output M, or --nothing")

    def cost(provider: str, model: str, usage: Usage) -> int | None:
        price = price_of(provider, model)
        return None if price is None else price.cost(usage)

    found = None if nothing else Usage(input_tokens=input_tokens or 0, output_tokens=output_tokens or 0)
    with DatabaseManager(db) as database:
        done = run(database.ledger.reconcile({id: found}, cost))
    if not done:
        raise Misused(f"no request {id!r} is uncertain; turngraph models uncertain lists those that are")
    if as_json:
        say({"id": id, "reconciled": True})
    else:
        console().print(f"{id} is booked as the provider has it", markup=False)


def _moment(text: str) -> datetime:
    if match := re.fullmatch(r"(\d{1,6})([mhdw])", text.strip()):
        return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misused(
            f"--since: expected a date such as 2026-11-01 or how long ago such as 7d; found {text!r}"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _told(line: UsageLine, names: list[str]) -> dict[str, Any]:
    from ...services.llm.price import dollars

    told = {**dict(zip(names, line.names, strict=True)), **dataclasses.asdict(line)}
    del told["names"]
    for name in ("cost", "booked_cost"):
        told[name] = float(dollars(told[name]))
    return told


def _cells(line: UsageLine) -> list[object]:
    from ...services.llm.price import dollars

    cost, booked = f"${dollars(line.cost):,.4f}", f"${dollars(line.booked_cost):,.4f}"
    if line.unpriced == line.requests:
        cost = booked = "unknown"
    counts = (line.requests, line.errors, line.uncertain, line.input_tokens, line.output_tokens)
    return [
        *(name or "-" for name in line.names),
        *(f"{count:,}" for count in counts),
        cost,
        booked,
        f"{line.seconds:.2f}",
    ]
