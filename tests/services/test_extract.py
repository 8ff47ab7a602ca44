"""Which facts, preferences and summaries come out of what was said?"""

from __future__ import annotations

import pytest

from turngraph.services import Extraction, OfflineModel, Turn, estimate_tokens
from turngraph.services.llm.extract import extract
from turngraph.services.llm.facts_slips import put_right, slip_in
from turngraph.services.llm.preferences import stated_preferences


def said(*texts: str) -> Extraction:
    return extract([Turn(role="user", content=text) for text in texts])


@pytest.mark.parametrize(
    ("text", "category", "subject"),
    [
        ("My dog is called Biscuit.", "personal", "user"),
        ("My sister Petra lives in Lisbon.", "personal", "sister:petra"),
        ("I'm allergic to peanuts.", "health", "user"),
        ("I work as a marine biologist.", "work", "user"),
        ("I am a nurse from Bergen.", "work", "user"),
        ("I moved to Leipzig.", "personal", "user"),
        ("My birthday is on 9 August.", "personal", "user"),
        ("I love hiking.", "preference", "user"),
        ("My laptop runs Linux.", "technical", "user"),
        ("My flight leaves on 14 May.", "event", "user"),
        ("Hi, I'm Lena.", "personal", "user"),
        ("Petra is my sister.", "personal", "user"),
        ("The server's address is 10.0.4.17.", "technical", "user"),
        ("Last summer we went to Crete.", "personal", "user"),
    ],
)
def test_a_statement_is_a_fact(text: str, category: str, subject: str) -> None:
    facts = said(text).facts
    assert [(fact.category, fact.subject) for fact in facts] == [(category, subject)]
    assert 0.5 <= facts[0].importance <= 0.9


@pytest.mark.parametrize(
    "text",
    [
        "What is my dog called?",
        "If I were rich I would buy a boat.",
        "I might move to Rome.",
        '"I am the king," said the fox.',
        "Write me a poem about my dog.",
        "I don't know.",
        "I think so.",
        "Thanks a lot!",
        "Ok",
        "The weather is nice.",
        "Do you know where I live?",
        "Please call the doctor.",
    ],
)
def test_what_states_nothing_is_no_fact(text: str) -> None:
    assert said(text).facts == []


@pytest.mark.parametrize("content", ["My dog is called Rex.", "I am allergic to nuts.", "I'm a nurse."])
@pytest.mark.parametrize(
    "opener",
    [
        "Please remember that",
        "Kindly note:",
        "One more thing:",
        "Before I forget it once more:",
        "For our dinner on Friday:",
        "Good to know:",
        "By the way,",
        "Just so you know,",
        "FYI",
        "On another note:",
        "In case it matters:",
    ],
)
def test_what_opens_a_statement_is_no_part_of_it(opener: str, content: str) -> None:
    lowered = content if content.startswith("I") else content[0].lower() + content[1:]
    assert [fact.content for fact in said(f"{opener} {lowered}").facts] == [content]


@pytest.mark.parametrize(
    "text",
    [
        "Translate this: I am allergic to nuts.",
        "For our play on Friday the king says: I am the king of all.",
        "An example for the sign: my dog is called Rex.",
        "Please remember to feed the cat.",
    ],
)
def test_what_is_only_quoted_after_a_colon_is_no_fact(text: str) -> None:
    assert said(text).facts == []


def test_a_request_beside_a_statement_is_no_part_of_it() -> None:
    found = said("I prefer green tea, and please call me Ada.")
    assert [fact.content for fact in found.facts] == ["I prefer green tea.", "Please call me Ada."]
    assert {entry.key: entry.value for entry in found.preferences} == {
        "green_tea": "green tea",
        "name": "Ada",
    }


def test_only_the_user_is_heard_and_nothing_twice() -> None:
    turns = [
        Turn(role="user", content="My dog is called Biscuit."),
        Turn(role="assistant", content="My cat is called Rex. I prefer light mode."),
        Turn(role="user", content="my dog is called biscuit"),
    ]
    found = extract(turns)
    assert [fact.content for fact in found.facts] == ["My dog is called Biscuit."]
    assert found.preferences == []


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        (
            "I prefer Python and dark mode interfaces.",
            [("programming_language", "Python", "technical"), ("theme", "dark mode", "ui")],
        ),
        ("I like tabs better than spaces", [("indentation", "tabs", "technical")]),
        ("Please keep your answers short.", [("response_length", "brief", "communication")]),
        ("Could you give me detailed answers?", [("response_length", "detailed", "communication")]),
        ("Be formal please, in your replies.", [("response_style", "formal", "communication")]),
        ("call me Al", [("name", "Al", "personal")]),
        ("I'd rather use metric units", [("units", "metric units", "system")]),
        ("Always answer in German.", [("language", "German", "communication")]),
        ("never use emojis", [("emoji", "never use emojis", "communication")]),
        ("My favourite editor is Vim.", [("editor", "Vim", "technical")]),
        ("My favourite film is Stalker.", [("favorite_film", "Stalker", "general")]),
        ("I prefer PostgreSQL for it.", [("database", "PostgreSQL", "technical")]),
        ("I prefer Redis for that, please", [("database", "Redis", "technical")]),
        ("Do I prefer tea?", []),
        ("If I prefer tea, say so.", []),
        ("I never eat meat.", []),
        ("Call me back later.", []),
        ("He prefers tea.", []),
    ],
)
def test_wishes_have_a_key_a_value_and_a_category(text: str, wishes: list[tuple[str, str, str]]) -> None:
    assert [(entry.key, entry.value, entry.category) for entry in stated_preferences(text)] == wishes


def test_the_last_value_of_a_key_holds() -> None:
    found = said("I prefer dark mode.", "Actually, I prefer light mode now.")
    assert [(entry.key, entry.value) for entry in found.preferences] == [("theme", "light mode")]


async def test_a_summary_keeps_what_matters_within_its_bound() -> None:
    chat = [
        Turn(role="user", content=f"It was a rather usual morning of kind {'abc'[n % 3]} out there.")
        for n in range(60)
    ]
    chat[10] = Turn(role="user", content="My locker code is 4471 and I prefer dark mode.")
    chat[40] = Turn(role="user", content="My sister Petra lives in Lisbon.")
    model = OfflineModel()
    first = await model.summarise(chat, max_tokens=90)
    assert estimate_tokens(first) <= 90
    for needle in ("4471", "dark mode", "Petra", "Lisbon"):
        assert needle in first
    assert first.index("4471") < first.index("Petra")
    second = await model.summarise(
        [Turn(role="user", content="I moved to Oslo.")], previous=first, max_tokens=120
    )
    for needle in ("4471", "Petra", "Oslo"):
        assert needle in second
    assert second == await model.summarise(
        [Turn(role="user", content="I moved to Oslo.")], previous=first, max_tokens=120
    )
    assert await model.summarise([]) == ""


async def test_a_summary_carries_questions_only_when_there_is_nothing_else() -> None:
    model = OfflineModel()
    asking = Turn(role="user", content="Which museum in Lisbon opens early on Monday?")
    telling = Turn(role="user", content="My dog is called Rex.")
    trip = Turn(role="user", content="My flight leaves on Friday, what should I pack for Lisbon?")
    assert await model.summarise([asking]) == f"User: {asking.content}"
    assert await model.summarise([asking, telling]) == "User: My dog is called Rex."
    assert await model.summarise([asking], previous="User: I live in Oslo.") == "User: I live in Oslo."
    assert await model.summarise([asking, trip]) == "User: My flight leaves on Friday."
    excited = await model.summarise([Turn(role="user", content="My sister Petra won the race!")])
    assert excited == "User: My sister Petra won the race."


@pytest.mark.parametrize(
    ("told", "correction", "right"),
    [
        ("My phone number is 555-0134.", "Actually it's 555-0143, sorry.", "My phone number is 555-0143."),
        ("My flight is on Tuesday.", "Oops, that's Thursday", "My flight is on Thursday."),
        ("My exam is on 3 May.", "no, sorry, 4 May", "My exam is on 4 May."),
        ("The train leaves at 8:10.", "it's 8:30 actually", "The train leaves at 8:30."),
    ],
)
def test_a_value_alone_puts_right_what_was_told_before(told: str, correction: str, right: str) -> None:
    slip = slip_in(correction)
    assert slip is not None and put_right(told, slip) == right


@pytest.mark.parametrize("said", ["No, 3", "it's 5 pm", "No, I have 3 cats.", "Sorry, 5 of them are mine."])
def test_a_value_that_may_answer_anything_puts_nothing_right(said: str) -> None:
    assert slip_in(said) is None
