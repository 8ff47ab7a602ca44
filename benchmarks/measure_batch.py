"""A batch, in the interpreter it is run with: `python measure_batch.py ADAPTER FOLDER RECORDS LIMIT SECONDS`.

Prints what one batch of so many records costs, each of which waits so many seconds, so many at a time.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import resource
import sys
import time
from typing import Any, Protocol


class Batch(Protocol):
    """What an adapter makes of a folder and the work."""

    async def run(self, records: int) -> int:
        """Does so many records; gives how many outcomes there are."""
        ...

    async def close(self) -> None: ...


async def main() -> None:
    """Warms up with a few records, then measures."""
    name, folder, records, limit, seconds = sys.argv[1:]
    made: Any = importlib.import_module(f"adapters.{name}").Batch(folder, int(limit), float(seconds))
    batch: Batch = made
    await batch.run(5)
    gc.collect()
    cpu, begun = time.process_time(), time.perf_counter()
    outcomes = await batch.run(int(records))
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if outcomes != int(records):
        raise SystemExit(f"{outcomes} outcomes, expected {records}")
    await batch.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    asyncio.run(main())
