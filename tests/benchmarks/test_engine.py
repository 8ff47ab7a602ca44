"""Does the engine's benchmark run without the peers?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_quick_run_measures_ours_beside_the_raw_loop(script: Callable[..., str], tmp_path: Path) -> None:
    told = script("engine.py", "--quick", "--json", tmp_path / "found.json")
    assert "loop of 10,000: µs/step" in told
    assert "heavy modules in `import turngraph.engine`: none" in told
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert list(found["engines"]) == ["raw loop", "turngraph", "turngraph typed"]
    assert all(one["loop"][0]["cpu"] > 0 for one in found["engines"].values())
    assert all(
        found["engines"][name][work] for name in ("raw loop", "turngraph") for work in ("map", "durable map")
    )
