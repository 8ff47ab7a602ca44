"""Do the benchmarks of batches run without the peers?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_quick_run_measures_ours_beside_the_floor(script: Callable[..., str], tmp_path: Path) -> None:
    told = script("batch.py", "--quick", "--json", tmp_path / "found.json")
    assert "| 1,000 | turngraph |" in told and "PocketFlow 0.0.3: left out by --quick" in told
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert set(found) == {"asyncio.gather 1000", "turngraph 1000"}
    assert all(one[0]["cpu"] > 0 for one in found.values())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_list(script: Callable[..., str], tmp_path: Path) -> None:
    """Ten times the records need a few megabytes more at most: SQLite's cache of what was seen."""
    peaks = []
    for count in (2_000, 20_000):
        script("batch.py", "--flat", str(count), "--json", tmp_path / "found.json")
        found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
        peaks.append(found["peak"])
    assert peaks[1] < min(200, peaks[0] + 40), peaks


@pytest.mark.slow
def test_turns_are_answered_and_sampled(script: Callable[..., str]) -> None:
    told = script("batch.py", "--turns", "20")
    assert "20 turns: " in told and "turngraph-writer" in told
