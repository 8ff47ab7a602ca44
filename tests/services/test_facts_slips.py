"""Which of several statements is one put right that gives the right value and names no slip?"""

from __future__ import annotations

import pytest

from turngraph.services.llm.facts_slips import meant_of, slip_in


@pytest.mark.parametrize(
    ("correction", "statements", "meant"),
    [
        # The figure that it repeats says which.
        (
            "hang on, the 7.2 was last year's, she's 8.4 kg",
            ["Her brother is 17 kg.", "She is 7.2 kg."],
            "She is 7.2 kg.",
        ),
        # Nobody else is meant who is not named.
        (
            "wait, no, make that 14, mine is that",
            ["My cousin Pia is number 8.", "I'm number 17."],
            "I'm number 17.",
        ),
        (
            "hold on, my cousin's should be 14",
            ["My cousin Pia is number 8.", "I'm number 17."],
            "My cousin Pia is number 8.",
        ),
        # What is spoken of says which.
        (
            "It should read: in practice since 2006.",
            ["Our firm has 2009 clients.", "I've been in practice since 2005."],
            "I've been in practice since 2005.",
        ),
        # Nothing says which: the newest.
        ("sorry, it's 9:20", ["The train is at 9:40.", "The ferry is at 7:15."], "The train is at 9:40."),
        ("sorry, it's 9:20", ["I have a cat."], None),
    ],
)
def test_the_statement_that_is_meant_is_put_right(
    correction: str, statements: list[str], meant: str | None
) -> None:
    slip = slip_in(correction)
    assert slip is not None
    assert slip.wrong is None
    place = meant_of(slip, correction, correction, statements)
    assert (None if place is None else statements[place]) == meant
