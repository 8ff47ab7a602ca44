"""A map is killed half way and ends in another process: how many finished items run again?

python benchmarks/crash_map.py [--peers] [--quick] [--reps N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

import setup_peers
from measure_map import SMALL
from peers import COMMAND, DURABLE_MAPS, PLAIN, Engine

MEASURE: Final = Path(__file__).resolve().parent / "measure_map.py"
OURS: Final = DURABLE_MAPS[PLAIN.name]
PEER: Final = DURABLE_MAPS["LangGraph"]
PATIENCE: Final = 120.0
KILLED: Final = SMALL.items // 2


def named(marks: Path, what: str) -> list[int]:
    """The items that left such a mark, in order."""
    lines = marks.read_text(encoding="utf-8").splitlines() if marks.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith(what)]


def crash(engine: Engine, folder: Path) -> dict[str, Any]:
    """Kills a map when half of its items have ended, resumes it and counts."""
    database, marks = folder / "map.db", folder / "marks"
    command = [str(engine.python), str(MEASURE), engine.adapter]
    begun = time.monotonic()
    running = subprocess.Popen([*command, "run", str(database), str(marks)])
    try:
        while len(named(marks, "ended")) < KILLED and running.poll() is None:
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit(f"{engine.name}: the map did not come half way in {PATIENCE:.0f} s")
            time.sleep(0.005)
        time.sleep(SMALL.seconds / 2)  # what has ended is given time to be committed
    finally:
        running.kill()
        running.wait()
    ended, started = set(named(marks, "ended")), len(named(marks, "begun"))
    again = subprocess.run(
        [*command, "resume", str(database), str(marks)], capture_output=True, text=True, timeout=PATIENCE
    )
    if again.returncode != 0:
        raise SystemExit(f"{engine.name}: it was not resumed:\n{again.stderr.strip()[-2000:]}")
    after = named(marks, "begun")[started:]
    return {"finished": len(ended), "ran after": len(after), "ran again": len(ended & set(after))}


def main() -> None:
    """Kills every engine's map and prints a table; the exit code is 1 if a finished item of ours ran again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reps", type=int, default=5, help="how often each is killed; medians are shown")
    parser.add_argument("--peers", action="store_true", help="install the peer if it is missing")
    parser.add_argument("--quick", action="store_true", help="one kill, ours only: does it run at all?")
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every count there too")
    given = parser.parse_args()
    if given.peers and not given.quick:
        setup_peers.install_missing([PEER])
    engines = [OURS, *([PEER] if PEER.installed and not given.quick else [])]
    found: dict[str, list[dict[str, Any]]] = {engine.name: [] for engine in engines}
    for _ in range(1 if given.quick else max(given.reps, 1)):
        for engine in engines:
            with tempfile.TemporaryDirectory() as folder:
                found[engine.name].append(crash(engine, Path(folder)))
    print(
        f"| {SMALL.items} items of {SMALL.seconds * 1e3:.0f} ms, {SMALL.limit} at a time, killed | finished before | ran after | finished items run again | most |"
    )
    print("|---|---:|---:|---:|---:|")
    for engine in engines:
        many = found[engine.name]
        cells = [f"{median(one[key] for one in many):.0f}" for key in ("finished", "ran after", "ran again")]
        most = max(one["ran again"] for one in many)
        print(f"| {f'{engine.name} {engine.version}'.strip()} | {' | '.join(cells)} | {most} |")
    if PEER not in engines:
        why = "left out by --quick" if given.quick else f"not installed: {COMMAND}"
        print(f"{PEER.name} {PEER.version}: {why}")
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(any(one["ran again"] for one in found[OURS.name]))


if __name__ == "__main__":
    main()
