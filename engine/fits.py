"""Whether a value of one type can ever be read as another; in doubt it can.

What pydantic makes of a value when it is asked to counts: a text is read as a date, a list as a tuple, a mapping
as a model. The one thing it would do that is not counted is to read a number out of a text: a node that writes
texts may write any.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

NUMBERS: Final = (int, float, Decimal)
TEXTS: Final = (str, bytes, bytearray)
SERIES: Final = (list, tuple, set, frozenset, deque)
# By what is read, what may have been written; the first row that fits decides.
READ_FROM: Final[tuple[tuple[tuple[type, ...], tuple[type, ...]], ...]] = (
    ((str,), TEXTS),
    ((bytes, bytearray), TEXTS),
    (NUMBERS, NUMBERS),
    ((complex,), (*NUMBERS, complex)),
    ((date,), (date, *NUMBERS, *TEXTS)),
    ((time,), (time, *NUMBERS, *TEXTS)),
    ((timedelta,), (timedelta, *NUMBERS, *TEXTS)),
    ((UUID,), TEXTS),
    ((PurePath,), (str,)),
)
TRANSFORMS: Final = ("before", "wrap", "plain")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are read as `item`; unlike list[item] it is not made of a set."""

    item: Any

    def __str__(self) -> str:
        return f"list[{type_name(self.item)}]"


@dataclass(frozen=True, slots=True)
class _Exactly:
    """One value of a Literal."""

    value: Any


def accepts(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model with what they are read as: Any where a validator may take anything."""
    found: dict[str, Any] = {}
    if model is None:
        return found
    decorators = model.__pydantic_decorators__
    whole = any(each.info.mode in TRANSFORMS for each in decorators.model_validators.values())
    own = [each.info for each in decorators.field_validators.values() if each.info.mode in TRANSFORMS]
    loose = {name for info in own for name in info.fields}
    for name, field in model.model_fields.items():
        free = whole or name in loose or "*" in loose or any(map(_transforms, field.metadata))
        free = free or (model.model_config.get("coerce_numbers_to_str") and can_fit(str, field.annotation))
        found[name] = Any if free else field.annotation
    return found


def _transforms(metadata: Any) -> bool:
    """Whether it may take a value of another type than it gives."""
    return hasattr(metadata, "__get_pydantic_core_schema__") and type(metadata).__name__ != "AfterValidator"


def can_fit(written: Any, read: Any) -> bool:
    """False only where no value of `written` could be read as `read`."""
    if isinstance(read, ListOf):
        return any(_lists(member, read.item) for member in _members(written))
    return any(_pair(w, r) for w in _members(written) for r in _members(read))


def type_name(annotation: Any) -> str:
    """The type as a person would write it."""
    if annotation is type(None) or annotation is None:
        return "None"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    origin = get_origin(annotation)
    if get_args(annotation) and isinstance(origin, type):
        inside = ["..." if part is Ellipsis else type_name(part) for part in get_args(annotation)]
        if origin is types.UnionType:
            return " | ".join(inside)
        return f"{origin.__name__}[{', '.join(inside)}]"
    return str(annotation).replace("typing.", "")


def _members(annotation: Any) -> list[Any]:
    if hasattr(annotation, "__value__"):
        return _members(annotation.__value__)
    if hasattr(annotation, "__supertype__"):
        return _members(annotation.__supertype__)
    origin = get_origin(annotation)
    if origin is Annotated:
        kind, *metadata = get_args(annotation)
        return [Any] if any(map(_transforms, metadata)) else _members(kind)
    if origin in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    if origin is Literal:
        return [_Exactly(value) for value in get_args(annotation)]
    if hasattr(origin or annotation, "__required_keys__"):  # a TypedDict, whoever's
        return [dict]
    return [type(None) if annotation is None else annotation]


def _pair(written: Any, read: Any) -> bool:
    if isinstance(written, _Exactly) and isinstance(read, _Exactly) and not isinstance(read.value, Enum):
        return bool(written.value == read.value)
    written, read = (type(one.value) if isinstance(one, _Exactly) else one for one in (written, read))
    w, r = get_origin(written) or written, get_origin(read) or read
    if Any in (w, r) or not isinstance(w, type) or not isinstance(r, type) or object in (w, r):
        return True
    if r is type(None) or w is type(None):
        return w is r
    if getattr(w, "_is_protocol", False) or getattr(r, "_is_protocol", False):
        return True
    if issubclass(w, r) or issubclass(r, w):
        return _arguments(written, read)
    if issubclass(r, Enum):
        return any(can_fit(written, type(member.value)) for member in r)
    if issubclass(w, Enum):
        return issubclass(r, str) or any(can_fit(type(member.value), read) for member in w)
    for these, sources in READ_FROM:
        if issubclass(r, these):
            return issubclass(w, sources)
    if hasattr(r, "model_fields"):
        return _as_model(written, w, r)
    if hasattr(r, "_fields"):  # a NamedTuple
        return issubclass(w, (Mapping, *SERIES))
    if issubclass(r, SERIES):
        return issubclass(w, Iterable) and not issubclass(w, (*TEXTS, Mapping)) and _items_fit(written, read)
    if issubclass(r, Mapping) or is_dataclass(r):
        return issubclass(w, Mapping) and _arguments(written, read)
    return _validates(r)


def _as_model(written: Any, w: type, r: Any) -> bool:
    if getattr(r, "__pydantic_root_model__", False):
        return can_fit(written, r.model_fields["root"].annotation)
    before = (each.info.mode in TRANSFORMS for each in r.__pydantic_decorators__.model_validators.values())
    return issubclass(w, Mapping) or bool(r.model_config.get("from_attributes")) or any(before)


def _validates(kind: type) -> bool:
    """Whether pydantic may make one of other values; of a class that it does not know it takes only instances."""
    from pydantic import PydanticUserError, TypeAdapter

    try:
        TypeAdapter(kind)
    except PydanticUserError:
        return False
    return True


def _arguments(written: Any, read: Any) -> bool:
    ours, theirs = get_args(written), get_args(read)
    if not ours or not theirs:
        return True
    if issubclass(get_origin(read) or read, SERIES):
        return _items_fit(written, read)
    return len(ours) != len(theirs) or all(can_fit(w, r) for w, r in zip(ours, theirs, strict=True))


def _items_fit(written: Any, read: Any) -> bool:
    """Whether the items fit; that both may be empty is no reason to let them pass."""
    ours, theirs = get_args(written), get_args(read)
    fixed = [
        Ellipsis not in args and (get_origin(kind) is tuple)
        for kind, args in ((written, ours), (read, theirs))
    ]
    if all(fixed):
        return len(ours) == len(theirs) and all(can_fit(w, r) for w, r in zip(ours, theirs, strict=True))
    return all(any(can_fit(w, r) for r in _items(read)) for w in _items(written))


def _items(kind: Any) -> list[Any]:
    return [part for part in get_args(kind) if part is not Ellipsis] or [Any]


def _lists(written: Any, item: Any) -> bool:
    """Whether a value of that type may be a list or a tuple of such items."""
    w = get_origin(written) or written
    if w in (Any, object) or not isinstance(w, type) or getattr(w, "_is_protocol", False):
        return not isinstance(written, _Exactly)
    if not (issubclass(w, (list, tuple)) or issubclass(list, w)):
        return False
    return all(can_fit(part, item) for part in _items(written))
