"""The work every engine does: nodes that count over a state of about 300 bytes, runs that wait, items that sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

CHAIN: Final = 7
LOOP: Final = 10_000
WAITING: Final = 3  # nodes of a run in flight; the second one waits
TEXT: Final = "Could you tell me when my order will arrive? " * 5

Run: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
"""One run of a graph that was built beforehand; gives the final state."""


def fresh() -> dict[str, Any]:
    """The state a run starts from."""
    return {"conversation": "c-000123", "turn": 4, "text": TEXT, "i": 0}


Kind: TypeAlias = Literal["small", "large", "core", "orm"]
"""A durable run: with the state of 300 bytes or of 5 kB, with a row written in each step by Core or by the ORM."""


def given(kind: Kind) -> dict[str, Any]:
    """The state a durable run of that kind starts from."""
    if kind != "large":
        return fresh()
    turns = [{"role": "user", "content": TEXT[:150]} for _ in range(20)]
    return fresh() | {"turns": turns, "hits": [{"score": 0.5, "content": TEXT[:90]} for _ in range(10)]}


def check(state: Mapping[str, Any], count: int) -> None:
    """Stops a measurement whose run did not count as far as it should have, or lost what it carried."""
    if state["i"] != count or state["text"] != TEXT or state["turn"] != 4:
        raise SystemExit(f"the run ended with {dict(state)!r}, expected i == {count}")


class Gate:
    """Opens when all runs have come to it; each then sleeps for a moment more."""

    def __init__(self, runs: int, seconds: float = 0.5) -> None:
        self._missing, self._seconds = runs, seconds
        self._open = asyncio.Event()

    async def __call__(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._open.set()
        await self._open.wait()
        await asyncio.sleep(self._seconds)


@dataclass(frozen=True)
class Fan:
    """A map: so many items, each of which sleeps, so many at a time."""

    items: int = 1_000
    limit: int = 100
    seconds: float = 0.010
    marks: Path | None = None  # a file that is told of each item's beginning and end

    @property
    def ideal(self) -> float:
        """The seconds it takes where nothing but sleep costs time."""
        return self.items * self.seconds / self.limit

    async def item(self, x: int) -> int:
        """What is done for each item."""
        self._mark("begun", x)
        await asyncio.sleep(self.seconds)
        self._mark("ended", x)
        return x + 1

    def check(self, results: list[int]) -> None:
        """Stops a measurement whose results are not each item's own, in order."""
        if results != [x + 1 for x in range(self.items)]:
            raise SystemExit(f"the map gave {len(results)} results, expected {self.items} in order")

    def _mark(self, what: str, x: int) -> None:
        if self.marks is not None:
            with self.marks.open("a", encoding="utf-8") as file:
                file.write(f"{what} {x}\n")
