"""Is a summary evidence, is a pronoun without anything to stand for unknown, and are requests no knowledge?"""

from __future__ import annotations

from typing import Any

import pytest

from turngraph.services import OfflineModel, PreferenceNote, Prompt, Recalled, Reply, Turn

MODEL = OfflineModel()
DARK = PreferenceNote(key="theme", value="dark mode", category="ui")


async def asked(message: str, **known: Any) -> Reply:
    return await MODEL.reply(Prompt(message=message, **known))


def user(*texts: str) -> list[Turn]:
    return [Turn(role="user", content=text, message_id=f"t{n}") for n, text in enumerate(texts)]


async def test_a_users_line_in_the_summary_answers_without_a_source() -> None:
    reply = await asked("What is my locker code?", summary="User: My locker code is 4417.")
    assert reply.text.startswith("Your locker code is 4417.")
    assert reply.metadata["answered"] is True
    assert reply.sources == []
    named = await asked("What is my locker code?", summary="Ada: My locker code is 4417.", name="Ada")
    assert "4417" in named.text


async def test_what_was_said_since_the_summary_wins() -> None:
    summary = "User: My dog is called Rex."
    reply = await asked("What is my dog called?", summary=summary, turns=user("My dog is called Max now."))
    assert "Max" in reply.text
    assert "Rex" not in reply.text
    kept = await asked("Which theme do I prefer?", summary="User: I prefer light mode.", preferences=[DARK])
    assert "dark mode" in kept.text


async def test_a_message_that_is_still_known_is_the_source() -> None:
    memory = Recalled(content="my locker code is 4417", score=0.9, message_id="m1")
    reply = await asked("What is my locker code?", summary="User: My locker code is 4417.", memories=[memory])
    assert reply.sources == ["m1"]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What is my dog called?", "The user's dog is called Rex."),
        ("Where do I live?", "The user lives in Bergen with their sister Petra."),
        ("What is my sister called?", "The user lives in Bergen with their sister Petra."),
        ("What is my name?", "The user's name is Ada."),
        ("What am I allergic to?", "They spoke of food. The user is allergic to nuts."),
    ],
)
async def test_prose_in_the_summary_is_quoted_as_it_is(question: str, sentence: str) -> None:
    reply = await asked(question, summary=f"- {sentence}")
    fitting = "The user" + sentence.rpartition("The user")[2]
    assert f'"{fitting}"' in reply.text
    assert reply.sources == []


@pytest.mark.parametrize(
    ("question", "summary"),
    [
        ("What is my cat called?", "User: What is my cat called?.\nAssistant: I don't know."),
        ("What is my cat called?", "The user asked whether their cat is called Dot."),
        ("What is my cat called?", "The user's dog is called Rex."),
        ("What is my dog called?", "The user visited Petra and her dog Rex."),
        ("Where do I live?", "The user's sister lives in Lisbon."),
    ],
)
async def test_a_summary_that_does_not_tell_is_no_answer(question: str, summary: str) -> None:
    reply = await asked(question, summary=summary)
    assert reply.text.startswith("I don't know")
    assert reply.metadata["answered"] is False


@pytest.mark.parametrize(
    "question", ["What is it called?", "Which pet do I have, and what is it called?", "How old is she?"]
)
async def test_a_pronoun_that_stands_for_nothing_is_unknown(question: str) -> None:
    reply = await asked(question, preferences=[DARK], name="Ada")
    assert reply.text.startswith("I don't know")
    assert "dark" not in reply.text


async def test_a_wish_is_no_name() -> None:
    assert (await asked("What is my name?", preferences=[DARK])).metadata["answered"] is False


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which pet do I have, and what is it called?", ["Otto"]),
        ("Which pet do I have and what's it called?", ["Otto"]),
        ("What is my pet called?", ["Otto"]),
        ("Do I have a pet, and how old is it?", ["llama"]),
        ("Where does my sister live, and what is she called?", ["Lisbon", "Petra"]),
    ],
)
async def test_a_pronoun_in_a_second_question_stands_for_the_thing_in_the_first(
    question: str, expected: list[str]
) -> None:
    told = user("I have a llama called Otto.", "My sister is called Petra.", "My sister lives in Lisbon.")
    reply = await asked(question, turns=told, preferences=[DARK])
    for part in expected:
        assert part in reply.text
    assert "dark" not in reply.text


async def test_a_request_is_cut_from_what_is_told_back() -> None:
    told = "I prefer dark mode, and please call me Ada."
    reply = await asked("Which theme do I prefer?", turns=user(told))
    assert "You prefer dark mode." in reply.text
    assert "call" not in reply.text


async def test_what_is_known_of_someone_holds_no_greetings_and_no_requests() -> None:
    told = user(
        "Hello again", "Please keep my answers short", "My dog is called Rex.", "Write me a poem about it."
    )
    reply = await asked("What do you know about me?", turns=told)
    assert reply.text == "I remember that your dog is called Rex."
    nothing = await asked("What do you know about me?", turns=told[:2])
    assert nothing.text.startswith("Nothing yet")


async def test_what_is_asked_after_an_opener_is_answered() -> None:
    told = user("Before I forget it: my dog is called Rex.")
    reply = await asked("One more thing before I forget: what is my dog called?", turns=told)
    assert reply.text.startswith("Your dog is called Rex.")
