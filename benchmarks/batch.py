"""How near does a batch come to the ideal rate, beside the bare loop and other engines? And what does a turn cost?

python benchmarks/batch.py [--peers] [--quick] [--reps N] [--json PATH]     # one node that waits 100 ms, 200 at a time
python benchmarks/batch.py --turns [N]                                      # the whole conversation workflow, with a profile
python benchmarks/batch.py --flat [N]                                       # memory over 100,000 records
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import setup_peers
from peers import COMMAND, DURABLE_PEERS, PEERS, Engine

MEASURE: Final = Path(__file__).resolve().parent / "measure_batch.py"
ROOT: Final = MEASURE.parents[1]
WAITING: Final = ("wait", "select", "get", "_worker", "_serve", "run_forever", "recv")
SAID: Final = (
    "My locker at work has the number {n}.",
    "What is the number of my locker?",
    "I bought a bicycle in Graz for {n} euros.",
    "Thanks, that is all for today.",
    "My sister Petra moved to Lisbon in May.",
    "Where does my sister live?",
    "I am allergic to peanuts.",
    "Could you recommend a book about bees?",
)
LIMIT: Final = 200
SECONDS: Final = 0.1
COUNTS: Final = (1_000, 10_000)
PATIENCE: Final = 600.0
FLOOR: Final = Engine("asyncio.gather", "batch_gather", "", "asyncio")
OURS: Final = Engine("turngraph", "batch_turngraph", "turngraph", "turngraph.workflows")
POCKETFLOW: Final = replace(PEERS[0], adapter="batch_pocketflow")
LANGGRAPH: Final = replace(DURABLE_PEERS[0], adapter="batch_langgraph")
KEEPS: Final = {OURS.name: "each outcome", LANGGRAPH.name: "each step"}


def child(engine: Engine, records: int) -> dict[str, float]:
    """What a measurement in the engine's own interpreter prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(engine.python),
            str(MEASURE),
            engine.adapter,
            folder,
            str(records),
            str(LIMIT),
            str(SECONDS),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise SystemExit(f"{engine.name}: {records} records failed:\n{done.stderr.strip()[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(
    engines: Sequence[Engine], reps: int, counts: Sequence[int]
) -> dict[str, list[dict[str, float]]]:
    """Measures the engines in turn, each time in a process of its own."""
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(reps):
        for records in counts:
            for engine in engines if number % 2 == 0 else engines[::-1]:
                found.setdefault(f"{engine.name} {records}", []).append(child(engine, records))
    return found


def table(engines: Sequence[Engine], found: dict[str, list[dict[str, float]]], counts: Sequence[int]) -> str:
    """The medians, as a Markdown table."""
    lines = [
        "| records | engine | seconds | of the ideal rate | CPU ms a record | peak MB | kept on disk |",
        "|---:|---|---:|---:|---:|---:|---|",
    ]
    for records in counts:
        ideal = records * SECONDS / LIMIT
        for engine in engines:
            many = found[f"{engine.name} {records}"]
            wall, cpu, peak = (median(one[figure] for one in many) for figure in ("wall", "cpu", "peak"))
            name = f"{engine.name} {engine.version}".strip()
            lines.append(
                f"| {records:,} | {name} | {wall:.2f} | {ideal / wall:.2f} | {cpu / records * 1e3:.3f} | {peak:,.0f} "
                f"| {KEEPS.get(engine.name, 'nothing')} |"
            )
    return "\n".join(lines)


class Sampler(threading.Thread):
    """Looks two hundred times a second what every thread is doing, those aside that wait."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: Counter[tuple[str, str]] = Counter()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.005):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if ident != self.ident and frame.f_code.co_name not in WAITING:
                    self.seen[_kind(names.get(ident, "?")), _ours(frame)] += 1

    def told(self) -> str:
        """Which share of the samples each thread and each place of ours has."""
        self._ended.set()
        total = sum(self.seen.values()) or 1
        threads: Counter[str] = Counter()
        for (thread, _), count in self.seen.items():
            threads[thread] += count
        lines = [f"  {count / total:4.0%}  {thread}" for thread, count in threads.most_common()]
        lines += [
            "",
            *(f"  {n / total:4.0%}  {thread}: {place}" for (thread, place), n in self.seen.most_common(15)),
        ]
        return "\n".join(lines)


def _kind(name: str) -> str:
    return {"MainThread": "the loop", "asyncio": "rules and embeddings"}.get(
        name.split("_")[0], name.rstrip("-_0123456789")
    )


def _ours(frame: Any) -> str:
    """The innermost function of turngraph's that a thread is in."""
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if ROOT in file.parents and ".venv" not in file.parts:
            return f"{file.relative_to(ROOT)}:{frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"


def turns(count: int) -> dict[str, float]:
    """Runs messages of as many users as a tenth of them through the conversation workflow, and shows where that goes."""
    from turngraph.models import DatabaseManager
    from turngraph.workflows import run_batch

    def records(start: int, number: int) -> Iterator[dict[str, Any]]:
        for n in range(start, start + number):
            said = SAID[n % len(SAID)].format(n=n)
            yield {"user_id": f"user{n % max(1, count // 10)}", "message": said}

    async def work(start: int) -> tuple[float, float]:
        cpu, begun = time.process_time(), time.perf_counter()
        report = await run_batch(records(start, count), db=db, concurrency=32)
        if report.answered != count:
            raise SystemExit(f"{report.answered} of {count} were answered: {report.errors[:1]}")
        return time.perf_counter() - begun, time.process_time() - cpu

    with tempfile.TemporaryDirectory() as folder, DatabaseManager(f"sqlite:///{folder}/turns.db") as db:
        asyncio.run(run_batch(records(10**9, 20), db=db))
        wall, cpu = asyncio.run(work(0))
        sampler = Sampler()
        sampler.start()
        asyncio.run(work(count))
    per_second, per_core = count / wall, count / cpu
    print(
        f"{count:,} turns: {per_second:,.0f} a second, {per_core:,.0f} a second of CPU ({cpu / count * 1e3:.2f} ms each); of the samples:"
    )
    print(sampler.told())
    return {"wall": wall, "cpu": cpu, "records": count}


def flat(count: int) -> dict[str, float]:
    """Works through a file of records, one of a hundred of which is poison, and says how much memory that took."""
    from turngraph.engine import END, Graph
    from turngraph.models import DatabaseManager
    from turngraph.workflows import run_batch

    sys.path.insert(0, str(MEASURE.parent))
    from adapters.batch_turngraph import Call

    call = Call()
    call.seconds = 0.0
    with tempfile.TemporaryDirectory() as folder, DatabaseManager(f"sqlite:///{folder}/flat.db") as db:
        file = Path(folder) / "list.jsonl"
        with file.open("w") as lines:
            for n in range(count):
                record = {"n": n, "user_id": f"u{n % 5000}", "text": "x" * 300}
                lines.write("{bad\n" if n % 100 == 99 else json.dumps(record) + "\n")
        before = _peak()
        begun, cpu = time.perf_counter(), time.process_time()
        graph = Graph("call", call >> END)
        report = asyncio.run(run_batch(file, graph, db=db, concurrency=200, out=Path(folder) / "out.jsonl"))
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
        again = asyncio.run(run_batch(file, graph, db=db, concurrency=200))
    if (report.done + report.failed, again.already) != (count, count):
        raise SystemExit(f"{report.done} done, {report.failed} failed, {again.already} already, of {count}")
    print(
        f"{count:,} records, {report.failed:,} of them poison: {count / wall:,.0f} a second ({cpu / count * 1e3:.3f} ms of CPU each), "
        f"peak {_peak():,.0f} MB, of which {before:,.0f} before the first; the same command again took {again.seconds:.1f} s"
    )
    return {"wall": wall, "cpu": cpu, "peak": _peak(), "before": before, "records": count}


def _peak() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # A child's ru_maxrss begins with that of the process it was started from.
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(found.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--turns", type=int, nargs="?", const=2_000, metavar="N", help="the conversation workflow"
    )
    parser.add_argument(
        "--flat", type=int, nargs="?", const=100_000, metavar="N", help="memory over many records"
    )
    parser.add_argument("--reps", type=int, default=5, help="measurements of each; medians are shown")
    parser.add_argument("--peers", action="store_true", help="install the peers that are missing first")
    parser.add_argument("--quick", action="store_true", help="once, 1,000 records, without peers")
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every measurement there too")
    given = parser.parse_args()
    found: Any
    if given.turns or given.flat:
        found = turns(given.turns) if given.turns else flat(given.flat)
    else:
        if given.peers and not given.quick:
            setup_peers.install_missing([POCKETFLOW, LANGGRAPH])
        peers = [] if given.quick else [peer for peer in (POCKETFLOW, LANGGRAPH) if peer.installed]
        counts, reps = (COUNTS[:1], 1) if given.quick else (COUNTS, max(given.reps, 1))
        before = os.getloadavg()[0]
        engines = [FLOOR, OURS, *peers]
        found = measured(engines, reps, counts)
        print(
            f"Python {platform.python_version()}, medians of {reps}, load average {before:.1f} before and {os.getloadavg()[0]:.1f} after"
        )
        print(f"{SECONDS * 1e3:.0f} ms a record, {LIMIT} at a time\n\n{table(engines, found, counts)}\n")
        for peer in (POCKETFLOW, LANGGRAPH):
            if peer not in peers:
                print(
                    f"{peer.name} {peer.version}: {'left out by --quick' if given.quick else f'not installed: {COMMAND}'}"
                )
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
