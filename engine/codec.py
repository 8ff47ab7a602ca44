"""State as text and back: JSON, and a tag where JSON has no word for a value.

Loading gives equal values of equal types, or an error. A stored type name is looked up among the registered
types, never imported. Text is stored with ASCII escapes, so that even half a character survives.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, get_args

from .errors import RunError

TAG: Final = "$t"
dumps: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class NotStorable(RunError):
    """A value of the state cannot be stored."""


class Codec:
    """Encodes values of the JSON types, the common ones beyond them, and the registered types."""

    def __init__(self, types: Iterable[type] = ()) -> None:
        self._types: dict[str, type] = {}
        self._walked: set[type] = set()
        for kind in types:
            self.register(kind)

    def register(self, kind: Any) -> None:
        """Adds a pydantic model, a dataclass or an Enum, and the ones its fields name."""
        for part in get_args(kind):
            self.register(part)
        if not isinstance(kind, type) or kind in self._walked:
            return
        if _is_model(kind) or is_dataclass(kind) or issubclass(kind, Enum):
            self._walked.add(kind)
            self._types[type_name(kind)] = kind
            for inner in () if issubclass(kind, Enum) else _field_types(kind):
                self.register(inner)

    def encode(self, value: Any, where: str = "the value") -> str:
        """The value as text; NotStorable names where it stands."""
        return dumps(self._plain(value, where))

    def decode(self, text: str) -> Any:
        """The value of a text that `encode` made."""
        return self._value(json.loads(text))

    def _plain(self, value: Any, where: str) -> Any:
        kind = type(value)
        if kind in (str, bool, int, type(None)):
            return value
        if kind is float:
            return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}
        if kind is list:
            return [self._plain(item, where) for item in value]
        if kind is dict:
            return self._mapping(value, where)
        if kind in (tuple, set, frozenset):
            items = [self._plain(item, where) for item in value]
            # A set has no order of its own: equal ones must have equal texts.
            ordered = (
                items if kind is tuple else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
            )
            return {TAG: kind.__name__, "v": ordered}
        if kind in _SIMPLE:
            return {TAG: _SIMPLE[kind][0], "v": _SIMPLE[kind][1](value)}
        return self._registered(kind, value, where)

    def _mapping(self, value: dict[Any, Any], where: str) -> Any:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: self._plain(item, where) for key, item in value.items()}
        return {TAG: "dict", "v": [[self._plain(k, where), self._plain(v, where)] for k, v in value.items()]}

    def _registered(self, kind: type, value: Any, where: str) -> Any:
        name = type_name(kind)
        if self._types.get(name) is not kind:
            raise NotStorable(
                f"{where} holds a {name}, which cannot be stored. Keep JSON values, or a pydantic model, dataclass "
                f"or Enum that a graph's inputs=, a node's Inputs or Outputs, or registry.type(...) names"
            )
        if issubclass(kind, Enum):
            return {TAG: "enum", "n": name, "v": value.name}
        if _is_model(kind):
            extra = value.__pydantic_extra__ or {}
            found = {TAG: "model", "n": name, "v": self._mapping(value.__dict__, where)}
            return found | ({"x": self._mapping(extra, where)} if extra else {})
        inside = {field.name: getattr(value, field.name) for field in fields(value)}
        return {TAG: "dataclass", "n": name, "v": self._mapping(inside, where)}

    def _value(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return [self._value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        if TAG not in plain:
            return {key: self._value(item) for key, item in plain.items()}
        tag, inside = plain[TAG], plain["v"]
        if tag in _RESTORE:
            return _RESTORE[tag](inside)
        if tag in _COLLECTIONS:
            return _COLLECTIONS[tag](self._value(item) for item in inside)
        if tag == "dict":
            return {self._value(key): self._value(item) for key, item in inside}
        return self._restore(tag, plain)

    def _restore(self, tag: str, plain: Mapping[str, Any]) -> Any:
        kind: Any = self._types.get(plain.get("n", ""))
        if kind is None:
            raise NotStorable(
                f"a stored value is a {plain.get('n', tag)}, which is not registered here; register it under that "
                f"name with registry.type(...), or give a migration of the state"
            )
        if tag == "enum":
            return kind[plain["v"]]
        values = self._value(plain["v"])
        if tag == "model":
            made = kind.model_construct(None, **values)
            if "x" in plain:
                object.__setattr__(made, "__pydantic_extra__", self._value(plain["x"]))
            return made
        made = object.__new__(kind)
        for key, value in values.items():
            object.__setattr__(made, key, value)
        return made


def type_name(kind: type) -> str:
    """The name a type is stored under."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_model(kind: type) -> bool:
    return hasattr(kind, "__pydantic_validator__") and hasattr(kind, "model_construct")


def _field_types(kind: Any) -> list[Any]:
    if _is_model(kind):
        return [info.annotation for info in kind.model_fields.values()]
    from typing import get_type_hints

    try:
        return list(get_type_hints(kind).values())
    except NameError:
        return []


# Exact type, its tag, and how it becomes text.
_SIMPLE: Final[Mapping[type, tuple[str, Callable[[Any], Any]]]] = {
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
    bytearray: ("bytearray", lambda value: base64.b64encode(value).decode()),
    datetime: ("datetime", lambda value: [value.isoformat(), value.fold]),
    date: ("date", date.isoformat),
    time: ("time", lambda value: [value.isoformat(), value.fold]),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
    complex: ("complex", repr),
}
_RESTORE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "float": float,
    "bytes": base64.b64decode,
    "bytearray": lambda value: bytearray(base64.b64decode(value)),
    "datetime": lambda value: datetime.fromisoformat(value[0]).replace(fold=value[1]),
    "date": date.fromisoformat,
    "time": lambda value: time.fromisoformat(value[0]).replace(fold=value[1]),
    "timedelta": lambda value: timedelta(*value),
    "decimal": Decimal,
    "complex": complex,
}
_COLLECTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
