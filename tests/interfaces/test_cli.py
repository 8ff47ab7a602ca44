"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from turngraph.interfaces.cli import app
from turngraph.models import DatabaseManager
from turngraph.models.migrate import HEAD

runner = CliRunner()


def turngraph(*arguments: str, input: str | None = None) -> Result:
    return runner.invoke(app, list(arguments), input=input)


def asked(*arguments: str, input: str | None = None) -> Any:
    done = turngraph(*arguments, "--json", input=input)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def process(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "turngraph", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})})


def test_two_processes_one_memory_and_nobody_elses():
    first = process(
        "chat", "--user", "ada", "--message", "My dog is called Biscuit and I prefer dark mode.", "--json"
    )
    told = json.loads(first.stdout)
    second = process("chat", "--user", "ada", "--message", "What is my dog called?", "--json")
    reply = json.loads(second.stdout)
    assert "Biscuit" in reply["response"]
    assert reply["sources"][0]["message_id"] == told["message_id"]
    assert "dark" in str(reply["user_preferences"])
    for other in (["--user", "bob"], ["--user", "ada", "--tenant", "other"]):
        done = process("chat", *other, "--message", "What is my dog called?", "--json")
        assert done.returncode == 0 and "Biscuit" not in done.stdout


def test_without_json_the_answer_and_its_source_are_shown():
    turngraph("chat", "--user", "ada", "--message", "My cat is called Miso.")
    shown = turngraph("chat", "--user", "ada", "--message", "What is my cat called?").stdout
    assert "Miso" in shown and "from 2" in shown and "My cat is called Miso." in shown


def test_a_chat_line_by_line_stays_in_one_conversation():
    lines = "My boat is called Vela.\nWhat is my boat called?\n/exit\n"
    done = turngraph("chat", "--user", "ada", input=lines)
    assert done.exit_code == 0 and done.stdout.count("Vela") >= 2
    assert len(asked("conversation", "list", "--user", "ada")["conversations"]) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chat", "--user", "ada", "--message", ""], "expected a text that is not empty"),
        (["chat", "--user", "", "--message", "hi"], "user"),
        (["chat", "--user", "ada", "--message", "hi", "--conversation", "nope"], "no conversation 'nope'"),
        (
            ["chat", "--user", "ada", "--message", "hi", "--db", "oracle://x"],
            "the forms are sqlite:///file.db",
        ),
        (["chat", "--user", "ada", "--message", "hi", "--model", "antropic:x"], "anthropic"),
        (["chat", "--user", "ada", "--message", "hi", "--log-level", "loud"], "log level"),
        (["run", "conversatoin"], "did you mean 'conversation'"),
        (["run", "conversation", "--input", "nonsense"], "expected KEY=VALUE"),
        (["run", "conversation", "--inputs", "{"], "not JSON"),
        (["run", "conversation", "--input", "usr_id=ada"], "did you mean 'user_id'"),
        (["check", "gone.yaml"], "there is no file"),
        (["draw", "conversation", "--format", "png"], "'mermaid', 'dot', 'text'"),
        (["demo", "conversation_memry"], "did you mean 'conversation_memory'"),
        (["batch", "gone.jsonl"], "there is no file"),
        (["batch", "--where", "user=ada", "--out", "gone/out.jsonl"], "the folder 'gone' is not there"),
        (["batch", "--where", "user=ada", "--out", "."], "expected a file, found the folder '.'"),
        (
            ["batch", "--where", "user=ada", "--workflow", "conversation", "--compare", "gone/x.html"],
            "page: the folder 'gone' is not there",
        ),
        (["memory", "search", "half \ud83d a query", "--user", "ada"], "search_query: has a NUL or half"),
        (
            ["run", "memory_search", "--inputs", '{"user_id": "ada", "search_query": "a\\u0000b"}'],
            "search_query: has a NUL or half",
        ),
        (["memory", "forget", "nope", "--user", "ada"], "no memory 'nope'"),
        (["conversation", "show", "nope", "--user", "ada"], "no conversation 'nope'"),
        (["conversation", "list", "--user", "ada", "--status", "gone"], "expected one of active"),
        (["tools", "calls", "--user", "ada", "--status", "gone"], "expected one of done, failed"),
        (["run", "x", "--app", "no_such_module"], "cannot be imported"),
    ],
)
def test_what_was_asked_wrongly_is_a_sentence_and_status_2(arguments, says):
    done = turngraph(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr and "Traceback" not in done.output and done.stdout == ""


def test_an_id_as_a_table_shows_it_is_taken():
    turngraph("chat", "--user", "ada", "--message", "My dog is called Rex.")
    told = asked("chat", "--user", "ada", "--tools", "calculator", "--message", "What is 17*23?")
    for listing, taking in (
        (["tools", "calls"], ["tools", "show"]),
        (["memory", "list"], ["memory", "forget"]),
    ):
        shown = turngraph(*listing, "--user", "ada").stdout.splitlines()[2].split()[0]
        assert turngraph(*taking, shown, "--user", "bob").exit_code == 2
        assert turngraph(*taking, shown, "--user", "ada").exit_code == 0
    assert asked("memory", "list", "--user", "ada")["memories"] == []
    whole = told["conversation_id"]
    assert whole in turngraph("conversation", "list", "--user", "ada").stdout
    short = whole[:8]
    for command in ("pause", "reopen", "show", "forget"):
        assert turngraph("conversation", command, short, "--user", "ada").exit_code == 0


@pytest.mark.parametrize("text", ["[/x]", "[bold]x[/bold]", "\x1b[31mred\x1b]0;title\x07\x9b2J"])
def test_what_others_wrote_is_shown_as_it_is_and_commands_no_terminal(text):
    turngraph("chat", "--user", text, "--message", f"My dog is called {text} and likes tea.")
    (id,) = [one["id"] for one in asked("conversation", "list", "--user", text)["conversations"]]
    shown = text.replace("\x1b", "\\x1b").replace("\x07", "\\x07").replace("\x9b", "\\x9b")
    for command in (["memory", "search", text], ["conversation", "list"], ["conversation", "show", id]):
        done = turngraph(*command, "--user", text)
        assert done.exit_code == 0, done.output
        assert shown in done.stdout and not {"\x1b", "\x07", "\x9b"} & set(done.stdout)


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "postgresql://nobody@127.0.0.1:1/none"])
def test_what_failed_is_a_sentence_and_status_1(url):
    done = turngraph("chat", "--user", "ada", "--message", "hi", "--db", url)
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ") and "Traceback" not in done.output


def test_a_model_that_cannot_be_reached_fails_and_keeps_the_message(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    done = turngraph("chat", "--user", "ada", "--message", "Remember the milk.", "--json")
    assert done.exit_code == 1 and "sk-canary" not in done.output
    reply = json.loads(done.stdout)
    assert reply["generation_success"] is False
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    shown = asked("conversation", "show", reply["conversation_id"], "--user", "ada")
    assert [message["content"] for message in shown["messages"]] == ["Remember the milk."]


def test_a_conversations_status_changes_as_the_table_says():
    conversation = asked("chat", "--user", "ada", "--message", "Hello.")["conversation_id"]
    for change, status in (
        ("pause", "paused"),
        ("complete", "completed"),
        ("reopen", "active"),
        ("archive", "archived"),
    ):
        assert asked("conversation", change, conversation, "--user", "ada")["status"] == status
    assert turngraph("conversation", "pause", conversation, "--user", "ada").exit_code == 2
    assert (
        turngraph("chat", "--user", "ada", "--conversation", conversation, "--message", "Hi.").exit_code == 2
    )
    assert turngraph("conversation", "reopen", conversation, "--user", "bob").exit_code == 2
    assert asked("conversation", "forget", conversation, "--user", "ada")["messages_forgotten"] == 2
    assert asked("conversation", "list", "--user", "ada")["conversations"] == []


def test_memories_are_searched_listed_and_forgotten():
    message = asked("chat", "--user", "ada", "--message", "My sister Petra lives in Lisbon.")["message_id"]
    listed = asked("memory", "list", "--user", "ada")["memories"]
    assert [source["id"] for source in listed[0]["sources"]] == [message]
    hit = asked("memory", "search", "Lisbon", "--user", "ada")["memories"][0]
    assert hit["message"]["id"] == message and {"content", "score", "importance_score", "parts"} <= set(hit)
    assert "Petra" in turngraph("memory", "search", "Lisbon", "--user", "ada").stdout
    assert asked("memory", "forget", listed[0]["id"], "--user", "ada")["target"] == listed[0]["id"]
    assert asked("memory", "list", "--user", "ada")["memories"] == []


def test_a_batch_reports_each_line_and_a_second_run_adds_nothing(tmp_path: Path):
    records = [
        {
            "conversation_id": "c1",
            "user_id": "u1",
            "topic": "tea",
            "messages": [{"role": "user", "content": "yes"}] * 2,
        },
        {"user_id": "u2", "message": "I keep goats.", "id": "r2"},
        {"user_id": "u3"},
    ]
    lines = [*map(json.dumps, records), "not json", '{"user_id": "u4", "message": "\\ud800"}']
    (tmp_path / "list.jsonl").write_text("\n".join(lines))
    first = turngraph("batch", "list.jsonl", "--json")
    report = json.loads(first.stdout)
    assert first.exit_code == 1
    assert (report["total"], report["ingested"], report["answered"], report["failed"]) == (5, 1, 1, 3)
    assert [error["line"] for error in report["errors"]] == [3, 4, 5]
    assert report["messages_stored"] == 2
    again = json.loads(turngraph("batch", "list.jsonl", "--json").stdout)
    assert (again["messages_stored"], again["already"], again["failed"]) == (0, 5, 3)
    with DatabaseManager() as db:
        assert db.get_conversation_stats("u2")["messages"] == 2
        assert db.get_conversation("c1").meta == {"topic": "tea"}
    array = json.dumps([{"user_id": "u9", "message": "Hi."}])
    assert asked("batch", "-", input=array)["answered"] == 1


def test_the_outcomes_do_not_take_the_place_of_the_records(tmp_path: Path):
    file = tmp_path / "records.jsonl"
    file.write_text('{"user_id": "ada", "message": "I keep bees."}')
    done = turngraph("batch", str(file), "--out", str(file))
    assert done.exit_code == 2 and "is the file of the records" in done.stderr
    assert "I keep bees." in file.read_text() and turngraph("batch", str(file), "--resume").exit_code == 2


def test_poison_in_a_hundred_lines_is_told_by_line_and_all_else_is_done(tmp_path: Path):
    good = [
        json.dumps({"user_id": f"u{n % 9}", "conversation_id": f"c{n}", "messages": [{"content": "x"}]})
        for n in range(600)
    ]
    poison = [
        b"{bad",
        b'{"user_id": "u1"}',
        b'{"user_id": "u1", "message": "' + b"x" * (5 * 1024 * 1024) + b'"}',
        b'{"user_id": 7, "messages": [{"content": "x"}]}',
        b'{"user_id": "u1", "messages": [{"content": "gr\xfc\xdf"}]}',
        b'{"user_id": "u1", "messages": "none"}',
        b'{"user_id": "u1", "message": "a\\u0000b"}',
        b'{"user_id": "u1", "message": "\\ud800"}',
        b"[1, 2]",
        b'{"id": "same", "user_id": "u1", "messages": [{"content": "one"}]}',
        b'{"id": "same", "user_id": "u1", "messages": [{"content": "two"}]}',
    ]
    says = [
        "not JSON", "message, to be answered, or messages", "at most 4,194,304", "user", "not UTF-8", "messages is a list",
        "NUL", "half a character", "a record is an object, found a list", "", "which holds something else",
    ]  # fmt: skip
    lines = [line.encode() for line in good]
    for number, line in enumerate(poison):
        lines.insert(50 * number + 49, line)
    (tmp_path / "list.jsonl").write_bytes(b"\n".join(lines))
    done = turngraph("batch", "list.jsonl", "--out", "out.jsonl", "--json")
    report = json.loads(done.stdout)
    assert done.exit_code == 1 and "10 of 611 records failed" in done.stderr
    assert (report["total"], report["done"], report["failed"]) == (611, 601, 10)
    expected = [(50 * n + 50, text) for n, text in enumerate(says) if text]
    assert [error["line"] for error in report["errors"]] == [line for line, _ in expected]
    for error, (_, text) in zip(report["errors"], expected, strict=True):
        assert text in error["reason"], error
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 611


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["batch"], "say what to work through"),
        (["batch", "x.jsonl", "--where", "all=yes"], "are two batches"),
        (["batch", "--where", "usr=ada"], "did you mean 'user'"),
        (["batch", "--where", "all=yes", "--compare", "p.html"], "--compare goes with --workflow"),
        (["batch", "--where", "all=yes", "--against", "label"], "--against goes with --compare"),
        (["batch", "--where", "all=yes", "--workers", "threads"], "expected celery"),
        (["batch", "--where", "all=yes", "--resume"], "no batch of 'where all=yes'"),
        (["worker", "--pool", "eventlet"], "expected one of prefork, threads, solo"),
    ],
)
def test_a_batch_that_was_asked_for_wrongly_is_a_sentence(arguments, says):
    done = turngraph(*arguments)
    assert done.exit_code == 2 and says in done.stderr and done.stdout == ""


def test_the_summary_of_a_batch_is_a_table(tmp_path: Path):
    (tmp_path / "list.jsonl").write_text('{"user_id": "u", "messages": [{"content": "x"}]}\nbad\n')
    done = turngraph("batch", "list.jsonl")
    assert done.exit_code == 1
    assert re.search(r"^taken in +1 *$", done.stdout, re.MULTILINE) and "line 2: not JSON" in done.stdout


def test_real_conversations_are_taken_in_once(shared: Path):
    file = str(shared / "data" / "taskmaster4-dev.jsonl")
    first, second = asked("batch", file), asked("batch", file)
    assert (first["total"], first["ingested"], first["failed"]) == (210, 210, 0)
    assert first["messages_stored"] > 700 and second["messages_stored"] == 0
    assert (second["done"], second["already"]) == (210, 210)


BROKEN = """
graph: broken
inputs: ConversationInputs
start: conversation_init
nodes:
  conversation_init: ConversationInitNode
  generate: ResponseGenerationNode
  alone: SessionManagementNode
  spin: ContextLoadNode
  find: MemoryRetreivalNode
edges:
  conversation_init: {default: generate, answered: find}
  find: spin
  spin: spin
  generate: END
  alone: END
"""


def test_check_prints_every_fault_with_its_place(tmp_path: Path):
    (tmp_path / "broken.yaml").write_text(BROKEN)
    done = turngraph("check", "broken.yaml", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 2 and found["ok"] is False
    faults = {fault["message"]: (fault["line"], fault["column"]) for fault in found["faults"]}
    assert faults["the action 'failed' of 'generate' is not wired"] == (7, 3)
    assert faults["no path leads to the node 'alone'"] == (8, 3)
    assert faults["the loop spin → spin has no way out"] == (9, 3)
    assert faults["no node class is named 'MemoryRetreivalNode'"] == (10, 9)
    assert faults["nobody writes the input 'built_context' of 'generate'"] == (7, 3)
    spoken = turngraph("check", "broken.yaml")
    assert "did you mean 'MemoryRetrievalNode'?" in spoken.stderr and "line 10, column 9" in spoken.stderr
    assert asked("check", "conversation")["ok"] is True


def test_a_graph_of_ones_own_is_checked_drawn_and_run(tmp_path: Path, monkeypatch):
    (tmp_path / "greetings.py").write_text(
        "from pydantic import BaseModel\nfrom turngraph.engine import Registry, node\n"
        "class Greeting(BaseModel):\n    greeting: str\n"
        "@node\ndef greet(name: str) -> Greeting:\n    return Greeting(greeting='Hello ' + name)\n"
        "registry = Registry()\nregistry.add(greet)\n"
    )
    (tmp_path / "greet.yaml").write_text("graph: greet\nnodes: {greet: greet}\nedges: {greet: END}\n")
    monkeypatch.setenv("TURNGRAPH_APP", "greetings")
    assert asked("run", "greet.yaml", "--input", "name=Ada")["greeting"] == "Hello Ada"
    assert "greeting" in turngraph("run", "greet.yaml", "--inputs", '{"name": "Bo"}').stdout
    assert "greet" in asked("draw", "greet.yaml", "--format", "dot")["picture"]
    assert asked("check", "greet.yaml")["files"][0]["unproven"] == [{"node": "greet", "input": "name"}]


def test_the_database_is_upgraded_counted_and_made_smaller():
    asked("chat", "--user", "ada", "--message", "Hello.")
    assert asked("db", "upgrade")["revision"] == HEAD
    stats = asked("db", "stats")
    assert stats["tables"]["messages"] == 2 and stats["vectors"] == "float16 bytes, ranked in numpy"
    assert set(asked("db", "vacuum")) == {"database", "bytes_before", "bytes_after"}
    assert "messages" in turngraph("db", "stats").stdout


def test_the_database_is_chosen_by_argument_environment_and_file(tmp_path: Path, monkeypatch):
    (tmp_path / ".env").write_text("DATABASE_URL=sqlite:///from_file.db\n")
    assert asked("db", "upgrade")["database"].endswith("from_file.db")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///from_environment.db")
    assert asked("db", "upgrade")["database"].endswith("from_environment.db")
    monkeypatch.setenv("TURNGRAPH_DB", "sqlite:///ours.db")
    assert asked("db", "upgrade")["database"].endswith("ours.db")
    assert asked("db", "upgrade", "--db", "sqlite:///given.db")["database"].endswith("given.db")


def test_logging_goes_to_stderr_and_never_says_what_was_said():
    loud = process(
        "chat", "--user", "ada", "--message", "My canary is yellow.", "--json", "--log-level", "DEBUG"
    )
    assert loud.returncode == 0 and json.loads(loud.stdout)["generation_success"] is True
    assert "canary" not in loud.stderr
    quiet = process("chat", "--user", "ada", "--message", "hi", "--json", environment={"LOG_LEVEL": "ERROR"})
    assert quiet.stderr == ""


def test_bytes_that_are_no_text_are_refused():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "turngraph", "chat", "--user", "ada", "--message", b"half \xff a text"],
        capture_output=True,
    )
    assert done.returncode == 2 and b"half a character" in done.stderr


def test_help_teaches_every_command():
    assert "Begin with:" in turngraph("--help").stdout
    for command in (
        "chat",
        "run",
        "check",
        "draw",
        "batch",
        "memory",
        "conversation",
        "runs",
        "demo",
        "db",
        "worker",
    ):
        shown = turngraph(command, "--help")
        assert shown.exit_code == 0 and len(shown.stdout) > 100
    assert turngraph("--version").stdout.startswith("turngraph 0.")
    assert turngraph("chat").exit_code == 2


def test_durable_runs_are_listed_shown_and_resumed():
    given = ["-i", "user_id=ada", "-i", "current_message=My dog is Rex."]
    said = asked("run", "conversation", *given, "--durable", "r1")["response"]
    assert turngraph("run", "conversation", *given, "--durable", "r1").exit_code == 2
    assert [(run["id"], run["status"]) for run in asked("runs", "list")["runs"]] == [("r1", "done")]
    shown = asked("runs", "show", "r1")
    assert [step["path"].split("/")[1] for step in shown["steps"]][:2] == [
        "conversation_init",
        "memory_retrieval",
    ]
    assert "session_management" in turngraph("runs", "show", "r1").stdout
    assert asked("runs", "resume", "r1")["state"]["response"] == said
    assert "class n0" in turngraph("runs", "show", "r1", "--draw", "mermaid").stdout
    assert asked("runs", "recover") == {"recovered": []}
    assert turngraph("runs", "show", "nope").exit_code == 2
    assert len(asked("memory", "list", "--user", "ada")["memories"]) == 1


APPROVAL = """
from pydantic import BaseModel
from turngraph.engine import END, Graph, Node, Pause, Registry

registry = Registry()


class Refund(BaseModel):
    euros: int


@registry.node
class Ask(Node):
    pauses = {"yes": bool}

    def post(self, state) -> Pause:
        return Pause("yes")


@registry.node
class Pay(Node):
    def post(self, state) -> None:
        state["paid"] = state["euros"] if state["yes"] else 0


registry.graph("refund", lambda: Graph("refund", Ask() - "yes" >> Pay() >> END, inputs=Refund))
"""


def test_a_run_waits_for_a_person_is_answered_forked_replayed_and_pruned(tmp_path):
    (tmp_path / "shop.py").write_text(APPROVAL)
    app = ("--app", "shop")
    waiting = turngraph("run", "refund", *app, "-i", "euros=5", "--durable", "r1")
    assert waiting.exit_code == 3 and "turngraph runs resume r1 --name r1/ask/1" in waiting.stdout
    assert turngraph("runs", "resume", "r1", *app).exit_code == 3
    assert turngraph("runs", "resume", "r1", *app, "--value", "maybe").exit_code == 2
    assert (
        turngraph("runs", "resume", "r1", "--value", "true").exit_code == 2
    )  # no app, no graph of that name
    assert asked("runs", "resume", "r1", *app, "--value", "true")["state"]["paid"] == 5
    assert turngraph("runs", "resume", "r1", *app, "--value", "true").exit_code == 2
    forked = asked("runs", "fork", "r1", "ask/1", *app, "--state", '{"euros": 9}', "--id", "r2")
    assert forked["state"]["paid"] == 9 and asked("runs", "show", "r2")["parent"] == "r1"
    assert turngraph("runs", "fork", "r1", "nowhere", *app).exit_code == 2
    replayed = asked("runs", "replay", "r2", *app, "--again", "pay")
    assert [step["how"] for step in replayed["steps"]] == ["recalled", "ran"] and not replayed["differences"]
    assert "It comes to the same" in turngraph("runs", "replay", "r2", *app).stdout
    assert asked("runs", "prune", "--older-than", "0m", "--dry-run") == {"runs": 2, "deleted": False}
    assert asked("runs", "prune", "--older-than", "0m") == {"runs": 2, "deleted": True}
    assert asked("runs", "list")["runs"] == []
    assert turngraph("runs", "prune", "--older-than", "soon").exit_code == 2


def test_the_demos_are_listed():
    assert "conversation_memory" in asked("demo")["demos"]
