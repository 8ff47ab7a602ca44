"""Do the demos run for anybody, tell their story, and fail when what they claim is not so?"""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "demos"
DEMOS = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))

PHRASES: Mapping[str, tuple[str, ...]] = {
    "approval": (
        "the run is waiting for 'decision' at refund",
        "✓ a second answer is an error",
        "━decision→ decide",
        "✓ a fork from that step comes to the other end",
    ),
    "basic_conversation": (
        "preferences_updated: programming_language = Python, theme = dark mode",
        "Your |cat |Schrödinger |sleeps |on |the |keyboard.",
        "takes no messages; reopen it first",
    ),
    "batch_conversations": (
        "10 records: 6 done, 4 failed, 0 skipped; 10 of them before; done",
        "✓ exactly the broken records failed",
    ),
    "context_management": (
        "✓ the model was never shown more than 600",
        "User: My locker at the station in Oban has the number 4417.",
        "✓ the summary holds the early fact",
    ),
    "conversation_analytics": ("total 4 4", "messages 16 16", "✓ all 6 figures agree"),
    "conversation_memory": (
        "Session 1, process ",
        "Session 3, process ",
        "turngraph Your dog is called Biscuit. You told me on ",
        "“Hello! I am Ada, I live in Bergen, and my dog is called Biscuit.”",
        "✓ and no longer the old one",
        "✓ the other company's Ada learns nothing",
        "✓ session 3 kept its promises",
    ),
    "durable_run": (
        "✓ it was killed",
        "✓ at first the dead process still counts as alive",
        "✓ each parcel stands once in the carrier's book",
        "✓ nothing is left to recover",
    ),
    "providers": (
        "Through |the |old |park, |twice |around |the |pond.",
        "✓ after five failures in a row it was left alone",
        "✓ the message waited, and is answered now",
        "✓ it is refused politely",
        "✓ what was settled is what was billed for it",
    ),
    "memory_search": ("✓ the parts add up to the score", "succeeds 3.", "✓ Bob finds nothing"),
    "multi_user_conversations": (
        "✓ Ada of default hears of Ludwig, and not of Speedy",
        "✓ Bob can neither write to it, nor read it, nor put it away",
    ),
    "tools": (
        "17*23 = 391",
        "NOT the weather",
        'I did not call `transfer(to="DE66", euros=500)`',
        "✓ asked for by Ada the same call is made",
        "print_book: page 3",
        "✓ every receipt holds",
    ),
    "replay": ("3 conversations run again, ", "✓ only what another conversation told is missing"),
    "session_recovery": (
        "Your flight to … [killed]",
        "✓ the waiting question was answered",
        "✓ the conversation from 30 hours ago was left alone",
        "✓ nothing is answered twice",
    ),
}


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What a demo wrote to stderr; that a node blocks the loop may be the machine's doing, when it is busy."""
    return [line for line in done.stderr.splitlines() if "blocked the event loop" not in line]


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a demo as setup.py does, with its output in a pipe."""
    return subprocess.run(
        [sys.executable, "-P", "-m", f"turngraph.demos.{name}", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        timeout=120,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed, however its lines were broken."""
    return " ".join(done.stdout.split())


def test_these_are_the_demos() -> None:
    assert sorted(PHRASES) == DEMOS


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_holds_what_it_claims_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    os.chdir(here)
    done = run(name, TMPDIR=str(temporary))
    assert done.returncode == 0, done.stdout + done.stderr
    assert errors(done) == []
    assert "\x1b" not in done.stdout
    assert "✗" not in done.stdout
    for phrase in PHRASES[name]:
        assert phrase in told(done)
    assert list(here.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_a_demo_can_keep_its_database_and_be_run_on_it_again_in_colour(tmp_path: Path) -> None:
    database = ("--db", f"sqlite:///{tmp_path.as_posix()}/kept.db")
    first = run("batch_conversations", *database)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Kept in sqlite:///" in told(first)
    second = run("batch_conversations", *database, FORCE_COLOR="1", TERM="xterm-256color")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "\x1b[32m" in second.stdout


def test_a_database_that_cannot_be_opened_is_said_in_one_line() -> None:
    done = run("basic_conversation", "--db", "sqlite:////no/such/folder/demo.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The database cannot be opened: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_later_session_alone_needs_a_database() -> None:
    done = run("conversation_memory", "--session", "2")
    assert done.returncode == 2
    assert "--session needs --db" in done.stderr


# --- a claim that is not so ends the demo with 1: something is broken from outside, in every process of the demo

FORGETFUL = """
from turngraph.nodes import MemoryRetrievalNode
whole = MemoryRetrievalNode.exec
async def exec(self, known, *, db, embedder):
    found = await whole(self, known, db=db, embedder=embedder)
    return found.model_copy(update={"retrieved_memories": [], "recent_conversations": []})
MemoryRetrievalNode.exec = exec
"""
LEAKING = """
from turngraph.workflows import ConversationManager
whole = ConversationManager.__init__
def init(self, user_id, db=None, tenant="default", **services):
    whole(self, "everybody", db, "default", **services)
ConversationManager.__init__ = init
"""
NO_SUMMARY = """
from turngraph.services import OfflineModel
async def summarise(self, turns, *, previous=None, max_tokens=400):
    return ""
OfflineModel.summarise = summarise
"""
MISCOUNTING = """
from turngraph.models import DatabaseManager
whole = DatabaseManager.get_conversation_stats
def stats(self, user_id):
    found = whole(self, user_id)
    return {**found, "messages": found["messages"] + 1}
DatabaseManager.get_conversation_stats = stats
"""
GENEROUS = """
from turngraph.services import OpenGate, ProviderModel
whole = ProviderModel.__init__
def init(self, *connections, gate=None, policy=None):
    whole(self, *connections, gate=OpenGate(), policy=policy)
ProviderModel.__init__ = init
"""
NOTHING_ENDS = """
from turngraph.models import truth
truth._close = lambda rows, by, at: None
"""


@pytest.mark.parametrize(
    ("name", "fault", "claim"),
    [
        ("conversation_memory", FORGETFUL, "session 2 kept its promises"),
        ("multi_user_conversations", LEAKING, "Bob can neither write to it, nor read it, nor put it away"),
        ("context_management", NO_SUMMARY, "the summary holds the early fact"),
        ("conversation_analytics", MISCOUNTING, "all 5 figures agree"),
        ("providers", GENEROUS, "nothing was sent"),
        ("memory_search", NOTHING_ENDS, "what no longer holds says until when it did"),
    ],
)
def test_a_broken_product_is_noticed(name: str, fault: str, claim: str, tmp_path: Path) -> None:
    # Python imports sitecustomize when it starts, so that this reaches the processes that a demo starts, too.
    (tmp_path / "sitecustomize.py").write_text(fault)
    done = run(name, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert errors(done) == []
    assert f"✗ {claim}" in told(done).partition("claims did not hold:")[2]


# --- a script that anyone can read


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_is_short_and_begins_with_what_it_shows(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    assert first.endswith(".")
    assert 60 <= len(text.splitlines()) <= 200
    assert f"python -m turngraph.demos.{name}" in text


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_uses_public_names_only(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("turngraph"):
            assert node.module is not None
            if node.module.startswith("turngraph.demos._"):
                continue
            assert node.module.count(".") == 1 or node.module == "turngraph.services.tools"
            public = importlib.import_module(node.module).__all__
            assert {alias.name for alias in node.names} <= set(public)
