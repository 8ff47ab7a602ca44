"""A run that waits for a person: what it waits for, and how the walk is left meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a run waits for: the name of the pause, and the path of the step that asked for it."""

    name: str
    path: str


class Waits(BaseException):
    """Leaves the walk of a way that cannot go on before a person has answered; it is no error, and never seen outside.

    Not an Exception, so that nothing that handles errors takes it for one.
    """

    def __init__(self, waits: tuple[Wait, ...], state: dict[str, Any]) -> None:
        super().__init__(waits)
        self.waits = waits
        self.state = state


def together(held: Iterable[Waits], state: dict[str, Any]) -> Waits:
    """Several ways that wait, as one."""
    return Waits(tuple(wait for one in held for wait in one.waits), state)
