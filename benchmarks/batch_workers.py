"""How much faster do two and four worker processes make a batch, of turns that compute and of calls that wait?

python benchmarks/batch_workers.py [--broker URL] [--db URL] [--turns N] [--calls N] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

SERVER: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
WORKERS: Final = (1, 2, 4)
Kind: TypeAlias = Literal["turns", "calls"]
APP: Final = """
import asyncio
from turngraph.engine import END, Graph, Node, Registry


class Call(Node):
    async def exec(self) -> None:
        await asyncio.sleep(0.1)


registry = Registry()
registry.add(Graph("call", Call() >> END))
"""


def measured(server: str, broker: str, workers: int, turns: int, kind: Kind) -> dict[str, float]:
    """Seconds for so many records over so many workers, once all of them are up, and their CPU seconds."""
    import psycopg

    name, queue = f"turngraph_bench_{uuid.uuid4().hex}", f"turngraph-bench-{uuid.uuid4().hex}"
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type, unused-ignore]
        started: list[subprocess.Popen[bytes]] = []
        try:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "calling.py").write_text(APP)
                turngraph = [sys.executable, "-P", "-m", "turngraph"]
                common = ["--app", "calling", "--broker", broker, "--queue", queue, "--db", url]
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
                if kind == "calls":
                    batch += ["--workflow", "call"]
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
    parser.add_argument("--turns", type=int, default=1_000, help="how many turns of conversations")
    parser.add_argument("--calls", type=int, default=4_000, help="how many calls of 100 ms")
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes every measurement there too")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    print(
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before; a chunk of 10 at a time for each worker"
    )
    print("| work | workers | records a second | speed-up | CPU ms a record |\n|---|---:|---:|---:|---:|")
    kinds: tuple[tuple[Kind, int], ...] = (("calls", given.calls), ("turns", given.turns))
    for kind, count in kinds:
        for workers in WORKERS if count else ():
            found[f"{kind} {workers}"] = one = measured(given.db, given.broker, workers, count, kind)
            speed = found[f"{kind} {WORKERS[0]}"]["wall"] / one["wall"]
            cpu = one["cpu"] / count * 1e3
            print(
                f"| {kind} | {workers} | {count / one['wall']:,.0f} | {speed:.2f} | {cpu:.2f} |", flush=True
            )
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
