"""Is what a statement tells beside what is over kept, and nothing that hangs on what is over?"""

from __future__ import annotations

import pytest

from turngraph.services.llm.facts_rest import rest_of


@pytest.mark.parametrize(
    ("content", "value", "said", "rest"),
    [
        (
            "I am violin teacher, home is Plovdiv, third floor, old house with a bad staircase.",
            "Plovdiv",
            "We are by the sea now, in Varna.",
            "I am violin teacher.",
        ),
        ("I live in Leeds with my two sons.", "Leeds", "We moved to York.", "With my two sons."),
        ("I live in Leeds, my sister is in Bath.", "Leeds", "We moved to York.", "My sister is in Bath."),
        (
            "My mobile is 0151 5550 14, office line 0151 5550 90.",
            "0151 5550 14",
            "New sim: 0171 5550 77.",
            "Office line 0151 5550 90.",
        ),
        (
            "I do the accounts in Excel, for my small gym in Porto, 140 members.",
            None,
            "We do the accounts in Sage now.",
            "For my small gym in Porto, 140 members.",
        ),
        ("Single, two cats.", "single", "I got married on Saturday!", "Two cats."),
        (
            "I drive the night bus in Leeds, learning the cello these days.",
            "drive the night bus",
            "I'm a tram driver now.",
            "Learning the cello these days.",
        ),
    ],
)
def test_what_was_told_beside_it_is_kept(content: str, value: str | None, said: str, rest: str) -> None:
    assert rest_of(content, value, said) == rest


@pytest.mark.parametrize(
    ("content", "value", "said"),
    [
        ("I live in Leeds.", "Leeds", "We moved to York."),
        ("I live in Leeds, third floor, no lift.", "Leeds", "We moved to York."),
        ("I work at Acme as an accountant, Mondays to Fridays, 9 to 5.", "Acme", "I joined Beta."),
        ("I rent in Marrickville, above a bakery.", None, "I'm at my new place in Newtown, above a pub."),
        (
            "I'm on nights at the bakery, 10 til 6, so dont send me breakfast ideas.",
            None,
            "I'm on the early shift, 5 til 1.",
        ),
        (
            "My favourite tea is lapsang souchong, smoky as a kipper.",
            "lapsang souchong",
            "It's rooibos these days.",
        ),
        ("I live with my girlfriend, in Leeds.", None, "We split up and I moved out."),
        ("", None, ""),
        (", , ;", "x", "y"),
    ],
)
def test_nothing_is_kept_that_hangs_on_what_is_over(content: str, value: str | None, said: str) -> None:
    assert rest_of(content, value, said) is None
