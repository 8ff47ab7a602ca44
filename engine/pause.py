"""Waiting for a person: what `post` returns to wait, and what may be given as the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_origin

from .errors import Fault

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from .node import Node


@dataclass(frozen=True, slots=True)
class Pause:
    """What `post` returns to wait for the value that its class declares under this name in `pauses`."""

    name: str


def answer_type(kind: Any) -> TypeAdapter[Any]:
    """What validates an answer of that type; TypeError if it is no type that can be validated."""
    from pydantic import PydanticUserError, TypeAdapter

    alias = hasattr(kind, "__value__") or hasattr(kind, "__supertype__")
    if not (isinstance(kind, type) or get_origin(kind) is not None or alias or kind is Any):
        raise TypeError(f"{kind!r} is no type")
    try:
        return TypeAdapter(kind)
    except PydanticUserError:
        raise TypeError(f"{kind!r} is a type that pydantic cannot validate") from None


def pauses_of(cls: type[Node], faults: list[Fault]) -> dict[str, Any]:
    """The pauses that a class declares, with the type of each one's answer; notes those that cannot be."""
    mend = 'pauses = {"approval": Approval}, where Approval is a pydantic model or another type'
    given: object = cls.pauses
    if not isinstance(given, Mapping):
        faults.append(Fault(f"{cls.__name__}.pauses is {given!r}", mend))
        return {}
    faults += [Fault(f"{cls.__name__}.pauses: {message}", mend) for message in _wrong(given)]
    return {name: kind for name, kind in given.items() if isinstance(name, str) and name}


def _wrong(given: Mapping[Any, Any]) -> Iterator[str]:
    for name, kind in given.items():
        if not isinstance(name, str) or not name:
            yield f"the name {name!r} is not a text, or empty"
            continue
        try:
            answer_type(kind)
        except TypeError as error:
            yield f"{name!r}: {error}"
