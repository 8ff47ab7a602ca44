"""Does everything that was promised hold when the process is killed: at every boundary, and at any moment?"""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .forkserver import ForkServer
from .invariants import nothing
from .script import Script, script


class Killing:
    """Kills a serving child in many ways, recovers, and collects what was found."""

    def __init__(self, server: ForkServer, url: str, folder: Path) -> None:
        self.server, self.url, self.folder = server, url, folder
        self.kills, self.recovered = 0, 0
        self.boundaries: set[str] = set()
        self._started = time.monotonic()

    def at(self, number: int, said: Script) -> bool:
        """Kills at a boundary; False if it was never reached. Either way all must hold afterwards."""
        given = self._given(said)
        child = self.server.start("serve", **given, at=number)
        killed = child.killed()
        self.kills += killed
        if killed:
            self.boundaries.add((Path(given["notes"]) / "boundary").read_text().strip())
        else:
            result = child.result()
            assert result["errors"] == [[], []], result
        self._after(given, f"killed at boundary {number}: {sorted(self.boundaries)}")
        return killed

    def clean(self, said: Script) -> float:
        """How long it takes when nobody is killed, in seconds."""
        return float(self.server.run("serve", **self._given(said))["seconds"])

    def moment(self, seconds: float, again: float | None, said: Script) -> None:
        """Kills after so many seconds, and where asked the recovery too."""
        given = self._given(said)
        self._late("serve", seconds, given)
        if again is not None:
            self._late("recover", again, given)
        self._after(given, f"killed after {seconds:.4f} s, and its recovery after {again} s")

    def rate(self) -> str:
        """How it went, for people."""
        taken = time.monotonic() - self._started
        return f"{self.kills} kills, {self.kills / taken:.1f} a second, {self.recovered} runs recovered, nothing found"

    def _given(self, said: Script) -> dict[str, Any]:
        return {"url": self.url, "notes": str(self.folder / next(iter(said))), "script": said}

    def _late(self, task: str, seconds: float, given: dict[str, Any]) -> None:
        child = self.server.start(task, **given)
        time.sleep(seconds)
        child.send(signal.SIGKILL)
        self.kills += child.killed()
        child.forget()

    def _after(self, given: dict[str, Any], what: str) -> None:
        result = self.server.run("recover", **given)
        nothing(result["found"], what)
        self.recovered += result["recovered"]
        shutil.rmtree(given["notes"])


@pytest.fixture
def killing(server: ForkServer, url: str, tmp_path: Path) -> Iterator[Killing]:
    yield Killing(server, url, tmp_path)


def numbers(killing: Killing, every: int, users: int, turns: int) -> int:
    """Kills at every so-manieth boundary until one is never reached; gives how many there are."""
    for number in itertools.count(1, every):
        if not killing.at(number, script(users, turns)):
            return number
    raise AssertionError


def test_killed_at_every_boundary_of_a_turn(
    killing: Killing, url: str, full: bool, tell: Callable[[str], None], steps: set[str]
):
    """One turn; on PostgreSQL the quick form takes a sample."""
    every = 1 if full else 2 if url.startswith("sqlite") else 9
    count = numbers(killing, every, 1, 1)
    if every == 1:
        assert steps <= killing.boundaries, sorted(steps - killing.boundaries)
    tell(f"{count} boundaries, {len(killing.boundaries)} of them different; {killing.rate()}")


def test_killed_at_every_boundary_of_turns_at_once(killing: Killing, full: bool, tell: Callable[[str], None]):
    """Two users with two turns each, so that kills land in groups."""
    tell(f"{numbers(killing, 1 if full else 60, 2, 2)} boundaries; {killing.rate()}")


@pytest.mark.parametrize("part", range(5))
def test_killed_at_any_moment(killing: Killing, full: bool, part: int, tell: Callable[[str], None]):
    """Five times 100 random moments, the quick form five times 4; each third recovery is killed as well."""
    clock = random.Random(part)
    turns = 3 if full else 1
    taken = killing.clean(script(2, turns))
    for number in range(100 if full else 4):
        again = clock.uniform(0, taken / 2) if number % 3 == 0 else None
        killing.moment(clock.uniform(0.01, taken), again, script(2, turns))
    tell(killing.rate())


@pytest.fixture
def steps() -> set[str]:
    """The boundaries that a turn of the conversation crosses: of every phase of every step, and of every COMMIT."""
    from turngraph.workflows import create_conversation_workflow

    aside = {"context_compression"}  # only where a context is over its budget
    nodes = create_conversation_workflow().nodes.values()
    crossed = {
        f"{node.name}.{phase}"
        for node in nodes
        for phase in ("prep", "exec", "post", "stored")
        if node.name not in aside and (phase == "stored" or hasattr(node, phase))
    }
    return {f"{where} {when}" for where in {*crossed, "begin", "COMMIT"} for when in ("before", "after")}
