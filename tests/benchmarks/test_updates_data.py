"""Are the scripted histories of changing facts well formed, balanced and apart?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "data"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where it is there: twelve files of 1.9 MB
FRESH = "updates_fresh.yaml"
UNSEEN = "updates_unseen.yaml"
BALANCED = ("updates_dev.yaml", "updates_held.yaml", FRESH)
WIDE = "updates_wide.yaml"
NEAR = "updates_near.yaml"
BLIND = "updates_blind.yaml"
BESIDE = "updates_beside.yaml"
SEALED = "updates_sealed.yaml"
LARGE = {BLIND: 12, NEAR: 22, BESIDE: 12, SEALED: 16}
"""How many histories of each category are in the files with many bystanders."""
FILES = (*BALANCED, "updates_varied.yaml", "updates_more.yaml", WIDE, UNSEEN, *LARGE)
CATEGORIES = {
    "moved_house": 8,
    "changed_job": 8,
    "new_preference": 8,
    "corrected_mistake": 8,
    "said_twice": 8,
    "someone_else": 8,
    "hypothetical": 8,
    "negated": 8,
    "quoted": 8,
    "joke": 8,
    "status_change": 10,
    "plan": 8,
    "both_hold": 8,
    "temporary": 8,
}
KEYS = {
    "now": ({"question", "about", "current", "outdated"}, {"unless"}),
    "past": ({"question", "about", "past"}, set[str]()),
}


def load(name: str) -> list[dict[str, Any]]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    histories: list[dict[str, Any]] = yaml.load(text, Loader=LOADER)
    return histories


def said(history: dict[str, Any]) -> list[str]:
    return [turn["user"] for turn in history["turns"] if "user" in turn]


def values(history: dict[str, Any], key: str) -> list[str]:
    return [value for ask in history["ask"] for value in ask.get(key, [])]


EVERY = {name: load(name) for name in FILES}


@pytest.mark.parametrize("name", BALANCED)
def test_each_file_has_the_same_mix(name: str) -> None:
    assert Counter(history["category"] for history in EVERY[name]) == CATEGORIES


def test_the_unseen_file_has_two_more_of_each_category() -> None:
    counted = Counter(history["category"] for history in EVERY[UNSEEN])
    assert counted == {category: number + 2 for category, number in CATEGORIES.items()}


def test_the_files_share_no_id_and_no_sentence_of_the_user() -> None:
    ids = [history["id"] for part in EVERY.values() for history in part]
    assert len(set(ids)) == len(ids)
    parts = [{line.casefold() for history in part for line in said(history)} for part in EVERY.values()]
    assert len(set.union(*parts)) == sum(map(len, parts))


@pytest.mark.parametrize(("name", "each"), [*LARGE.items()])
def test_the_large_files_have_as_many_of_each_category(name: str, each: int) -> None:
    assert Counter(history["category"] for history in EVERY[name]) == dict.fromkeys(CATEGORIES, each)


@pytest.mark.parametrize(
    ("name", "enough"),
    [(FRESH, 250), (WIDE, 400), (UNSEEN, 380), (NEAR, 1_400), (BLIND, 750), (BESIDE, 800), (SEALED, 1_000)],
)
def test_a_file_has_enough_bystanders_to_measure_half_a_per_cent(name: str, enough: int) -> None:
    fragments = [history["bystanders"] for history in EVERY[name]]
    assert min(map(len, fragments)) >= 2
    assert sum(map(len, fragments)) >= enough


@pytest.mark.parametrize("name", FILES)
def test_a_history_has_the_described_form(name: str) -> None:
    for history in EVERY[name]:
        label = history["id"]
        assert set(history) == {"id", "category", "turns", "bystanders", "ask"}, label
        days = [turn["days"] for turn in history["turns"]]
        assert days == sorted(days, reverse=True), label
        assert all(isinstance(day, int) for day in days), label
        for turn in history["turns"]:
            (speaker,) = set(turn) - {"days"}
            assert speaker in {"user", "assistant"}, label
            assert isinstance(turn[speaker], str), label
            assert turn[speaker].strip(), label
        assert 4 <= len(days) <= 9, label
        assert 1 <= len(history["bystanders"]) <= (6 if name in LARGE else 3), label
        assert history["ask"][0]["about"] == "now", label


@pytest.mark.parametrize("name", FILES)
def test_a_question_has_the_described_form(name: str) -> None:
    for history in EVERY[name]:
        label = history["id"]
        for ask in history["ask"]:
            needed, allowed = KEYS[ask["about"]]
            assert needed <= set(ask) <= needed | allowed, label
            assert ask.get("current") or ask.get("past"), label
            for key in set(ask) - {"question", "about"}:
                assert all(isinstance(value, str) and value for value in ask[key]), label


@pytest.mark.parametrize("name", FILES)
def test_every_value_was_said_by_the_user(name: str) -> None:
    for history in EVERY[name]:
        lines = said(history)
        for fragment in history["bystanders"]:
            assert any(fragment in line for line in lines), (history["id"], fragment)
        for key in ("current", "outdated", "past"):
            for value in values(history, key):
                assert any(value.casefold() in line.casefold() for line in lines), (history["id"], value)


@pytest.mark.parametrize("name", FILES)
def test_no_value_can_be_taken_for_another(name: str) -> None:
    for history in EVERY[name]:
        fragments = [fragment.casefold() for fragment in history["bystanders"]]
        for ask in history["ask"]:
            for outdated in (value.casefold() for value in ask.get("outdated", [])):
                assert not any(outdated in fragment for fragment in fragments), (history["id"], outdated)
                for current in (value.casefold() for value in ask["current"]):
                    assert outdated not in current, (history["id"], outdated)
                    assert current not in outdated, (history["id"], current)
