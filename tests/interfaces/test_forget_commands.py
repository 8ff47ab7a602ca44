"""Forgetting, receipts, export and import on the command line."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from turngraph.interfaces.cli import app

runner = CliRunner()
WORD = "heliotrope"


def turngraph(*arguments: str, input: str | None = None) -> Result:
    return runner.invoke(app, list(arguments), input=input)


def asked(*arguments: str, input: str | None = None) -> Any:
    done = turngraph(*arguments, "--json", input=input)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def tell(
    user: str = "ada", text: str = f"My dog is called {WORD.capitalize()} and I prefer dark mode."
) -> dict[str, str]:
    told: dict[str, str] = asked("chat", "--user", user, "--message", text)
    return told


def found(user: str = "ada") -> str:
    return (
        turngraph("memory", "search", f"dog {WORD}", "--user", user, "--json")
        .stdout.lower()
        .split('"memories"')[1]
    )


def test_a_message_is_forgotten_and_the_receipt_is_checked(tmp_path: Path) -> None:
    told = tell()
    assert WORD in found()
    receipt = asked("memory", "forget", "--message", told["message_id"], "--user", "ada")
    assert (receipt["kind"], receipt["grade"], receipt["counts"]["messages"]) == ("message", "unreachable", 1)
    assert WORD not in json.dumps(receipt).lower() and told["reply_id"] in receipt["answers"]
    assert asked("memory", "list", "--user", "ada")["memories"] == []
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt))
    verified = asked("memory", "receipt", "verify", str(file))
    assert verified == {"valid": True, "receipt": receipt["id"], "grade": "unreachable", "pending": False}
    assert asked("memory", "receipt", "list", "--user", "ada")["receipts"] == [receipt]
    assert asked("memory", "receipt", "list", "--user", "bob")["receipts"] == []
    shown = turngraph("memory", "receipt", "verify", "-", input=json.dumps(receipt))
    assert "the signature is right" in shown.stdout and "left to the operator" in shown.stdout
    receipt["grade"] = "files"
    done = turngraph("memory", "receipt", "verify", "-", input=json.dumps(receipt))
    assert done.exit_code == 1 and "was changed after it was signed" in done.stderr
    done = turngraph(
        "memory", "receipt", "verify", "-", "--db", "sqlite:///other.db", input=json.dumps(receipt)
    )
    assert done.exit_code == 1 and "neither set nor kept here" in done.stderr


def test_a_user_is_asked_for_and_then_gone_from_the_file() -> None:
    tell()
    refused = turngraph("memory", "forget", "--user-data", "--user", "ada", input="n\n")
    assert refused.exit_code == 2 and "nothing was forgotten" in refused.stderr
    assert turngraph("memory", "forget", "--user-data", "--user", "ada").exit_code == 2
    assert WORD in found()
    done = turngraph("memory", "forget", "--user-data", "--files", "--user", "ada", input="y\n")
    assert done.exit_code == 0 and "gone from the files" in done.stdout
    for file in Path().glob("conversation_memory.db*"):
        assert WORD.encode() not in file.read_bytes().lower()
    assert asked("memory", "forget", "--user-data", "--user", "ada", "--yes")["grade"] == "files"


def test_a_conversation_and_a_memory_are_forgotten() -> None:
    told = tell()
    memory = asked("memory", "list", "--user", "ada")["memories"][0]["id"]
    for arguments in (["--memory", memory], ["--conversation", told["conversation_id"]]):
        assert turngraph("memory", "forget", *arguments, "--user", "bob").exit_code == 2
        done = turngraph("memory", "forget", *arguments, "--user", "ada")
        assert done.exit_code == 0 and "out of reach" in done.stdout
    again = tell()
    done = asked("conversation", "forget", again["conversation_id"], "--user", "ada")
    assert done["messages_forgotten"] == 2 and done["receipt"]["kind"] == "conversation"
    assert WORD not in found()


def test_archived_conversations_are_pruned_when_that_is_asked_for() -> None:
    told = tell()
    conversation = told["conversation_id"]
    assert asked("conversation", "prune", "--user", "ada", "--older-than", "0m")["pruned"] == []
    asked("conversation", "archive", conversation, "--user", "ada")
    assert asked("conversation", "prune", "--user", "ada")["pruned"] == []  # ninety days
    now = ["conversation", "prune", "--user", "ada", "--older-than", "0m"]
    would = asked(*now, "--dry-run")["pruned"]
    assert [(one["conversation_id"], one["receipt"]) for one in would] == [(conversation, None)]
    assert WORD in found() and "1 conversations of ada would go" in turngraph(*now, "--dry-run").stdout
    (gone,) = asked(*now)["pruned"]
    (receipt,) = asked("memory", "receipt", "list", "--user", "ada")["receipts"]
    assert (gone["receipt"], gone["conversation_id"]) == (receipt["id"], receipt["target"])
    assert WORD not in found() and "0 conversations of ada are gone" in turngraph(*now).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["forget"], "found none"),
        (["forget", "a", "--message", "b"], "found 2"),
        (["forget", "--message", "nope"], "no message 'nope'"),
        (["forget", "--conversation", "nope"], "no conversation 'nope'"),
        (["forget", "nope"], "no memory 'nope'"),
        (["forget", "--user-data", "--yes"], "nothing is kept of user 'ada'"),
        (["export", "gone/ada.jsonl"], "there is no folder"),
        (["import", "gone.jsonl"], "there is no file"),
    ],
)
def test_what_was_asked_wrongly_is_a_sentence_and_status_2(arguments: list[str], says: str) -> None:
    done = turngraph("memory", *arguments, "--user", "ada")
    assert done.exit_code == 2 and says in done.stderr and "Traceback" not in done.output


def test_a_receipt_that_is_none_is_refused(tmp_path: Path) -> None:
    for text in ("{", "{}", "[]"):
        done = turngraph("memory", "receipt", "verify", "-", input=text)
        assert done.exit_code == 2 and done.stdout == "", text


def test_a_user_moves_to_another_database() -> None:
    told = tell()
    assert asked("memory", "export", "ada.jsonl", "--user", "ada")["rows"] > 4
    assert stat.S_IMODE(Path("ada.jsonl").stat().st_mode) == 0o600
    printed = turngraph("memory", "export", "--user", "ada").stdout
    assert printed.splitlines()[1:] == Path("ada.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    other = ["--db", "sqlite:///other.db"]
    restored = asked("memory", "import", "ada.jsonl", "--user", "eve", *other)["restored"]
    assert restored["message"] == 2 and restored["conversation"] == 1
    hits = asked("memory", "search", WORD, "--user", "eve", *other)["memories"]
    assert hits[0]["message"]["id"] == told["message_id"]
    taken = turngraph("memory", "import", "-", "--user", "eve", *other, input=printed)
    assert taken.exit_code == 1 and "is taken in this database" in taken.stderr
    cut = turngraph(
        "memory", "import", "-", "--user", "bob", "--db", "sqlite:///third.db", input=printed[:-20]
    )
    assert cut.exit_code == 2 and "error: " in cut.stderr
    assert "rows of ada written" in turngraph("memory", "export", "ada.jsonl", "--user", "ada").stdout
    shown = turngraph("memory", "import", "ada.jsonl", "--user", "ada", "--db", "sqlite:///third.db")
    assert "restored for ada" in shown.stdout and not list(Path().glob(".ada*"))
