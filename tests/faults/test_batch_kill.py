"""Has each record of a batch exactly one outcome, and is none done again that was finished, when it is killed?"""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from .forkserver import ForkServer

COUNT = 400


def test_a_batch_that_is_killed_at_any_moment_ends_whole(
    server: ForkServer, url: str, tmp_path: Path, full: bool, tell: Callable[[str], None]
):
    """Fifty kills, six in the quick form; each batch is killed until it has been through."""
    clock, kills, batches = random.Random(4), 0, 0
    started = time.monotonic()
    server.run("batch", url=url, notes=str(tmp_path / "clean"), count=COUNT, name="clean")
    taken = time.monotonic() - started
    while kills < (50 if full else 6):
        batches += 1
        kills += killed_until_done(server, url, tmp_path / f"notes{batches}", f"b{batches}", clock, taken)
    tell(
        f"{kills} kills of {batches} batches of {COUNT} records; each has one outcome, and none was done again"
    )


def killed_until_done(
    server: ForkServer, url: str, notes: Path, name: str, clock: random.Random, taken: float
) -> int:
    kills, finished = 0, 0
    given = {"url": url, "notes": str(notes), "count": COUNT, "name": name}
    while True:
        before = {line: outcome for line, outcome, _ in server.run("batch_outcomes", url=url, name=name)}
        assert len(before) >= finished
        finished = len(before)
        notes.write_text("")
        child = server.start("batch", **given)
        if kills < 5:
            time.sleep(clock.uniform(0.02, taken))
            child.send(signal.SIGKILL)
        killed = child.killed()
        begun = [int(n) for n in notes.read_text().splitlines()]
        again = [n for n in begun if n + 1 in before]
        assert again == [], f"finished before, and done again: {again}"
        assert len(begun) == len(set(begun))
        if not killed:
            break
        kills += 1
        child.forget()
    rows = server.run("batch_outcomes", url=url, name=name)
    assert sorted(line for line, _, _ in rows) == list(range(1, COUNT + 1))
    for line, outcome, result in rows:
        if (line - 1) % 100:
            assert (outcome, json.loads(result)) == ("done", {"twice": 2 * (line - 1)})
        else:
            assert (outcome, result) == ("failed", None)
    assert child.result()["already"] == finished
    return kills
