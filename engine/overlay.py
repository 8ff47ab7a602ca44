"""The state as `post` sees it when the store may call it twice, and copies of it for ways that run side by side:
nothing that one does reaches what was committed, or another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Final

IMMUTABLE: Final = (str, int, float, bool, bytes, type(None), frozenset)


def unchanging(value: Any) -> bool:
    """Whether nothing in a value can be changed in place."""
    return type(value) in IMMUTABLE or (type(value) is tuple and all(map(unchanging, value)))


def isolated(state: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which nothing is shared that one way could change under another."""
    return {key: value if unchanging(value) else deepcopy(value) for key, value in state.items()}


def written(before: dict[str, Any], start: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What a way wrote: what it assigned, and what it changed in place of its own copy."""
    return {
        key: value
        for key, value in after.items()
        if key not in start or start[key] is not value or (not unchanging(value) and value != before[key])
    }


class Overlay(MutableMapping[str, Any]):
    """A dictionary over a base: a mutable value is copied when it is first read, and the base stays as it was."""

    __slots__ = ("_base", "_gone", "_own")

    def __init__(self, base: Mapping[str, Any]) -> None:
        self._base = base
        self._own: dict[str, Any] = {}
        self._gone: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key in self._own:
            return self._own[key]
        if key in self._gone:
            raise KeyError(key)
        value = self._base[key]
        if not unchanging(value):
            value = self._own[key] = deepcopy(value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._own[key] = value
        self._gone.discard(key)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._own.pop(key, None)
        self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        return key in self._own or (key in self._base and key not in self._gone)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._base if key not in self._gone)
        yield from (key for key in self._own if key not in self._base or key in self._gone)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def copy(self) -> dict[str, Any]:
        """The state as a dict of its own."""
        return dict(self)

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self}

    def __ior__(self, other: Mapping[str, Any]) -> Overlay:
        self.update(other)
        return self

    def changes(self) -> tuple[dict[str, Any], set[str]]:
        """What was assigned, or read and may have been changed in place, and what was deleted."""
        return self._own, {key for key in self._gone if key in self._base and key not in self._own}

    def merged(self) -> dict[str, Any]:
        """The state after the step."""
        return {key: value for key, value in self._base.items() if key not in self._gone} | self._own
