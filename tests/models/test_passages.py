"""Is a change looked for where what says so and what it is about stand close together?"""

from __future__ import annotations

from turngraph.models.passages import MOST, NEAR, passages

LONG = (
    "Sold out! Now blueberry. Same label. I'm colourblind so choose the blue for me and the biggest letters that there are. "
    "My shift on the bus starts at seven."
)


def test_a_short_message_is_looked_at_as_a_whole_too() -> None:
    assert (
        passages("Toronto got too dear. I live in Halifax now.")[-1]
        == "Toronto got too dear. I live in Halifax now."
    )


def test_one_clause_is_one_passage() -> None:
    assert passages("I live in Halifax now") == ["I live in Halifax now"]


def test_what_stands_far_apart_is_never_in_one_passage() -> None:
    assert not [one for one in passages(LONG) if "Sold" in one and "bus" in one]
    assert "My shift on the bus starts at seven." in passages(LONG)


def test_the_clauses_of_a_long_sentence_are_looked_at_apart() -> None:
    found = passages(
        "My friend Win died, I have settled in Launceston, and the piano tuner says my Beale is sound"
    )
    assert "I have settled in Launceston" in found


def test_there_are_never_more_than_can_be_looked_at() -> None:
    found = passages("I came and I saw and I went, " * 400)
    assert len(found) <= MOST
    assert all(len(one.split()) <= NEAR or one.count("I ") == 1 for one in found)
