"""Is each thing that a clause tells of one person told apart, and nothing that is somebody else's or not so?"""

from __future__ import annotations

import pytest

from turngraph.models.about import sides
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
