"""One memory, measured in the interpreter it is run with: `python measure_memory.py ADAPTER JOB.npz` prints JSON.

The job holds texts, vectors and users of what is stored and of what is asked.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from adapters.memory_base import size

CALLERS = 50


def percentiles(seconds: list[float]) -> dict[str, float]:
    """The median and the 95th percentile, in milliseconds."""
    return {f"p{p}": round(float(np.percentile(np.array(seconds) * 1e3, p)), 3) for p in (50, 95)}


def measure(name: str, job: Any, folder: Path) -> dict[str, Any]:
    """Adds and searches, with a bound on the time of each."""
    users, seconds = job["users"].tolist(), float(job["seconds"])
    items = list(zip(range(len(users)), job["texts"].tolist(), job["vectors"], users, strict=True))
    memory = importlib.import_module(f"adapters.{name}").Memory(folder, job["vectors"].shape[1])
    count = int(job["singly"])
    single, others, begun, added = (
        items[-count:],
        items[-2 * count : -count],
        time.perf_counter(),
        list[float](),
    )
    memory.fill(items[: -2 * count])
    filled = time.perf_counter() - begun
    if filled > 5 * seconds:
        return {"stopped": f"storing {len(items) - 2 * count:,} took {filled:.0f} s of {5 * seconds:.0f}"}
    cpu = time.process_time()
    for item in single:
        start = time.perf_counter()
        memory.add(item)
        added.append(time.perf_counter() - start)
        if sum(added) > seconds:
            break
    add_cpu = (time.process_time() - cpu) / len(added) * 1e3
    begun = time.perf_counter()
    for start in range(0, count, CALLERS):
        # Who has no way to store for several callers at once stores for one after the other.
        getattr(memory, "together", memory.fill)(others[start : start + CALLERS])
    together = (time.perf_counter() - begun) / max(len(others), 1) * 1e3
    owner, held = dict(enumerate(users)), Counter(users)
    limit, found, leaks, short = int(job["limit"]), [], 0, 0
    asked = list(zip(job["queries"].tolist(), job["query_vectors"], job["askers"].tolist(), strict=True))
    firsts, took, rankings, warm = list[float](), list[float](), list[list[int]](), set[str]()
    spent = 0.0
    for text, vector, user in asked:
        if user not in warm:  # what is loaded for a user at first is told apart
            start = time.perf_counter()
            memory.search(text, vector, user, limit)
            firsts.append(time.perf_counter() - start)
            warm.add(user)
        cpu, start = time.process_time(), time.perf_counter()
        found = memory.search(text, vector, user, limit)
        took.append(time.perf_counter() - start)
        spent += time.process_time() - cpu
        rankings.append([number for number, _ in found])
        leaks += sum(owner[number] != user or whose != user for number, whose in found)
        short += len(found) < min(limit, held[user])
        if sum(took) > seconds:
            break
    outcome = {
        "add": percentiles(added), "add_cpu": round(add_cpu, 3), "together": round(together, 3), "search": percentiles(took),
        "search_cpu": round(spent / len(took) * 1e3, 3), "first": percentiles(firsts)["p50"],
        "leaks": leaks, "short": short, "searches": len(took), "durable": memory.durable, "load": round(os.getloadavg()[0], 1),
        "rankings": rankings if bool(job["keep"]) else [],
    }  # fmt: skip
    kept = memory.kept() if hasattr(memory, "kept") else None
    memory.close()
    kept = size(folder) if kept is None else kept
    return {**outcome, "bytes": round(kept / len(items)) if memory.durable else 0}


def main() -> None:
    """Measures in a folder that is deleted afterwards."""
    name, path = sys.argv[1:3]
    with (
        tempfile.TemporaryDirectory(prefix="turngraph-memory-", ignore_cleanup_errors=True) as folder,
        np.load(path) as job,
    ):
        print(json.dumps(measure(name, job, Path(folder))))


if __name__ == "__main__":
    main()
