"""What does a durable run cost, beside the bare driver and other engines? Each of seven steps is committed before the next.

python benchmarks/durable.py [--db WHERE]... [--peers] [--quick] [--reps N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import setup_peers
from payload import Kind
from peers import COMMAND, DURABLE_PEERS, Engine

MEASURE: Final = Path(__file__).resolve().parent / "measure_durable.py"
SERVER: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
RAW: Final = Engine("raw group commit", "durable_raw", "", "asyncio")
OURS: Final = Engine("turngraph", "durable_turngraph", "turngraph", "turngraph.engine")
FLIGHT: Final = 50
FEW: Final = 100  # runs of a peer in one measurement: some end 30 in a second
PATIENCE: Final = 300.0
KINDS: Final[dict[Kind, str]] = {
    "small": "state of 0.3 kB",
    "large": "state of 5 kB",
    "core": "a row in each step, by Core",
    "orm": "a row in each step, by the ORM",
}
Measured = dict[tuple[str, Kind, int], list[dict[str, Any]]]


def child(engine: Engine, *arguments: str) -> dict[str, Any]:
    """What a measurement in the engine's own interpreter prints."""
    command = [str(engine.python), str(MEASURE), engine.adapter, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise SystemExit(f"{engine.name}: {' '.join(arguments)} failed:\n{done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@contextmanager
def emptied(where: str) -> Iterator[str]:
    """The URL of a new database: a file in that folder, or one on that server; it is deleted afterwards."""
    if not where.startswith("postgresql"):
        with tempfile.TemporaryDirectory(dir=where) as folder:
            yield f"sqlite:///{folder}/runs.db"
        return
    import psycopg

    name = f"turngraph_bench_{uuid.uuid4().hex}"
    with psycopg.connect(where, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type, unused-ignore]
        try:
            yield urlsplit(where)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type, unused-ignore]


def does(engine: Engine, kind: Kind, flight: int) -> bool:
    """Whether that is measured: all of ours, and of the others what compares."""
    if kind == "small":
        return True
    return flight > 1 and (engine is OURS or (engine is RAW and kind != "orm"))


def measured(where: str, engines: Sequence[Engine], reps: int, runs: int) -> Measured:
    """Measures the engines in turn, again and again, each time in a new database."""
    found: Measured = {}
    for number in range(reps):
        for kind in KINDS:
            for flight in (FLIGHT, 1):
                for engine in engines if number % 2 == 0 else engines[::-1]:
                    if not does(engine, kind, flight):
                        continue
                    count = min(runs, FEW) if engine.version else runs
                    if flight == 1:
                        count = max(count // (5 if engine.version else 20), 5)
                    with emptied(where) as url:
                        one = child(engine, url, kind, str(flight), str(count))
                    found.setdefault((engine.name, kind, flight), []).append(one)
    return found


def table(engines: Sequence[Engine], found: Measured) -> str:
    """The medians as a Markdown table that also reads as text."""

    def cells(kind: Kind, flight: int, figure: str) -> Iterator[str]:
        floor = found.get((RAW.name, kind, flight), [])
        for engine in engines:
            many = found.get((engine.name, kind, flight), [])
            if not many or (figure in ("share", "times") and not floor):
                yield "none"
            elif figure == "runs/s":
                yield f"{1e3 / median(one['wall'] for one in many):,.0f}"
            elif figure == "share":
                shares = [base["wall"] / one["wall"] for base, one in zip(floor, many, strict=True)]
                yield f"{median(shares):.2f}"
            elif figure == "times":
                shares = [one["wall"] / base["wall"] for base, one in zip(floor, many, strict=True)]
                yield f"{median(shares):.2f}"
            else:
                value = median(one[figure] for one in many)
                yield f"{value:,.0f}" if figure == "bytes" else f"{value:.3f}"

    lines = [["", *(f"{engine.name} {engine.version}".strip() for engine in engines)]]
    for kind, words in KINDS.items():
        lines.append([f"{words}: runs/s", *cells(kind, FLIGHT, "runs/s")])
        lines.append(["  of the floor beside it", *cells(kind, FLIGHT, "share")])
        lines.append(["  CPU ms/run", *cells(kind, FLIGHT, "cpu")])
        lines.append(["  bytes/run", *cells(kind, FLIGHT, "bytes")])
        if kind == "small":
            lines.append(["  one at a time: ms/run", *cells(kind, 1, "wall")])
            lines.append(["    the floor = 1", *cells(kind, 1, "times")])
            lines.append(["    CPU", *cells(kind, 1, "cpu")])
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    shown = [
        f"| {' | '.join(c.ljust(w) if n == 0 else c.rjust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True)))} |"
        for line in lines
    ]
    rule = "|".join("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths))
    return "\n".join([shown[0], f"|{rule}|", *shown[1:]])


def main() -> None:
    """Measures every database and prints a table for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--db", action="append", metavar="WHERE", help="a folder, or a server's URL; repeatable"
    )
    parser.add_argument("--reps", type=int, default=5, help="measurements of each kind; medians are shown")
    parser.add_argument("--runs", type=int, default=2000, help="runs in one measurement of ours")
    parser.add_argument("--peers", action="store_true", help="install the peers that are missing first")
    parser.add_argument(
        "--quick", action="store_true", help="one short repetition without peers: does it run at all?"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every measurement there too")
    given = parser.parse_args()
    if given.peers and not given.quick:
        setup_peers.install_missing(DURABLE_PEERS)
    peers = [] if given.quick else [peer for peer in DURABLE_PEERS if peer.installed]
    engines = [RAW, OURS, *peers]
    reps, runs = (1, 100) if given.quick else (max(given.reps, 1), given.runs)
    places = given.db or [tempfile.gettempdir(), SERVER]
    figures: dict[str, Any] = {}
    for where in places:
        kind = "PostgreSQL" if where.startswith("postgresql") else "SQLite"
        before = os.getloadavg()[0]
        found = measured(where, engines, reps, runs)
        load = (before, os.getloadavg()[0])
        print(
            f"{kind}: medians of {reps}, {FLIGHT} runs in flight; Python {platform.python_version()}, ",
            end="",
        )
        print(f"load average {load[0]:.1f} before and {load[1]:.1f} after; CPU is the client's")
        print(f"\n{table(engines, found)}\n", flush=True)
        measures = {" ".join(map(str, key)): many for key, many in found.items()}
        figures[kind] = {"load_average": load, "measured": measures}
    for peer in DURABLE_PEERS:
        if peer not in peers:
            why = "left out by --quick" if given.quick else f"not installed: {COMMAND}"
            print(f"{peer.name} {peer.version}: {why}")
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
