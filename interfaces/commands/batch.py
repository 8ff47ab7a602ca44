"""`turngraph batch`: a list of records, each answered or taken in."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..output import AsJson, Db, Failed, LogLevel, Misused, Tenant, command, console, run, say

if TYPE_CHECKING:
    from ...models import DatabaseManager

MOST_AT_ONCE = 16


@command
def batch(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSONL or a JSON array; - reads standard input.")
    ],
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=256, help="How many users at a time.")
    ] = 8,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Answer or take in many records.

    {"user_id": ..., "message": ...} is answered; {"conversation_id": ..., "user_id": ..., "messages": [...]}
    is taken in without answering it, and taken in again adds nothing twice.
    """
    from ...models import DatabaseManager

    with DatabaseManager(db) as database:
        report = run(_Batch(database, tenant, concurrency).run(_records(file)))
    if as_json:
        say(report)
    else:
        out = console()
        out.print(
            f"{report['total']} records: {report['ingested']} taken in, {report['answered']} answered, "
            f"{report['failed']} failed; {report['messages_stored']} messages stored, "
            f"{report['messages_skipped']} already there",
            markup=False,
        )
        for error in report["errors"]:
            out.print(f"  line {error['line']}: {error['reason']}", markup=False)
    if report["failed"]:
        raise Failed(f"{report['failed']} of {report['total']} records failed")


class _Batch:
    def __init__(self, db: DatabaseManager, tenant: str, concurrency: int) -> None:
        self.db, self.tenant = db, tenant
        self.gate = asyncio.Semaphore(concurrency)
        self.report: dict[str, Any] = {
            "total": 0, "ingested": 0, "answered": 0, "failed": 0, "messages_stored": 0, "messages_skipped": 0,
            "conversations": 0, "errors": [], "results": [],
        }  # fmt: skip

    async def run(self, records: Iterator[tuple[int, Any]]) -> dict[str, Any]:
        """Works through the records, those of one user in their order."""
        users: dict[str, asyncio.Task[None]] = {}
        for line, record in records:
            self.report["total"] += 1
            user = str(record.get("user_id")) if isinstance(record, dict) else ""
            users[user] = asyncio.create_task(self._after(users.get(user), line, record))
            await self.gate.acquire()
            self.gate.release()
            await asyncio.sleep(0)
        await asyncio.gather(*users.values())
        self.report["errors"].sort(key=lambda error: error["line"])
        self.report["results"].sort(key=lambda result: result["line"])
        return self.report

    async def _after(self, before: asyncio.Task[None] | None, line: int, record: Any) -> None:
        if before is not None:
            await before
        async with self.gate:
            try:
                await self._one(line, record)
            except Exception as error:  # whatever is wrong with one record costs that record only
                self.report["failed"] += 1
                self.report["errors"].append({"line": line, "reason": f"{type(error).__name__}: {error}"})

    async def _one(self, line: int, record: Any) -> None:
        from ...engine import ValidationError
        from ...workflows import ConversationManager

        if isinstance(record, Exception):
            raise record
        if not isinstance(record, dict) or "user_id" not in record:
            raise ValidationError("a record is an object with user_id, and message or messages")
        manager = ConversationManager(record["user_id"], self.db, record.get("tenant_id", self.tenant))
        if "messages" in record:
            done = await manager.ingest(_numbered(record), record.get("conversation_id"), **_about(record))
            self.report["ingested"] += 1
            for key in ("messages_stored", "messages_skipped"):
                self.report[key] += done[key]
            self.report["conversations"] += 1
        elif "message" in record:
            reply = await manager.send_message(
                record["message"], record.get("conversation_id"), id=record.get("id")
            )
            if not reply["generation_success"]:
                raise Failed(reply["response"])
            self.report["answered"] += 1
            shown = {key: reply[key] for key in ("conversation_id", "response")}
            self.report["results"].append({"line": line, "user_id": record["user_id"], **shown})
        else:
            raise ValidationError("a record has message, to be answered, or messages, to be taken in")


def _numbered(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages, each with an id where it has none: its place in the record, so that a second run adds none twice."""
    messages = record["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise Misused("messages is a list of objects with role and content")
    if "conversation_id" not in record:
        return messages
    return [{"id": f"#{number}", **message} for number, message in enumerate(messages, 1)]


def _about(record: dict[str, Any]) -> dict[str, Any]:
    rest = {
        key: value
        for key, value in record.items()
        if key not in ("user_id", "tenant_id", "conversation_id", "messages", "title")
    }
    return {"title": record.get("title"), "metadata": rest}


def _records(file: str) -> Iterator[tuple[int, Any]]:
    """The records with their line; a line that is not JSON is an error in its place."""
    if file == "-":
        yield from _parsed(sys.stdin, file)
    elif not Path(file).is_file():
        raise Misused(f"there is no file {file!r} here")
    else:
        with Path(file).open(encoding="utf-8", errors="surrogateescape") as stream:
            yield from _parsed(stream, file)


def _parsed(stream: TextIO, file: str) -> Iterator[tuple[int, Any]]:
    first = stream.readline()
    if first.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(first + stream.read()), 1)
        except ValueError as error:
            raise Misused(f"{file}: not a JSON array: {error}") from None
        return
    for line, text in enumerate(itertools.chain([first], stream), 1):
        if text.strip():
            try:
                yield line, json.loads(text)
            except ValueError as error:
                yield line, ValueError(f"not JSON: {error}")
