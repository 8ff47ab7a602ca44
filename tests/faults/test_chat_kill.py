"""A chat is killed in the midst of an answer: does the next one finish that turn, once, and leave living ones alone?"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from turngraph.models import DatabaseManager, Message, TurnRow

from ..services.provider.does import Does
from ..services.provider.server import ProviderServer

FACT, QUESTION = "My flight to Nairobi leaves on Thursday at 7:15.", "When does my flight leave?"


def command(url: str, message: str, server: str | None = None) -> subprocess.Popen[str]:
    told = {} if server is None else {"ANTHROPIC_API_KEY": "sk-canary", "ANTHROPIC_BASE_URL": server}
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "turngraph", "chat", "--user", "ada", "--db", url, "--message", message],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **told, **paths},
    )  # fmt: skip


def chat(url: str, message: str) -> tuple[str, str]:
    """What a whole chat says on stdout and on stderr."""
    process = command(url, message)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out, err


@contextmanager
def hanging(url: str, message: str) -> Iterator[subprocess.Popen[str]]:
    """A chat that has shown the first piece of an answer which never ends; killed afterwards."""
    with ProviderServer(Does(then="hang", after=1)) as server:
        process = command(url, message, server.url)
        try:
            assert process.stdout is not None and process.stdout.read(1)
            yield process
        finally:
            process.kill()
            process.communicate()


def said(url: str) -> list[tuple[str, str]]:
    """Role and content of every message, by conversation and position; positions are gapless, replies once."""
    with DatabaseManager(url) as db, db.get_session() as session:
        rows = session.scalars(select(Message).order_by(Message.conversation_id, Message.position)).all()
    places = Counter(row.conversation_id for row in rows)
    for conversation, count in places.items():
        assert [row.position for row in rows if row.conversation_id == conversation] == list(
            range(1, count + 1)
        )
    assert max(Counter(row.reply_to for row in rows if row.reply_to is not None).values(), default=0) <= 1
    return [(row.role, row.content) for row in rows]


def waiting(url: str) -> list[str]:
    with DatabaseManager(url) as db, db.get_session() as session:
        return list(session.scalars(select(Message.content).where(Message.awaits_reply)))


def test_the_next_chat_answers_what_was_cut_off_once_and_says_so_in_a_line(url: str) -> None:
    chat(url, FACT)
    with hanging(url, QUESTION):
        pass
    assert waiting(url) == [QUESTION]
    out, err = chat(url, "Hello again.")
    (line,) = [line for line in err.splitlines() if "cut off" in line]
    assert line.startswith(f"cut off before, and answered now: {QUESTION} -> ") and "7:15" in line
    assert "cut off" not in out
    found = said(url)
    assert Counter(role for role, _ in found) == {"user": 3, "assistant": 3} and waiting(url) == []
    _, err = chat(url, "And again.")
    assert "cut off" not in err
    assert [one for one in said(url) if one in found] == found and len(said(url)) == 8


def test_what_a_living_process_answers_is_left_to_it(url: str) -> None:
    with hanging(url, QUESTION):
        _, err = chat(url, FACT)
        assert "cut off" not in err and waiting(url) == [QUESTION]
    _, err = chat(url, "Hello again.")
    assert err.count("cut off before, and answered now") == 1 and waiting(url) == []
    assert Counter(role for role, _ in said(url)) == {"user": 3, "assistant": 3}


def test_two_that_start_at_once_answer_it_once(url: str) -> None:
    with hanging(url, QUESTION):
        pass
    both = [command(url, FACT), command(url, "Hello again.")]
    told = "".join(process.communicate(timeout=60)[1] for process in both)
    assert [process.returncode for process in both] == [0, 0] and told.count("answered now") == 1
    assert Counter(role for role, _ in said(url)) == {"user": 3, "assistant": 3} and waiting(url) == []


def test_killed_at_any_moment_every_message_has_one_reply_in_the_end(url: str, full: bool) -> None:
    dice = random.Random(5)
    begun = time.monotonic()
    chat(url, FACT)
    whole = time.monotonic() - begun
    for number in range(40 if full else 3):
        process = command(url, f"{QUESTION} I ask for the {number}. time.")
        time.sleep(dice.uniform(0.6, 1.0) * whole)
        process.kill()
        process.communicate()
        said(url)
    chat(url, "That is all.")
    assert waiting(url) == []
    with DatabaseManager(url) as db, db.get_session() as session:
        assert session.scalars(select(TurnRow)).all() == []
    roles = Counter(role for role, _ in said(url))
    assert roles["user"] == roles["assistant"]
