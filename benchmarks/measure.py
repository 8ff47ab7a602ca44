"""One measurement, in the interpreter it is run with: `python measure.py ADAPTER chain|loop|flight|map` prints JSON.

`null` means that the adapter has no such work.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import payload

LEAST_SECONDS = 0.25
STATUS = Path("/proc/self/status")
Measured = dict[str, float]


async def timed(run: payload.Run, times: int) -> tuple[float, float]:
    """Wall and CPU seconds of that many runs, one after another."""
    cpu, begun = time.process_time(), time.perf_counter()
    for _ in range(times):
        await run()
    return time.perf_counter() - begun, time.process_time() - cpu


async def measure(run: payload.Run) -> Measured:
    """Microseconds a run, measured long enough."""
    gc.collect()
    times = 1
    while True:
        wall, cpu = await timed(run, times)
        if wall >= LEAST_SECONDS:
            return {"wall": wall / times * 1e6, "cpu": cpu / times * 1e6, "runs": times}
        times = max(times * 2, int(times * LEAST_SECONDS / max(wall, 1e-6) * 1.1))


def memory(field: str) -> float:
    """KB of this process: those it has now (VmRSS), or the most it ever had (VmHWM)."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith(f"{field}:")).split()[1])


async def chain(adapter: Any, _: int) -> Measured:
    run = adapter.chain()
    payload.check(await run(), payload.CHAIN)
    return await measure(run)


async def loop(adapter: Any, _: int) -> Measured:
    run = adapter.loop(payload.LOOP)
    payload.check(await run(), payload.LOOP)
    return await measure(run)


async def flight(adapter: Any, runs: int) -> Measured | None:
    """KB and CPU microseconds a run, of many that all wait at the same time."""
    if not STATUS.exists():
        return None
    payload.check(await adapter.flight(payload.Gate(1))(), payload.WAITING)
    run = adapter.flight(payload.Gate(runs))
    gc.collect()
    before, cpu, begun = memory("VmRSS"), time.process_time(), time.perf_counter()
    await asyncio.gather(*(run() for _ in range(runs)))
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {"kb": (memory("VmHWM") - before) / runs, "wall": wall / runs * 1e6, "cpu": cpu / runs * 1e6}


async def fan(adapter: Any, _: int) -> Measured:
    """Microseconds a map of items that sleep."""
    work = payload.Fan()
    run = adapter.fan(work)
    work.check((await run())["results"])
    return await measure(run)


WORKS: dict[str, tuple[str, Callable[[Any, int], Awaitable[Measured | None]]]] = {
    "chain": ("chain", chain),
    "loop": ("loop", loop),
    "flight": ("flight", flight),
    "map": ("fan", fan),
}


def main() -> None:
    """Builds the graph of the adapter and measures it."""
    name, work, *runs = sys.argv[1:]
    needed, does = WORKS[work]
    adapter = importlib.import_module(f"adapters.{name}")
    found: Any = None
    if hasattr(adapter, needed):
        found = asyncio.run(does(adapter, int(runs[0]) if runs else 0))  # type: ignore[arg-type]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
