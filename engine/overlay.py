"""The state as `post` sees it when the store may call it twice: nothing it does reaches what was committed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Final

IMMUTABLE: Final = (str, int, float, bool, bytes, type(None), tuple, frozenset)


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
        if type(value) not in IMMUTABLE:
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

    def changes(self) -> tuple[dict[str, Any], set[str]]:
        """What was assigned, or read and may have been changed in place, and what was deleted."""
        return self._own, {key for key in self._gone if key in self._base and key not in self._own}

    def merged(self) -> dict[str, Any]:
        """The state after the step."""
        return {key: value for key, value in self._base.items() if key not in self._gone} | self._own
