"""One measurement of durable runs: `python measure_durable.py ADAPTER URL KIND FLIGHT RUNS` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sqlite3
import sys
import time
from typing import Any, Protocol

import payload

WARM = 3


class Durable(Protocol):
    """What an adapter makes of an empty database."""

    async def run(self, state: dict[str, Any]) -> Any: ...
    async def close(self) -> None: ...


def size(url: str) -> int:
    """How many bytes the database takes, with nothing left in a log."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return os.path.getsize(path)
    import psycopg

    with psycopg.connect(url) as server:
        found = server.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchone()
    return int(found[0]) if found is not None else 0


async def measure(made: Durable, url: str, kind: payload.Kind, flight: int, runs: int) -> dict[str, float]:
    """Wall and CPU milliseconds a run, and the bytes it leaves."""
    for _ in range(WARM):
        payload.check(await made.run(payload.given(kind)), payload.CHAIN)
    before, left = size(url), iter(range(runs))

    async def one_after_another() -> None:
        for _ in left:
            payload.check(await made.run(payload.given(kind)), payload.CHAIN)

    gc.collect()
    cpu, begun = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(flight)))
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {"wall": wall / runs * 1e3, "cpu": cpu / runs * 1e3, "bytes": (size(url) - before) / runs}


async def main() -> None:
    """Opens the adapter's store in an empty database and measures it."""
    name, url, kind, flight, runs = sys.argv[1:6]
    adapter = importlib.import_module(f"adapters.{name}")
    chosen: Any = kind
    made: Durable = adapter.Durable(url, chosen)
    try:
        print(json.dumps(await measure(made, url, chosen, int(flight), int(runs))))
    finally:
        await made.close()


if __name__ == "__main__":
    asyncio.run(main())
