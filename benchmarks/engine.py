"""What does a step cost in our engine, beside others and beside a bare loop?

python benchmarks/engine.py [--peers] [--quick] [--reps N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import payload
import setup_peers
from peers import COMMAND, DURABLE_MAPS, PEERS, PLAIN, RAW, TYPED, Engine

MEASURE: Final = Path(__file__).resolve().parent / "measure.py"
MEASURE_MAP: Final = MEASURE.with_name("measure_map.py")
PATIENCE: Final = 300.0
CHILDREN: Final = 10
HEAVY: Final = ("anthropic", "networkx", "numpy", "sqlalchemy", "tenacity")
WORKS: Final = ("chain", "loop", "flight", "map")
FLIGHT: Final = 10_000
ONCE: Final = ("LangGraph", "pydantic-graph")  # 10,000 of their runs take minutes

# In the child, so that starting Python does not count.
IMPORT: Final = """
import json, sys, time
cpu, begun = time.process_time(), time.perf_counter()
__import__(sys.argv[1])
wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
print(json.dumps({"wall": wall * 1e3, "cpu": cpu * 1e3, "loaded": sorted({*sys.argv[2:]} & {*sys.modules})}))
"""
VERSION: Final = """
import importlib.metadata, json, platform, sys
version = importlib.metadata.version(sys.argv[1]) if sys.argv[1] else ""
print(json.dumps({"python": platform.python_version(), "version": version}))
"""


@dataclass
class Column:
    """One engine and all that was measured of it."""

    engine: Engine
    version: str = ""
    python: str = ""
    measured: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def middle(self, work: str, clock: str) -> float:
        """The median of a work's repetitions: µs a run, or ms an import."""
        figures: list[float] = [one[clock] for one in self.measured[work]]
        return median(figures)

    def measure(self, work: str, flight: int) -> None:
        """Measures a work once, where the engine does it."""
        if work != "durable map":
            runs = [str(flight)] if work == "flight" else []
            found = child(self.engine, str(MEASURE), self.engine.adapter, work, *runs)
        elif (durable := DURABLE_MAPS.get(self.engine.name)) is None or not durable.installed:
            return
        else:
            with tempfile.TemporaryDirectory() as folder:
                found = child(durable, str(MEASURE_MAP), durable.adapter, "time", f"{folder}/map.db")
        if found is not None:
            self.measured.setdefault(work, []).append(found)


def child(engine: Engine, *arguments: str) -> Any:
    """What a process of the engine's own interpreter prints."""
    command = [str(engine.python), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise SystemExit(f"{engine.name}: {' '.join(arguments[-2:])} failed:\n{done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run(engines: Sequence[Engine], reps: int, children: int, flight: int) -> list[Column]:
    """Measures the engines in turn, again and again, so that a busy moment meets them all alike."""
    columns = [Column(engine, **child(engine, "-c", VERSION, engine.package)) for engine in engines]
    for number in range(reps):
        for work in (*WORKS, "durable map"):
            # Every second time the other way round, so that nobody is always the one after the longest.
            for column in columns if number % 2 == 0 else columns[::-1]:
                if number == 0 or work != "flight" or column.engine.name not in ONCE:
                    column.measure(work, flight)
    for _ in range(children):
        for column in columns:
            if column.engine is not TYPED:  # it is what PLAIN imports
                found = child(column.engine, "-P", "-c", IMPORT, column.engine.module, *HEAVY)
                column.measured.setdefault("import", []).append(found)
    return columns


def rows(columns: Sequence[Column], flight: int) -> list[list[str]]:
    """The table's lines: a name and one cell for each column."""
    chain, loop, fan = payload.CHAIN, payload.LOOP, payload.Fan()

    def line(name: str, work: str, clock: str, part: float) -> list[str]:
        return [name, *(_cell(column, work, lambda c: c.middle(work, clock) / part) for column in columns)]

    def ratio(name: str, to: Engine) -> list[str]:
        base = next(column for column in columns if column.engine is to).middle("loop", "cpu")
        return [name, *(f"{column.middle('loop', 'cpu') / base:,.1f}" for column in columns)]

    return [
        line(f"chain of {chain}: µs/run", "chain", "wall", 1),
        line("  CPU", "chain", "cpu", 1),
        line("  µs/node", "chain", "wall", chain),
        line(f"loop of {loop:,}: µs/step", "loop", "wall", loop),
        line("  CPU", "loop", "cpu", loop),
        ratio("  CPU, raw loop = 1", RAW),
        ratio("  CPU, turngraph = 1", PLAIN),
        line(f"{flight:,} runs in flight: KB each", "flight", "kb", 1),
        line("  CPU µs each", "flight", "cpu", 1),
        line(f"map of {fan.items:,} × {fan.seconds * 1e3:.0f} ms: ms", "map", "wall", 1e3),
        line("  CPU", "map", "cpu", 1e3),
        line("  the ideal = 1", "map", "wall", fan.ideal * 1e6),
        line("durable map, SQLite: ms", "durable map", "wall", 1e3),
        line("  CPU", "durable map", "cpu", 1e3),
        line("import: ms", "import", "wall", 1),
        line("  CPU", "import", "cpu", 1),
    ]


def _cell(column: Column, work: str, figure: Any) -> str:
    if work not in column.measured:
        return "same" if work == "import" else "none"
    value = figure(column)
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(columns: Sequence[Column], flight: int) -> str:
    """The measurements as a Markdown table that also reads as text."""
    heads = ["", *(f"{column.engine.name} {column.version}".strip() for column in columns)]
    lines = rows(columns, flight)
    widths = [max(len(line[place]) for line in [heads, *lines]) for place in range(len(heads))]

    def shown(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths))
    return "\n".join([shown(heads), f"|{rule}|", *(shown(line) for line in lines)])


def main() -> None:
    """Measures what is installed and prints one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reps", type=int, default=5, help="measurements of each kind; medians are shown")
    parser.add_argument("--peers", action="store_true", help="install the peers that are missing first")
    parser.add_argument("--quick", action="store_true", help="one repetition, no peers: does it run at all?")
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every measurement there too")
    given = parser.parse_args()
    if given.peers and not given.quick:
        setup_peers.install_missing((*PEERS, *DURABLE_MAPS.values()))
    peers = [] if given.quick else [peer for peer in PEERS if peer.installed]
    reps, children, flight = (1, 3, 500) if given.quick else (max(given.reps, 1), CHILDREN, FLIGHT)
    before = os.getloadavg()[0]
    columns = run([RAW, PLAIN, TYPED, *peers], reps, children, flight)
    load = (before, os.getloadavg()[0])
    loaded = sorted({name for one in columns[1].measured["import"] for name in one["loaded"]})

    pythons = ", ".join(sorted({column.python for column in columns}))
    print(
        f"medians of {reps}, of {children} for the import; Python {pythons} on {platform.machine()}, ", end=""
    )
    print(f"load average {load[0]:.1f} before and {load[1]:.1f} after\n\n{table(columns, flight)}\n")
    print(f"heavy modules in `import {PLAIN.module}`: {', '.join(loaded) or 'none'} of {', '.join(HEAVY)}")
    for peer in PEERS:
        if peer not in peers:
            why = "left out by --quick" if given.quick else f"not installed: {COMMAND}"
            print(f"{peer.name} {peer.version}: {why}")
    if given.json is not None:
        figures = {
            column.engine.name: {"version": column.version, "python": column.python, **column.measured}
            for column in columns
        }
        text = json.dumps({"load_average": load, "heavy": loaded, "engines": figures}, indent=1)
        given.json.write_text(text + "\n", encoding="utf-8")
    sys.exit(bool(loaded))


if __name__ == "__main__":
    main()
