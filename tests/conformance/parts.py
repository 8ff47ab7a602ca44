"""Which nodes do the rows of all topics share?"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node

from .row import note


class Number(BaseModel):
    n: int


class Say(Node):
    """Notes that it ran."""

    def exec(self) -> None:
        note(self.name)


class Put(Node):
    """Writes a value under a key."""

    def __init__(self, key: str, value: Any, *, name: str | None = None) -> None:
        super().__init__(name=name or f"put_{key}")
        self.key, self.value = key, value

    def exec(self) -> None:
        note(self.name)

    def post(self, state: Any) -> None:
        state[self.key] = self.value


class Add(Node):
    """Adds to the number."""

    def __init__(self, amount: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.amount = amount

    def exec(self) -> None:
        note(self.name)

    def post(self, state: Any) -> None:
        state["n"] += self.amount


class Times(Node):
    """Multiplies the number."""

    def __init__(self, factor: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.factor = factor

    async def exec(self) -> None:
        note(self.name)

    async def post(self, state: Any) -> None:
        state["n"] *= self.factor


class Sign(Node):
    """Says whether the number is negative."""

    def post(self, state: Any) -> Literal["positive", "negative"]:
        note(self.name)
        return "negative" if state["n"] < 0 else "positive"


class Until(Node):
    """Goes on until the number has reached a limit."""

    def __init__(self, limit: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.limit = limit

    def post(self, state: Any) -> Literal["again"] | None:
        note(self.name)
        return "again" if state["n"] < self.limit else None


class Fail(Node):
    """Fails as often as it is tried."""

    async def exec(self) -> None:
        note(self.name)
        raise ValueError(f"{self.name} cannot")


class Nap(Node):
    """Ends after some turns of the event loop."""

    def __init__(self, turns: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.turns = turns

    async def exec(self) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        note(self.name)


def choose(value: Any, *actions: str, name: str = "choose") -> Node:
    """A node that declares these actions and returns that value."""

    def post(self: Any, state: Any) -> Any:
        note(self.name)
        return value

    cls = type("Choose", (Node,), {"actions": actions or ("default",), "post": post})
    made: Node = cls(name=name)
    return made


def say(*names: str) -> list[Say]:
    """A node of each name that notes that it ran."""
    return [Say(name=name) for name in names]


def one(node: Node, **options: Any) -> Graph:
    """The graph of one node."""
    return Graph("one", node >> END, **options)
