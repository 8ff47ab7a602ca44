"""A durable map, in the interpreter it is run with: `python measure_map.py ADAPTER time|run|resume FILE [MARKS]`.

`time` prints what one map of 1,000 items costs; `run` begins one of 100 items and `resume` ends it, in another
process. MARKS is the file where each item leaves when it began and ended.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from payload import Fan

SMALL = Fan(items=100, limit=10, seconds=0.050)


class DurableMap(Protocol):
    """What an adapter makes of a database file and the work."""

    async def run(self, name: str) -> list[int]: ...
    async def resume(self, name: str) -> list[int]: ...
    async def close(self) -> None: ...


async def timed(made: DurableMap, work: Fan) -> dict[str, float]:
    """Wall and CPU microseconds of a map, after one that is checked."""
    work.check(await made.run("first"))
    gc.collect()
    cpu, begun = time.process_time(), time.perf_counter()
    results = await made.run("second")
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    work.check(results)
    return {"wall": wall * 1e6, "cpu": cpu * 1e6}


async def main() -> None:
    """Opens the adapter's store and does what it was asked for."""
    name, what, path, *marks = sys.argv[1:]
    work = Fan() if what == "time" else Fan(SMALL.items, SMALL.limit, SMALL.seconds, Path(marks[0]))
    made: DurableMap = importlib.import_module(f"adapters.{name}").DurableMap(path, work)
    try:
        answer: Any
        if what == "time":
            answer = await timed(made, work)
        else:
            answer = await (made.run("crash") if what == "run" else made.resume("crash"))
            work.check(answer)
        print(json.dumps(answer))
    finally:
        await made.close()


if __name__ == "__main__":
    asyncio.run(main())
