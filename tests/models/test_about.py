"""Of whom does a message tell a change, and whose facts may that end?"""

from __future__ import annotations

from turngraph.models.about import Side, sides
from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_topic import Topic


def told(message: str) -> dict[str, Side]:
    return {side.who: side for side in sides(message, facts_in(message))}


def about(content: str, subject: str) -> Topic:
    return Topic(content, subject, None, None, "holds")


def test_what_is_said_of_somebody_else_ends_nothing_of_the_user() -> None:
    found = told("my brother switched to a Samsung, and I'm jealous now")
    assert "Samsung" not in found["user"].said
    assert "Samsung" in found["brother"].said
    assert found["brother"].may_end(about("My brother has a Nokia.", "brother"))
    assert not found["brother"].may_end(about("My phone is a Nokia.", "user"))
    assert found["user"].may_end(about("I'm calm.", "user"))


def test_what_others_do_to_the_user_is_told_of_the_user() -> None:
    found = told("they made me store manager last week")
    assert found["user"].telling == [0]
    assert "store manager" in found["user"].said


def test_whom_one_has_one_of_is_as_good_as_the_user() -> None:
    found = told("I report to Ines these days")
    assert found["user"].may_end(about("My boss is called Ruud.", "boss"))
    assert not found["user"].may_end(about("My cousin is called Ruud.", "cousin"))
    assert told("I talked to Ruud and I'm over it now")["user"].may_end(
        about("My cousin is called Ruud.", "cousin")
    )


def test_a_plan_and_what_holds_beside_tell_no_end() -> None:
    assert "user" not in told("come spring we're off to Antwerp for good")
    assert "user" not in told("I also play the banjo")
