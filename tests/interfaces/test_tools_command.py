"""Does the command line call tools, list them, and show what was called?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from turngraph.interfaces.cli import app

APP = '''
from turngraph.engine import Registry
from turngraph.services.tools import default_toolbox, tool

@tool(asked=("bake",), example="bake {loaves} loaves")
def bake(loaves: int) -> str:
    """Bakes bread."""
    return f"{loaves} loaves"

registry = Registry()
registry.service("toolbox", lambda: default_toolbox(bake))
'''
NO_TOOLBOX = (
    "from turngraph.engine import Registry\nregistry = Registry()\nregistry.service('toolbox', dict)\n"
)


def turngraph(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def asked(*arguments: str) -> Any:
    done = turngraph(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_question_is_calculated_and_written_down() -> None:
    reply = asked("chat", "--user", "ada", "--tools", "calculator", "--message", "What is 17*23?")
    assert reply["response"] == "17*23 = 391" and reply["tool_calls"][0]["result"]["value"] == 391
    (call,) = asked("tools", "calls", "--user", "ada")["calls"]
    assert (call["tool"], call["status"], call["message_id"]) == ("calculator", "done", reply["message_id"])
    assert call["id"] == reply["tool_calls"][0]["execution"] and call["receipt_holds"] is True
    shown = asked("tools", "show", call["id"], "--user", "ada")
    assert shown == call
    assert "391" in turngraph("tools", "show", call["id"], "--user", "ada").stdout
    assert "calculator" in turngraph("tools", "calls", "--user", "ada").stdout
    for which in (("--tool", "fetch"), ("--status", "refused"), ("--conversation", "x"), ("--message", "x")):
        assert asked("tools", "calls", "--user", "ada", *which)["calls"] == []
    assert asked("tools", "calls", "--user", "eve")["calls"] == []
    assert turngraph("tools", "show", call["id"], "--user", "eve").exit_code == 2


def test_a_row_that_was_changed_is_told(tmp_path: Path) -> None:
    asked(
        "chat", "--user", "ada", "--tools", "all", "--message", "What is 17*23?", "--db", "sqlite:///here.db"
    )
    engine = create_engine("sqlite:///here.db")
    with engine.begin() as connection:
        id_ = connection.scalar(text("UPDATE tool_executions SET status = 'failed' RETURNING id"))
    engine.dispose()
    shown = turngraph("tools", "show", str(id_), "--user", "ada", "--db", "sqlite:///here.db")
    assert "IT WAS CHANGED" in shown.stdout
    assert (
        asked("tools", "show", str(id_), "--user", "ada", "--db", "sqlite:///here.db")["receipt_holds"]
        is False
    )


def test_the_tools_are_listed_with_what_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {one["name"]: one for one in asked("tools", "list")["tools"]}
    assert {name: one["back_end"] for name, one in found.items()} == {
        "calculator": None, "fetch": None, "weather": "stand-in", "web_search": "stand-in"
    }  # fmt: skip
    assert found["calculator"]["effect"] is False and found["fetch"]["input_schema"]["required"] == ["url"]
    monkeypatch.setenv("WEATHER_API_KEY", "a-key")
    listed = turngraph("tools", "list").stdout
    assert "openweathermap.org" in listed and "stand-in" in listed and "a-key" not in listed


def test_ones_own_tools_are_there_by_name(tmp_path: Path) -> None:
    Path("kitchen.py").write_text(APP)
    Path("empty.py").write_text(NO_TOOLBOX)
    assert [one["name"] for one in asked("tools", "list", "--app", "kitchen")["tools"]][-1] == "bake"
    reply = asked(
        "chat",
        "--user",
        "ada",
        "--app",
        "kitchen",
        "--tools",
        "bake, calculator",
        "--message",
        "What is 2^10?",
    )
    assert reply["response"] == "2^10 = 1024"
    wrong = turngraph("chat", "--user", "ada", "--tools", "calculater", "--message", "Hello")
    assert wrong.exit_code == 2 and "no tool is named 'calculater'; did you mean 'calculator'" in wrong.output
    odd = turngraph("tools", "list", "--app", "empty")
    assert odd.exit_code == 2 and "is to be a Toolbox, found dict" in odd.output
    run = asked(
        "run", "tool_conversation", "--input", "user_id=ada", "--input", "current_message=What is 3*4?"
    )
    assert run["response"] == "3*4 = 12"
