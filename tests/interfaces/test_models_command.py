"""Does `turngraph models` tell what was found, which model answers, and why, and never a key?"""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from turngraph.interfaces.cli import app

KEY = "sk-canary-of-the-command"


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def test_it_shows_the_choice_and_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "offline:rules answers: no key was found" in said()
    monkeypatch.setenv("Z_API_KEY", KEY)
    shown = said()
    assert "zai:glm-4.6 answers: Z_API_KEY is set" in shown and KEY not in shown
    monkeypatch.setenv("TURNGRAPH_MODEL", "openai:gpt-x,zai")
    assert "openai:gpt-x, then zai:glm-4.6 answers: TURNGRAPH_MODEL names it" in said()
    assert "offline:rules answers: it was asked for" in said("--model", "offline")
    rows = {line.split()[1]: line for line in said().splitlines() if line.startswith("→")}
    assert "gpt-x" in rows["openai"] and "gpt-5" not in rows["openai"] and "glm-4.6" in rows["zai"]


def test_for_machines_it_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOAI_API_KEY", KEY)
    monkeypatch.setenv("IOAI_MODEL", "open-model")
    told = said("--json")
    found = json.loads(told)
    assert (found["chosen"], found["why"]) == (["ionet:open-model"], "IOAI_API_KEY is set")
    ready = {one["name"]: one["ready"] for one in found["providers"]}
    assert ready["ionet"] and ready["offline"] and not ready["anthropic"]
    assert KEY not in told


def test_a_provider_that_does_not_exist_is_a_wrong_question() -> None:
    done = CliRunner().invoke(app, ["models", "--model", "antropic"])
    assert done.exit_code == 2 and "Did you mean 'anthropic'?" in done.output
