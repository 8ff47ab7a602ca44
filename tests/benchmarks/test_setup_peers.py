"""Does it say which peers are there without installing any?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_list_installs_nothing(
    script: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    told = script("setup_peers.py", "--list")
    lines = told.splitlines()
    assert lines[:3] == [
        "PocketFlow 0.0.3: not installed",
        "LangGraph 1.2.22: not installed",
        "pydantic-graph 2.68.0: not installed",
    ]
    assert len(lines) == 10 and all(line.endswith(": not installed") for line in lines)
    assert list(tmp_path.iterdir()) == []
