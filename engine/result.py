"""What a run returns: the final state, and how the run ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from .waiting import Wait

Status: TypeAlias = Literal["done", "waiting"]


class Result(Mapping[str, Any]):
    """A read-only mapping of the final state, with the run's id, last action and status.

    A run that is `waiting` has no action yet, and `waits` tells what for.
    """

    __slots__ = ("_state", "action", "run_id", "status", "waits")

    def __init__(
        self,
        state: Mapping[str, Any],
        run_id: str,
        action: str,
        status: Status = "done",
        waits: tuple[Wait, ...] = (),
    ) -> None:
        self._state = state
        self.run_id = run_id
        self.action = action
        self.status = status
        self.waits = waits

    def __getitem__(self, key: str) -> Any:
        try:
            return self._state[key]
        except KeyError:
            raise KeyError(f"{key!r} is not in the final state, which has {sorted(self._state)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._state)

    def __len__(self) -> int:
        return len(self._state)

    def __repr__(self) -> str:
        return f"Result(run_id={self.run_id!r}, action={self.action!r}, status={self.status!r}, {dict(self._state)!r})"
