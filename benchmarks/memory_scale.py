"""What do adding and searching cost as a memory grows?

python benchmarks/memory_scale.py [--sizes 1000x1 10000x1 1000x100 100000x1] [--peers] [--postgresql] [--seconds N] [--json PATH]

The texts are LoCoMo's turns, over and over with a number, and the vectors MiniLM's, a little moved; embedding is not
timed. Each system is a process of its own and is used through its own API; one that is too slow is stopped and named.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import dialogues
import memory_jobs
import numpy as np
import setup_peers
from embeddings import Cached
from peers import MEMORY_PEERS, OURS_MEMORY, OURS_MEMORY_POSTGRESQL

from turngraph.services import embedder_named

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
SIZES: Final = ("1000x1", "10000x1", "1000x100", "100000x1")
SINGLY: Final = 200
SEARCHES: Final = 200
LIMIT: Final = 10
HEADS: Final = (
    "", "add p50 / p95 ms", "CPU", "50 callers, ms an add", "search p50 / p95 ms", "CPU", "first search ms", "bytes a memory", "leaks", "short", "load",
)  # fmt: skip


def job(
    told: list[dialogues.Dialogue], each: int, users: int, seconds: float, searches: int
) -> dict[str, Any]:
    """What is stored and asked, the same every time."""
    embedder, chance = Cached(embedder_named("minilm")), np.random.default_rng(7)
    said = [f"{turn.speaker}: {turn.text}" for one in told for turn in one.turns]
    base, count = embedder.embed(said), each * users
    place = np.arange(count) % len(said)
    vectors = base[place].astype(np.float32)
    moved = np.arange(count) >= len(said)
    vectors[moved] += chance.normal(0, 0.6 / vectors.shape[1] ** 0.5, (int(moved.sum()), vectors.shape[1]))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    questions = [question.text for one in told for question in one.questions]
    asked = chance.choice(len(questions), searches, replace=searches > len(questions))
    return {
        "texts": [f"{said[p]} (memo {number})" for number, p in enumerate(place)], "vectors": vectors,
        "users": [f"user{number % users}" for number in range(count)],
        "queries": [questions[i] for i in asked], "query_vectors": embedder.embed(questions)[asked].astype(np.float32),
        "askers": [f"user{int(user)}" for user in chance.integers(0, min(users, 20), searches)],
        "limit": LIMIT, "seconds": seconds, "singly": SINGLY, "keep": False,
    }  # fmt: skip


def line(name: str, found: dict[str, Any]) -> str:
    """One system's figures as a line of a table."""
    if "stopped" in found:
        return f"| {name} | not measured: {found['stopped']} |"
    add, search = (f"{found[key]['p50']:.2f} / {found[key]['p95']:.2f}" for key in ("add", "search"))
    cells = [
        name, add, f"{found['add_cpu']:.2f}", f"{found['together']:.2f}", search, f"{found['search_cpu']:.2f}", f"{found['first']:.0f}",
        f"{found['bytes']:,}" if found["durable"] else "memory only", found["leaks"], found["short"], found["load"],
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Measures each size; does nothing where the data are not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="EACHxUSERS")
    parser.add_argument("--peers", action="store_true", help="installs peers and measures them too")
    parser.add_argument(
        "--postgresql", action="store_true", help="measures ours on this machine's PostgreSQL too"
    )
    parser.add_argument("--searches", type=int, default=SEARCHES, help="how many questions are asked")
    parser.add_argument(
        "--seconds",
        type=float,
        default=120,
        help="how long a system may search at most; for storing five times that",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="writes the figures there too")
    given = parser.parse_args()
    if not DATA.is_file():
        print(f"nothing measured: {DATA} is not here; it is no part of turngraph")
        return
    told, shown = dialogues.read(DATA), dict[str, Any]()
    if given.peers:
        setup_peers.install_missing(MEMORY_PEERS)
    for size in given.sizes:
        each, users = map(int, size.split("x"))
        print(f"\n{users} x {each:,} memories\n\n| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|", flush=True)
        work = job(told, each, users, given.seconds, given.searches)
        theirs = [OURS_MEMORY_POSTGRESQL] if given.postgresql else []
        for engine in (OURS_MEMORY, *theirs, *(MEMORY_PEERS if given.peers else ())):
            name = f"{engine.name} {engine.version}".strip()
            shown.setdefault(size, {})[name] = found = memory_jobs.run(engine, work)
            print(line(name, found), flush=True)
    if given.json is not None:
        given.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
