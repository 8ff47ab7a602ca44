"""One measurement, in the interpreter it is run with: `python measure.py ADAPTER chain|loop` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time

import payload

LEAST_SECONDS = 0.25


async def timed(run: payload.Run, times: int) -> tuple[float, float]:
    """Wall and CPU seconds of that many runs, one after another."""
    cpu, begun = time.process_time(), time.perf_counter()
    for _ in range(times):
        await run()
    return time.perf_counter() - begun, time.process_time() - cpu


async def measure(run: payload.Run, count: int) -> dict[str, float]:
    """Microseconds a run, after one that is checked and enough to know how many to time."""
    payload.check(await run(), count)
    gc.collect()
    times = 1
    while True:
        wall, cpu = await timed(run, times)
        if wall >= LEAST_SECONDS:
            return {"wall": wall / times * 1e6, "cpu": cpu / times * 1e6, "runs": times}
        times = max(times * 2, int(times * LEAST_SECONDS / max(wall, 1e-6) * 1.1))


def main() -> None:
    """Builds the graph of the adapter and measures it."""
    name, work = sys.argv[1:3]
    made = importlib.import_module(f"adapters.{name}")
    run, count = (made.chain(), payload.CHAIN) if work == "chain" else (made.loop(payload.LOOP), payload.LOOP)
    print(json.dumps(asyncio.run(measure(run, count))))


if __name__ == "__main__":
    main()
