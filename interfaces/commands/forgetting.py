"""`turngraph memory forget`, `export`, `import` and `receipt`: a user's say over what is kept of them."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from ..output import AsJson, Db, Failed, LogLevel, Misused, Tenant, User, command, console, run, say, table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ...models import Receipt, Target

receipts = typer.Typer(help="List the receipts of forgetting, and check one.", no_args_is_help=True)

Id = Annotated[
    str | None,
    typer.Argument(metavar="[ID]", help="A memory's id, or its beginning, as memory list shows it."),
]


@command
def forget(
    user: User,
    id: Id = None,
    message: Annotated[str | None, typer.Option("--message", metavar="ID", help="Forget a message.")] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="ID", help="Forget a memory; its messages stay.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Forget a conversation.")
    ] = None,
    user_data: Annotated[bool, typer.Option("--user-data", help="Forget all of the user's.")] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Clean the database's files too; this rewrites its tables.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Forget a memory, message, conversation or user, and all that rests on it alone; prints the receipt."""
    from ...models import DatabaseManager, Scope, Target
    from ...models import forget as forgotten
    from ...models.repositories.ids import whole

    target = _target(id, message, memory, conversation, user_data)
    scope = Scope(tenant, user)
    if target.kind == "user" and not yes:
        _confirm(
            f"Forget all conversations, memories, preferences and runs of {user!r}? This cannot be undone."
        )
    with DatabaseManager(db) as database:
        if target.kind != "user" and target.id is not None:
            kind, given = target.kind, target.id
            target = Target(kind, database.read_now(lambda session: whole(session, scope, kind, given)))
        receipt = run(forgotten(database, scope, target, "files" if files else "unreachable"))
    if as_json:
        say(receipt.to_dict())
    else:
        _show(receipt)
    if receipt.pending and files:
        raise Failed("it is out of reach, but not gone from the files yet; the receipt says what is left")


@command
def export(
    user: User,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; else stdout.")] = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="With embeddings; else they are made anew.")
    ] = False,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Write all that is kept of a user as lines of JSON."""
    from ...models import DatabaseManager, Scope
    from ...models.export import exported

    scope = Scope(tenant, user)

    def write(session: Session) -> int:
        with _opened(file) as out:
            count = 0
            for line in exported(session, scope, embeddings=embeddings):
                out.write(line)
                count += 1
        return count - 2  # the first line and the last are about the others

    with DatabaseManager(db) as database:
        rows = database.read_now(write)
    if file is not None and as_json:
        say({"file": str(file), "rows": rows})
    elif file is not None:
        console().print(f"{rows} rows of {user} written to {file}", markup=False)


@command
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export wrote; - for stdin.")],
    user: User,
    tenant: Tenant = "default",
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Restore an export for a user, all of it or nothing; an id that is taken is refused."""
    from ...models import DatabaseManager, Scope
    from ...models.restore import restored

    scope = Scope(tenant, user)

    def read(session: Session) -> dict[str, int]:
        with path.open(encoding="utf-8") as lines:
            return restored(session, scope, lines)

    with _file(file) as path, DatabaseManager(db) as database:
        counts = database.write_now(read, keys=[f"user_id:{user}"])
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "restored": counts})
    else:
        table(f"restored for {user}", ("what", "rows"), counts.items())


@receipts.command("list")
@command
def list_receipts(
    user: User, tenant: Tenant = "default", db: Db = None, as_json: AsJson = False, log_level: LogLevel = None
) -> None:
    """List a user's receipts, the newest first."""
    from ...models import DatabaseManager, Scope
    from ...models.receipt import listed

    with DatabaseManager(db) as database:
        found = database.read_now(lambda session: listed(session, Scope(tenant, user)))
    if as_json:
        say({"user_id": user, "tenant_id": tenant, "receipts": [receipt.to_dict() for receipt in found]})
        return
    rows = [(one.id, one.erased_at[:16], one.kind, one.target or "", one.grade) for one in found]
    table(f"{len(rows)} receipts of {user}", ("id", "when", "what", "its id", "grade"), rows)


@receipts.command("verify")
@command
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What forget --json printed; - for stdin.")],
    db: Db = None,
    as_json: AsJson = False,
    log_level: LogLevel = None,
) -> None:
    """Check that a receipt is as it was signed, with the key that is set or with the database's own."""
    from ...models import DatabaseManager
    from ...models.receipt import key_of, receipt_of

    with _file(file) as path:
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Misused(f"{file} is no JSON: {error}") from None
    receipt = receipt_of(values)
    with DatabaseManager(db) as database:
        key = database.read_now(lambda session: key_of(session, receipt.key))
    if key is None:
        raise Failed(
            f"the receipt was signed with the key {receipt.key!r}, which is neither set nor kept here; "
            f"set TURNGRAPH_RECEIPT_KEY to it, or name the database with --db"
        )
    if not key.signed(receipt):
        raise Failed("the receipt was changed after it was signed, or was never signed with this key")
    if as_json:
        say({"valid": True, "receipt": receipt.id, "grade": receipt.grade, "pending": receipt.pending})
    else:
        _show(receipt)
        console().print("the signature is right", markup=False)


def _target(
    id: str | None, message: str | None, memory: str | None, conversation: str | None, user_data: bool
) -> Target:
    from ...models import Target

    found = [Target("memory", one) for one in (id, memory) if one is not None]
    found += [Target("message", message)] if message is not None else []
    found += [Target("conversation", conversation)] if conversation is not None else []
    found += [Target("user")] if user_data else []
    if len(found) != 1:
        raise Misused(
            f"expected one of --message, --memory, --conversation and --user-data, found {len(found) or 'none'}"
        )
    return found[0]


def _confirm(question: str) -> None:
    try:
        if typer.confirm(question, err=True):
            return
    except typer.Abort:
        pass
    raise Misused("nothing was forgotten; answer y, or say --yes")


def _show(receipt: Receipt) -> None:
    out = console()
    what = "all of the user's" if receipt.kind == "user" else f"{receipt.kind} {receipt.target}"
    reached = "gone from the files" if receipt.grade == "files" else "out of reach"
    out.print(f"{what}: {reached}, {receipt.erased_at[:19]} UTC; receipt {receipt.id}", markup=False)
    rows = [(name, count, receipt.changed.get(name, 0)) for name, count in sorted(receipt.counts.items())]
    rows += [
        (name, 0, count) for name, count in sorted(receipt.changed.items()) if name not in receipt.counts
    ]
    table("", ("table", "erased", "changed"), rows)
    if receipt.answers:
        out.print(f"messages that answered it and stay: {', '.join(receipt.answers)}", markup=False)
    out.print("left to the operator:", markup=False)
    for line in receipt.left_to_the_operator:
        out.print(f"- {line}", markup=False)


@contextmanager
def _opened(file: Path | None) -> Iterator[IO[str]]:
    """Where an export is written: a file that its owner alone may read, which is there whole or not at all."""
    if file is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    if not file.parent.is_dir():
        raise Misused(f"there is no folder {str(file.parent)!r}")
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            yield out
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _file(file: Path) -> Iterator[Path]:
    """A file that can be read again from its beginning; stdin is first written to one."""
    if str(file) != "-":
        if not file.is_file():
            raise Misused(f"there is no file {str(file)!r} here")
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stdin"
        with copy.open("w", encoding="utf-8") as out:
            shutil.copyfileobj(sys.stdin, out)
        yield copy
