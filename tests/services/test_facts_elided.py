"""Is each thing that a clause tells of one person told apart, and nothing that is somebody else's or not so?"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from turngraph.models.about import sides
from turngraph.services import Prompt, Turn
from turngraph.services.llm.evidence import gather
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_elided import told_apart


@pytest.mark.parametrize(
    ("clause", "parts"),
    [
        ("I work as a nurse and live in Leeds", ["I work as a nurse", "I live in Leeds"]),
        ("I'm a plumber, have three cats and drive a Skoda", ["I'm a plumber", "I have three cats", "I drive a Skoda"]),
        ("We sold the flat and moved to Ghent", ["We sold the flat", "We moved to Ghent"]),
        ("My brother lives in Oslo and works as a chef", ["My brother lives in Oslo", "My brother works as a chef"]),
        ("My sister Ana is a vet and lives in Porto", ["My sister Ana is a vet", "My sister Ana lives in Porto"]),
        ("I love hiking and hate running", ["I love hiking", "I hate running"]),
        ("I have help at home and live in Leeds", ["I have help at home", "I live in Leeds"]),
        ("I write novels and live in Leeds", ["I write novels", "I live in Leeds"]),
        ("I am no longer married and have two kids", ["I am no longer married", "I have two kids"]),
        ("My new boss is nice and has two kids", ["My new boss is nice", "My new boss has two kids"]),
        ("My friend with kids is ill and has no job", ["My friend with kids is ill", "My friend with kids has no job"]),
        ("My sister in Texas is ill and lives alone", ["My sister in Texas is ill", "My sister in Texas lives alone"]),
    ],
)  # fmt: skip
def test_each_thing_is_told_with_whom_it_is_about(clause: str, parts: list[str]) -> None:
    assert told_apart(clause) == parts


@pytest.mark.parametrize(
    "clause",
    [
        "I have a cat and two dogs",
        "I have friends who live in Bonn and work at Bayer",
        "I want to move to Spain and live in a van",
        "I used to live in Rome and work at a bank",
        "I told her she was late and left",
        "I would sell it and have a rest",
        "I like bread and butter",
        "the kids play chess and love it",
        "I no longer live in Leeds and work at Aldi",
        "I rarely drink and drive a Volvo",
        "I almost moved to Rome and became a chef",
        "I heard Bob moved to Rome and got married",
        "I think Bob works at Aldi and was sacked",
        "I know Bob quit and moved to Rome",
        "Anna says Tom works at Bayer and lives in Kiel",
        "My sister thinks Tom is ill and has two jobs",
        "I watch my kids run and play football",
        "I help refugees study German and work in hospitals",
        "I had my son run and play chess",
        "Nobody works here and lives in Leeds",
        "If Jess works at Aldi and lives in Kiel",
        "Maybe James works at Aldi and lives in Kiel",
        "Yesterday James moved to Rome and got married",
        "",
    ],
)
def test_what_is_one_thing_or_not_so_stays_whole(clause: str) -> None:
    assert told_apart(clause) == [clause]


def test_a_home_and_a_job_of_one_sentence_are_two_facts() -> None:
    found = facts_in("I work as a nurse at St. Mary's and live in Leeds with my wife Ellen.")
    assert [fact.slot for fact in found] == ["user/job:role", "user/home"]


def test_what_another_does_in_the_second_half_ends_nothing_of_the_users() -> None:
    message = "My brother left Oslo and moved to Bergen."
    assert not [side for side in sides(message, facts_in(message)) if side.who == "user"]


def test_a_long_message_without_an_end_is_read_in_no_time(slower: Callable[[], float]) -> None:
    for line in ("I never " + "work in Rome, have a dog, " * 8_000, "I live " + "and was " * 25_000):
        began = time.process_time()
        assert told_apart(line)
        assert time.process_time() - began < 2 * slower()


def test_what_is_asked_is_told_apart_nowhere() -> None:
    said = gather(
        Prompt(message="", turns=[Turn(role="user", content="I work as a nurse and live in Leeds?")])
    )
    assert [part.text for part in said] == []
