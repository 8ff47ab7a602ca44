"""Whether a value of one type can ever be read as another; in doubt it can."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

# What pydantic makes of a text when it is asked to.
FROM_TEXT: Final = (Enum, date, datetime, time, timedelta, Decimal, PurePath, UUID, bytes)
NUMBERS: Final = (int, float, Decimal, bool)


def can_fit(written: Any, read: Any) -> bool:
    """False only where no value of `written` could be read as `read`."""
    return any(_pair(w, r) for w in _members(written) for r in _members(read))


def type_name(annotation: Any) -> str:
    """The type as a person would write it."""
    return (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation).replace("typing.", "")
    )


def _members(annotation: Any) -> list[Any]:
    if hasattr(annotation, "__value__"):
        return _members(annotation.__value__)
    if hasattr(annotation, "__supertype__"):
        return _members(annotation.__supertype__)
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    if origin is Literal:
        return [type(value) for value in get_args(annotation)]
    return [type(None) if annotation is None else annotation]


def _pair(written: Any, read: Any) -> bool:
    if Any in (written, read) or isinstance(written, (TypeVar, str)) or isinstance(read, (TypeVar, str)):
        return True
    w, r = get_origin(written) or written, get_origin(read) or read
    if not isinstance(w, type) or not isinstance(r, type) or object in (w, r):
        return True
    if r is type(None) or w is type(None):
        return w is r
    if getattr(w, "_is_protocol", False) or getattr(r, "_is_protocol", False):
        return True
    if issubclass(w, r) or issubclass(r, w):
        return _arguments(written, read)
    if issubclass(w, NUMBERS) and issubclass(r, NUMBERS):
        return True
    if issubclass(w, str):
        return issubclass(r, FROM_TEXT)
    if issubclass(w, Mapping) or issubclass(r, Mapping) or hasattr(r, "__pydantic_validator__"):
        # A mapping can be read as a model or a dataclass; a model as neither list nor number.
        return not issubclass(w, (str, *NUMBERS, list, tuple, set, frozenset)) and not issubclass(
            r, (str, *NUMBERS, list, tuple, set, frozenset)
        )
    return issubclass(w, Iterable) and issubclass(r, Iterable) and not issubclass(r, str)


def _arguments(written: Any, read: Any) -> bool:
    ours, theirs = get_args(written), get_args(read)
    if not ours or not theirs or len(ours) != len(theirs) or Ellipsis in (*ours, *theirs):
        return True
    return all(can_fit(w, r) for w, r in zip(ours, theirs, strict=True))
