"""Is a joke no fact, and is what is merely said with a smile still one?"""

from __future__ import annotations

import pytest

from turngraph.services.llm.facts import earnest, facts_in
from turngraph.services.llm.facts_jokes import jokes


@pytest.mark.parametrize(
    "told",
    [
        "I've moved into the fridge, it's too hot in the flat, haha",
        "the cat has formally declared war and I am now king of the sofa",
        "since the exams I live on caffeine and regret",
        "turned 29 again, for the twelfth time ;)",
        "I weigh about three tonnes after that wedding",
        "guess I'm a professional couch potato now",
    ],
)
def test_a_joke_is_no_fact(told: str) -> None:
    assert jokes(told)
    assert facts_in(told) == []
    assert earnest(told) == ""


@pytest.mark.parametrize(
    "told",
    [
        "we finally moved to Krakow haha",
        "I weigh 82 kilos",
        "I live on a farm near Tralee",
        "I turned 29 yesterday",
        "I'm a professional cellist now",
        "my cat has a cold",
        "I work at the library, lol",
    ],
)
def test_one_sign_alone_is_not_enough(told: str) -> None:
    assert not jokes(told)
    assert facts_in(told)


def test_what_comes_before_seriously_was_a_joke() -> None:
    told = "I traded the Twingo for a helicopter. No seriously, I sell it on Monday. I drive at night."
    contents = [fact.content for fact in facts_in(told)]
    assert not any("helicopter" in content for content in contents)
    assert "I drive at night." in contents
    assert "helicopter" not in earnest(told)


def test_questions_and_suppositions_end_nothing() -> None:
    assert (
        earnest("I left Acme. Should I write to them? If I moved to Rome I would be happy.") == "I left Acme."
    )
