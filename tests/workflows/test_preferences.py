"""Preferences as a conversation teaches them, and as the command line shows, changes and deletes them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from turngraph.models import Scope
from turngraph.models.repositories import preferences
from turngraph.nodes.conversation.inference import observed

ADA = Scope("default", "ada")


def seen(message: str) -> dict[str, Any]:
    return {one.key: one.value for one in observed(message) if one.key != "topics"}


def topics(message: str) -> set[str | None]:
    return {one.value for one in observed(message) if one.key == "topics"}


@pytest.mark.parametrize(
    ("message", "key", "value"),
    [
        ("Could you please look at it?", "response_style", "formal"),
        ("Hey, that's awesome!", "response_style", "casual"),
        ("Hi.", "response_length", "brief"),
        (
            "A sentence of a middling length, which says little about anything at all.",
            "response_length",
            None,
        ),
        ("word " * 60, "response_length", "detailed"),
        ("My Python script fails.", "programming_language", "Python"),
        ("We run it on Ubuntu.", "operating_system", "Ubuntu"),
        ("I opened it in vim.", "editor", "vim"),
        ("I always work in dark mode.", "theme", "dark mode"),
        ("It was 30 °C, or so I think; I drove 40 km.", "units", "metric"),
        ("I ran five miles.", "units", "imperial"),
        ("See you at 17:30.", "time_format", "24-hour"),
        ("See you at 5 pm.", "time_format", "12-hour"),
    ],
)
def test_what_a_message_shows(message: str, key: str, value: str | None) -> None:
    assert seen(message)[key] == value


@pytest.mark.parametrize(
    "message",
    [
        "I don't like Python.",
        'He said "I love Python" to me.',
        "> I use Python.",
        "Is Python faster than Ruby?",
        "I moved from Python to Ruby.",
        "We will not use dark mode for our site.",
    ],
)
def test_what_is_denied_quoted_or_undecided_shows_nothing(message: str) -> None:
    assert not {"programming_language", "theme"} & set(seen(message))


def test_topics() -> None:
    assert topics("I forgot my password and cannot log in.") == {"login"}
    assert topics("The invoice for my account is wrong.") == {"billing", "account"}
    assert topics("Hello there.") == set()


async def test_three_login_conversations_make_it_the_first_topic(ada, db):
    for message in (
        "I can't log in.",
        "My password does not work.",
        "The invoice is wrong, and so is my password.",
    ):
        reply = await ada.send_message(message)
    assert reply["preferences_updated"]["topics"] == ["login"]
    rows = await db.read(lambda session: preferences.listed(session, ADA))
    (row,) = [row for row in rows if row.key == "topics"]
    assert len(row.evidence) == 3 and row.category == "topics"


async def test_a_deleted_one_is_not_inferred_again_from_the_same_messages(ada, db):
    for message in ("Could you please help?", "Thank you kindly.", "I appreciate it."):
        reply = await ada.send_message(message)
    assert reply["preferences_updated"]["response_style"] == "formal"
    await db.write(lambda session: preferences.remove(session, ADA, "response_style"))
    reply = await ada.send_message("Would you go on?")
    assert "response_style" not in reply["preferences_updated"]
    assert "response_style" not in db.get_user_preferences("ada")


async def test_stated_ones_of_each_category(ada, db):
    await ada.send_message("I prefer dark mode. I prefer Python. I prefer metric units.")
    rows = await db.read(lambda session: preferences.listed(session, ADA))
    assert {(row.key, row.category) for row in rows if row.source == "stated"} == {
        ("theme", "ui"), ("programming_language", "technical"), ("units", "system"),
    }  # fmt: skip
    assert all(row.evidence and row.confidence == 1.0 for row in rows if row.source == "stated")


def command(*arguments: str, status: int = 0) -> str:
    line = [sys.executable, "-P", "-m", "turngraph", "memory", *arguments, "--db", "sqlite:///cli.db"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout or done.stderr


def test_the_command_shows_states_and_deletes() -> None:
    told = command(
        "preferences", "--user", "ada", "--set", "theme=dark", "--set", 'units={"of": "metric"}', "--json"
    )
    found = {one["key"]: one for one in json.loads(told)["preferences"]}
    assert (found["theme"]["value"], found["units"]["value"]) == ("dark", {"of": "metric"})
    assert (found["theme"]["source"], found["theme"]["confidence"], found["theme"]["used"]) == (
        "stated",
        1.0,
        True,
    )
    told = command("preferences", "--user", "ada", "--delete", "theme", "--set", "units=imperial")
    assert "imperial" in told and "theme" not in told and "stated" in told
    assert "there are: units" in command("preferences", "--user", "ada", "--delete", "theme", status=2)
    assert "KEY=VALUE" in command("preferences", "--user", "ada", "--set", "theme", status=2)
    assert json.loads(command("preferences", "--user", "bob", "--json"))["preferences"] == []


def test_the_command_embeds_anew() -> None:
    from turngraph.models import DatabaseManager

    with DatabaseManager("sqlite:///cli.db") as db:
        talk = db.create_conversation("ada")
        db.write_now(lambda session: [add(session, talk.id, f"message {n}") for n in range(5)])
    assert json.loads(command("reembed", "--json", "--batch", "2"))["reembedded"] == 5
    assert "0 of 0 embedded by wordllama" in command("reembed", "--user", "ada")


def add(session: Any, conversation: str, content: str) -> None:
    from turngraph.models import Message

    session.add(Message(conversation_id=conversation, content=content))
    session.flush()
