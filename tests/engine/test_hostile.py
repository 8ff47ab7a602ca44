"""Hostile files: each is refused where it is wrong, in little time and memory; and what only looks hostile is read.

`hostile/refused.txt` says of every file where it is wrong and what is said of it; `hostile/tame.json` what the files
below `hostile/tame` hold. The files that are too big to lie there are written by `hostile/generate.py`.
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "hostile"
SECONDS = 0.2
MEGABYTES = 64


def loaded(files: Iterable[Path]) -> dict[str, Any]:
    """What became of each file in a process of its own that is held to so much memory."""
    if sys.platform != "linux":
        pytest.skip("expected: only Linux holds a process to its memory")
    names = list(files)
    command = [sys.executable, "-P", str(HERE / "child.py"), str(MEGABYTES)]
    done = subprocess.run(command, input="\n".join(map(str, names)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {file.stem: answer for file, answer in zip(names, answers, strict=True)}


def test_every_hostile_file_is_refused_where_it_is_wrong_and_costs_little(
    tmp_path: Path, slower: Callable[[], float]
) -> None:
    before = slower()
    big = runpy.run_path(str(HERE / "generate.py"))["write"](tmp_path)
    answers = loaded([*HERE.glob("*.yaml"), *big])
    expected = dict(line.split(" ", 1) for line in (HERE / "refused.txt").read_text().splitlines())
    assert answers.keys() == expected.keys() and len(answers) >= 200
    seconds = SECONDS * max(before, slower())
    wrong = {}
    for name, answer in answers.items():
        faults = answer.get("faults", ())
        told = [f"{line}:{column} {message}" for line, column, message, _ in faults]
        said = any(one.startswith(expected[name]) for one in told) and all(mend for *_, mend in faults)
        if not said or len(answer["message"]) > 50_000 or answer["cpu"] > seconds:
            wrong[name] = told[:3], {key: answer[key] for key in ("error", "cpu")}
    assert wrong == {}


def test_what_only_looks_hostile_is_read_as_text() -> None:
    expected = json.loads((HERE / "tame.json").read_text())
    answers = loaded((HERE / "tame").glob("*.yaml"))
    assert answers.keys() == expected.keys()
    wrong = {}
    for name, answer in answers.items():
        found = {"names": answer.get("names")}
        if "with" in expected[name] and answer["error"] is None:
            found["with"] = answer["shape"]["nodes"]["no"].get("with")
        if json.dumps(found, sort_keys=True) != json.dumps(expected[name], sort_keys=True):
            wrong[name] = answer
    assert wrong == {}
