"""Does a key stand anywhere but in the request, or a message in a log, whatever a provider does?

Real workflows run over a real server, on success and on each kind of failure; then every file, log, export and exception is searched.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager, Scope
from turngraph.models.export import exported
from turngraph.services import ClaudeAPIError, Connection, Policy, Prompt, ProviderModel
from turngraph.services.log import configure_logging
from turngraph.workflows import create_conversation_workflow

from ..services.provider.does import Does, fails
from ..services.provider.server import ProviderServer
from ..services.provider.table import ROWS

KEY = "sk-canary-Zq7Xv93kTbWm"
SAID = "quokkafjord"
"""Stands in each message, and nowhere else."""
TELLS_THE_KEY = [
    fails(401, "authentication_error", said=f"the key {KEY} is not known"),
    fails(400, "invalid_request_error", said=f"{KEY[:12]}", headers={"x-echo": KEY}),
    fails(500, said=f"worker failed with key={KEY} and {SAID}"),
    Does(then="error", after=1, said=f"lost {KEY}"),
    Does(body=f"<html>{KEY} {SAID}</html>".encode(), content_type="text/html"),
    Does(body=f'{{"{KEY}": "{SAID}"'.encode()),
]
SCRIPTS = [
    *((row.name, row.script) for row in ROWS if row.address is None),
    *((f"tells {n}", (does,)) for n, does in enumerate(TELLS_THE_KEY)),
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged: ours from DEBUG on, everybody else's from INFO on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, ours = logging.getLogger(), configure_logging("DEBUG")
    level, before = root.level, ours.level
    root.setLevel(logging.INFO)
    for logger in (root, ours):
        logger.addHandler(handler)
    yield stream
    for logger in (root, ours):
        logger.removeHandler(handler)
    root.setLevel(level)
    ours.setLevel(before)
    configure_logging("WARNING")


def everything(error: BaseException) -> str:
    """An exception with all that hangs on it."""
    told = "".join(traceback.format_exception(error))
    seen: list[BaseException | None] = [error, error.__cause__, error.__context__]
    return told + "".join(
        f"{one!r} {one.__dict__} {getattr(one, '__notes__', '')}" for one in seen if one is not None
    )


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
async def test_no_key_is_kept_and_no_message_logged(
    dialect: str,
    tmp_path: Path,
    log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv({"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}[dialect], KEY)
    told: list[str] = []
    with DatabaseManager(f"sqlite:///{tmp_path / 'canaries.db'}") as db:
        for number, (name, script) in enumerate(SCRIPTS):
            with ProviderServer(*script) as server:
                llm = _model(server, dialect)
                told.append(f"{llm!r} {llm.connections!r}")
                graph = create_conversation_workflow(db, llm=llm)
                said = f"My {SAID} number {number} is here."
                try:
                    result = await graph.run(
                        {"user_id": "ada", "current_message": said},
                        store=db.runs,
                        scope=Scope("default", "ada"),
                    )
                    told.append(json.dumps(dict(result), default=str))
                except ClaudeAPIError as error:
                    told.append(everything(error))
                try:
                    told.append((await llm.reply(Prompt(message=said))).model_dump_json())
                except ClaudeAPIError as error:
                    told.append(everything(error))
                await llm.aclose()
                assert server.seen and KEY in str(server.seen[0].headers), (
                    name
                )  # the search below could find it
        with db.get_session() as session:
            export = "".join(exported(session, Scope("default", "ada"), embeddings=True))
            assert SAID in export
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    assert SAID.encode() in b"".join(files.values()) and "canaries.db-wal" in files
    shown = await asyncio.to_thread(_shown, tmp_path / "canaries.db")
    output = "".join(capfd.readouterr())
    assert "generation failed" in log.getvalue()
    for where, text in {
        "told": "".join(told),
        "export": export,
        "log": log.getvalue(),
        "output": output,
        "shown": shown,
    }.items():
        assert KEY not in text, (where, text[max(0, text.index(KEY) - 200) :][:400])
    assert [name for name, content in files.items() if KEY.encode() in content] == []
    for where, text in {"log": log.getvalue(), "output": output}.items():
        assert SAID not in text, (where, text[max(0, text.index(SAID) - 200) :][:400])


def _model(server: ProviderServer, dialect: str) -> ProviderModel:
    async def at_once(seconds: float) -> None:
        return None

    # The key is that of the environment, as in real life.
    connection = Connection(
        dialect, "test-model", base_url=server.base_url(dialect), timeout=0.2, largest=100_000
    )
    return ProviderModel(connection, policy=Policy(attempts=2, deadline=5.0, sleep=at_once))


def _shown(file: Path) -> str:
    """What the command line says of it all."""
    told = []
    for command in (
        ["runs", "list"],
        ["models", "usage", "--by", "node,user"],
        ["models", "uncertain"],
        ["db", "stats"],
    ):
        done = CliRunner().invoke(app, [*command, "--db", f"sqlite:///{file}", "--json"])
        assert done.exit_code == 0, done.output
        told.append(done.output)
    return "".join(told)
