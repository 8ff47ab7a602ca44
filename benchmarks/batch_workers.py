"""How much faster do two and four worker processes make a batch of conversation turns, and where does that stop?

python benchmarks/batch_workers.py [--broker URL] [--db URL] [--turns N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

SERVER: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
WORKERS: Final = (1, 2, 4)


def measured(server: str, broker: str, workers: int, turns: int) -> dict[str, float]:
    """Seconds for so many turns over so many workers, once all of them are up, and their CPU seconds."""
    import psycopg

    name, queue = f"turngraph_bench_{uuid.uuid4().hex}", f"turngraph-bench-{uuid.uuid4().hex}"
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type, unused-ignore]
        started: list[subprocess.Popen[bytes]] = []
        try:
            with tempfile.TemporaryDirectory() as folder:
                turngraph = [sys.executable, "-P", "-m", "turngraph"]
                common = ["--broker", broker, "--queue", queue, "--db", url]
                for _ in range(workers):
                    command = [*turngraph, "worker", "--pool", "prefork", "--processes", "1", *common]
                    started.append(
                        subprocess.Popen(
                            command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL
                        )
                    )
                list_, warm = Path(folder) / "list.jsonl", Path(folder) / "warm.jsonl"
                _write(warm, workers * 20, "w")
                _write(list_, turns, "u")
                batch = [
                    *turngraph,
                    "batch",
                    "--workers",
                    "celery",
                    "--chunk",
                    "10",
                    "--concurrency",
                    "10",
                    "--json",
                    *common,
                ]
                subprocess.run([*batch, str(warm)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
                cpu = _cpu(started)
                done = subprocess.run([*batch, str(list_)], cwd=folder, check=True, stdout=subprocess.PIPE)
                report: dict[str, Any] = json.loads(done.stdout)
                if report["done"] != turns:
                    raise SystemExit(f"{report['done']} of {turns} were done: {report['errors'][:1]}")
                return {"wall": report["seconds"], "cpu": _cpu(started) - cpu}
        finally:
            for process in started:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type, unused-ignore]


def _write(file: Path, turns: int, user: str) -> None:
    with file.open("w") as lines:
        for n in range(turns):
            said = f"My locker {n} is blue and I bought {n % 9} green apples in Graz."
            lines.write(json.dumps({"user_id": f"{user}{n % 100}", "message": said}) + "\n")


def _cpu(started: list[subprocess.Popen[bytes]]) -> float:
    """The CPU seconds of the workers and of the processes they forked."""
    total = 0.0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) in {process.pid for process in started}:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main() -> None:
    """Measures one, two and four workers and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--broker", default="redis://127.0.0.1:6379/0", help="Redis or RabbitMQ")
    parser.add_argument("--db", default=SERVER, help="a PostgreSQL where databases may be created")
    parser.add_argument("--turns", type=int, default=1_000, help="how many turns")
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every measurement there too")
    given = parser.parse_args()
    found: dict[int, dict[str, float]] = {}
    print(f"{given.turns:,} turns, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before")
    print("| workers | turns a second | speed-up | CPU ms a turn |\n|---:|---:|---:|---:|")
    for workers in WORKERS:
        found[workers] = one = measured(given.db, given.broker, workers, given.turns)
        speed = found[WORKERS[0]]["wall"] / one["wall"]
        print(
            f"| {workers} | {given.turns / one['wall']:,.0f} | {speed:.2f} | {one['cpu'] / given.turns * 1e3:.1f} |",
            flush=True,
        )
        time.sleep(1)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
