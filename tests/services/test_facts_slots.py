"""Is a home a home, a job a job, and nothing taken for one that only sounds like it?"""

from __future__ import annotations

import pytest

from turngraph.services.llm.facts import facts_in
from turngraph.services.llm.facts_slots import of_work, slot_of


@pytest.mark.parametrize(
    ("clause", "attribute", "value"),
    [
        ("I'm in Māngere", "home", "Māngere"),
        ("Im in tulsa, apt with 2 roommates", "home", "tulsa"),
        ("I live at Kumasi with my two boys", "home", "Kumasi"),
        ("Sold the place and moved to Duluth", "home", "Duluth"),
        ("We shifted to Whanganui", "home", "Whanganui"),
        ("They made me head chef last week", "job:role", "head chef"),
        ("My position: chief of protocol at the ministry", "job:role", "chief of protocol at the ministry"),
        ("I joined Ferrous Data", "job:place", "Ferrous Data"),
        ("I study law in Kraków", "job:role", "law in Kraków"),
        ("Am a student in Kumasi", "job:role", "student in Kumasi"),
        ("they can call me at 096 855 2031", "contact:phone", "096 855 2031"),
        ("My cardiologist is Dr. Haraldsen", "cardiologist", "Dr Haraldsen"),
        ("Please address me as Doña Graciela", "name", "Doña Graciela"),
    ],
)
def test_what_a_clause_tells_has_its_slot(clause: str, attribute: str, value: str) -> None:
    slot = slot_of(clause)
    assert slot is not None
    assert (slot.attribute, slot.value) == (attribute, value)


@pytest.mark.parametrize(
    "clause",
    [
        "I'm in HR at a brewery",
        "I am in the pastry",
        "We're in this together",
        "I'm in chemo on Thursdays",
        "Im in year 11",
        "A safe home is key",
        "My drummer Seba just moved to Madrid",
        "Buddy of mine Lorne went soft and moved to Kelowna",
        "it made me so happy",
        "Watching the sunset made me feel connected to nature",
        "I joined a gym last week",
        "I joined a choir of country music",
        "I've ordered reading glasses",
        "We study together",
        "I'm training for my pilot's licence",
        "I'm writing a detective novel about it",
        "Cold hands, warm manner",
        "I'm the maid of honour",
        "My husband Kasper became vegan",
        "I go by metro myself",
        "I write in English to practise",
    ],
)
def test_what_only_sounds_like_a_home_or_a_job_is_none(clause: str) -> None:
    slot = slot_of(clause)
    assert slot is None or slot.attribute.split(":")[0] not in ("home", "job", "name", "wish")


def test_a_doctor_who_retired_is_no_longer_ones_doctor() -> None:
    (left, new) = facts_in("Dr. Smit has retired to France and I'm a patient of Dr. El Idrissi now.")
    assert (left.effect, left.value) == ("ends", "Dr. Smit")
    assert new.effect == "changes"


@pytest.mark.parametrize(
    ("value", "work"), [("head chef", True), ("retired", True), ("Nikau's horse", False), ("happy", False)]
)
def test_only_work_takes_the_place_of_work(value: str, work: bool) -> None:
    assert of_work(value) is work
