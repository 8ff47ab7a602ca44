"""Do the benchmarks of durable runs run without the peers?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_quick_run_measures_ours_beside_the_floor(script: Callable[..., str], tmp_path: Path) -> None:
    told = script("durable.py", "--quick", "--db", tmp_path, "--json", tmp_path / "found.json")
    assert "state of 0.3 kB: runs/s" in told
    assert "LangGraph 1.2.22: left out by --quick" in told
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["SQLite"]["measured"]
    assert {key for key in found if key.endswith("small 50")} == {
        "raw group commit small 50",
        "turngraph small 50",
    }
    assert all(one[0]["cpu"] > 0 for one in found.values())


@pytest.mark.slow
def test_no_finished_item_of_a_killed_map_runs_again(script: Callable[..., str], tmp_path: Path) -> None:
    script("crash_map.py", "--quick", "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    (ours,) = found["turngraph"]
    assert ours["finished"] >= 50
    assert ours["ran again"] == 0
