"""The work every engine does: nodes that count, over a state of about 300 bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

CHAIN: Final = 7
LOOP: Final = 10_000
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
