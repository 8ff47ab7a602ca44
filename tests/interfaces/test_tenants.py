"""Two companies whose users have the same ids: does any command, workflow or node let one hear of the other?"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager, NotFound
from turngraph.workflows import create_workflow
from turngraph.workflows.registry import WORKFLOWS

runner = CliRunner()
CANARY = "zanzibar"
# What shows or changes what somebody said; in braces what stands for an id of the other company.
WALKED: dict[str, tuple[str, ...]] = {
    "chat": ("--user", "ada", "--message", "What is my parrot called?"),
    "memory search": ("parrot", "--user", "ada"),
    "memory list": ("--user", "ada"),
    "memory preferences": ("--user", "ada"),
    "memory prune": ("--user", "ada"),
    "memory reembed": ("--user", "ada"),
    "memory forget": ("--user", "ada", "--message", "{message}", "--yes"),
    "memory export": ("--user", "ada", "out.jsonl"),
    "memory import": ("in.jsonl", "--user", "ada"),
    "memory receipt list": ("--user", "ada"),
    "conversation list": ("--user", "ada"),
    "conversation show": ("{conversation}", "--user", "ada"),
    "conversation pause": ("{conversation}", "--user", "ada"),
    "conversation complete": ("{conversation}", "--user", "ada"),
    "conversation archive": ("{conversation}", "--user", "ada"),
    "conversation reopen": ("{conversation}", "--user", "ada"),
    "conversation forget": ("{conversation}", "--user", "ada"),
    "conversation prune": ("--user", "ada", "--older-than", "0m"),
    "tools calls": ("--user", "ada"),
    "tools show": ("{execution}", "--user", "ada"),
    "batch": ("in.batch.jsonl",),
    "models usage": ("--by", "tenant,conversation"),
}
# Those of the operator, who has the whole database, and those that read none.
OPERATORS = {
    "run", "check", "draw", "demo", "runs list", "runs show", "runs resume", "runs recover", "runs fork", "runs replay",
    "runs prune", "db upgrade", "db stats", "db vacuum", "memory receipt verify", "tools list", "worker",
    "models uncertain", "models reconcile",
}  # fmt: skip


INPUTS: dict[str, dict[str, Any]] = {
    "conversation": {"user_id": "ada", "current_message": "What is my parrot called?"},
    "tool_conversation": {"user_id": "ada", "current_message": "Search the web for parrots?"},
    "memory_search": {"user_id": "ada", "search_query": "parrot"},
    "context_refresh": {"user_id": "ada", "conversation_id": "{conversation}"},
    "session_recovery": {"user_id": "ada"},
    "batch_conversation": {
        "batch_conversations": [
            {"user_id": "ada", "message": "What is my parrot called?", "tenant_id": "zeta"}
        ]
    },
    "ingest": {
        "user_id": "ada",
        "conversation_id": "{conversation}",
        "messages": [{"content": "What is my parrot called?"}],
    },
    "summarise": {"user_id": "ada", "conversation_id": "{conversation}"},
    "extract_memories": {"user_id": "ada", "conversation_id": "{conversation}"},
    "label": {"user_id": "ada", "conversation_id": "{conversation}"},
}


def commands(found: Any, path: tuple[str, ...] = ()) -> list[str]:
    if hasattr(found, "commands"):
        return [name for part, inner in found.commands.items() for name in commands(inner, (*path, part))]
    return [" ".join(path)]


def call(tenant: str, command: str, *arguments: str) -> Result:
    return runner.invoke(app, [*command.split(), *arguments, "--tenant", tenant, "--json"])


@pytest.fixture
def acme() -> dict[str, str]:
    """What acme's Ada said, by its ids."""
    said = ("My parrot is called Zanzibar.", "I prefer zanzibar mode.", "I live in Zanzibar.")
    told = [json.loads(call("acme", "chat", "--user", "ada", "--message", text).stdout) for text in said]
    searched = "Search the web for parrots of Zanzibar."
    told.append(
        json.loads(call("acme", "chat", "--user", "ada", "--tools", "all", "--message", searched).stdout)
    )
    call("zeta", "chat", "--user", "ada", "--message", "My cat is called Tom.")
    Path("in.batch.jsonl").write_text('{"user_id": "ada", "message": "What is my parrot called?"}\n')
    assert call("zeta", "memory export", "--user", "ada", "in.jsonl").exit_code == 0
    return {
        "message": told[0]["message_id"],
        "conversation": told[0]["conversation_id"],
        "execution": told[-1]["tool_calls"][0]["execution"],
    }


def kept() -> str:
    """All that acme's Ada has, but for when it was written down."""
    assert call("acme", "memory export", "--user", "ada", "acme.jsonl").exit_code == 0
    return "\n".join(Path("acme.jsonl").read_text().splitlines()[1:])


def test_every_command_is_walked():
    assert set(commands(typer.main.get_command(app))) == WALKED.keys() | OPERATORS


def test_no_command_crosses_from_one_company_to_the_other(acme: dict[str, str]):
    assert CANARY in call("acme", "memory search", "parrot", "--user", "ada").stdout.lower()
    before = kept()
    for command, arguments in WALKED.items():
        done = call("zeta", command, *(argument.format(**acme) for argument in arguments))
        written = Path("out.jsonl").read_text().lower() if Path("out.jsonl").exists() else ""
        assert CANARY not in done.output.lower() + written, command
        assert acme["conversation"] not in done.stdout or "{conversation}" in arguments, command
        assert done.exit_code in (0, 1, 2) and not isinstance(done.exception, AssertionError), command
        assert kept() == before, command


def test_every_workflow_is_walked():
    assert INPUTS.keys() == WORKFLOWS.keys()


@pytest.mark.parametrize("name", INPUTS)
def test_no_workflow_crosses_either(name: str, acme: dict[str, str]):
    before = kept()
    given = {
        key: value.format(**acme) if isinstance(value, str) else value for key, value in INPUTS[name].items()
    }
    # A batch says in each record whose it is.
    who = {} if name == "batch_conversation" else {"tenant_id": "zeta"}
    with DatabaseManager() as db:

        async def walked() -> str:
            heard: list[Any] = []
            try:
                async for event in create_workflow(name, db).stream({**given, **who}):
                    heard.append(event)
            except NotFound:
                pass
            return repr([(event, getattr(event, "result", None)) for event in heard])

        assert CANARY not in asyncio.run(walked()).lower()
    assert kept() == before
