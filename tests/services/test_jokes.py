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
        "I closed the stall and joined the circus",
        "I am now legally a pancake",
        "I have four hundred children today",
        "I'm engaged to you, my mother is thrilled",
        "I am King Ulric the Damp",
        "he's history, I'm running off with the milkman",
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
        "I'm a night owl",
        "I loved The Lord of the Rings",
        "I spent tons of time in the studio and I teach",
        "I'm a tree surgeon with a fear of wasps",
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


def test_a_game_that_is_only_announced_or_over_leaves_what_is_said_beside_it() -> None:
    told = facts_in("Let's have a roleplay later. First: I'm a hotel receptionist in Nadi.")
    assert [fact.slot for fact in told] == ["user/job:role"]
    assert facts_in("ok roleplay over. In real life I'm allergic to wine.")
    assert not facts_in("can we rp? I'm Nyx, queen of the night")


def test_several_things_said_of_oneself_are_several_facts() -> None:
    told = [fact.content for fact in facts_in("I'm a data analyst at a bank, 29, allergic to birch")]
    assert told[0] == "I'm a data analyst at a bank."
    assert told[-1] == "Allergic to birch."


def test_why_something_is_told_makes_no_supposition_of_it() -> None:
    (told,) = facts_in("I'm left-handed, if that matters")
    assert told.content == "I'm left-handed."
    assert told.content_type == "fact"


def test_a_plan_that_hangs_on_a_fact_leaves_it_one() -> None:
    (told,) = facts_in("my shoe size is 42, looking for trail runners")
    assert told.content_type == "fact"
