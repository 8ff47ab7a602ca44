"""The streaming benchmark reads every piece on its own, by all three ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def test_each_way_is_measured_and_pieces_arrive_one_by_one(
    script: Callable[..., str], tmp_path: Path
) -> None:
    told = script("streaming.py", "--turns", "1", "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert list(found) == ["SDK alone", "ProviderModel", "graph.stream", "added"]
    for name in list(found)[:3]:
        # A piece that waited for the end of the answer would be hundreds of milliseconds late.
        assert 0 < found[name]["before the request"] < found[name]["first piece"], told
    assert "added to each piece by the graph" in told
