"""Ten compressions in a row of a 2,000-turn conversation keep what is pinned, and the rest can be found."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_ten_compressions_lose_nothing_pinned_and_the_rest_is_found(
    script: Callable[..., str], tmp_path: Path
) -> None:
    told = script("needles.py", "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert [one["turns"] for one in found] == [200 * n for n in range(1, 11)]
    assert all(one["pinned_in_context"] == one["pinned"] for one in found), told
    assert all(one["found_by_search"] >= 0.95 * one["needles"] for one in found), told
    assert all(0 < one["context_tokens"] <= 2_000 for one in found), told
    assert all(after["windows"] > before["windows"] for before, after in itertools.pairwise(found))
    assert (found[-1]["pinned"], found[-1]["needles"]) == (20, 100)
