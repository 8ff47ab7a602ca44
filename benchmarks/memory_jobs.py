"""Runs one memory's measurement in its own interpreter, and reads what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from peers import COMMAND, Engine

HERE = Path(__file__).resolve().parent
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(engine: Engine, job: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured, or why nothing was."""
    if not engine.installed:
        return {"stopped": f"not installed; {COMMAND} installs it"}
    with tempfile.TemporaryDirectory(prefix="turngraph-job-") as folder:
        path = Path(folder) / "job.npz"
        given: dict[str, Any] = {key: np.asarray(value) for key, value in job.items()}
        np.savez(path, **given)
        command = [str(engine.python), str(HERE / "measure_memory.py"), engine.adapter, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=ONE_THREAD)
    if done.returncode != 0:
        return {"stopped": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:200]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
