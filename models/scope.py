"""Whose rows a query may see, and which ids and values a row may hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ..engine import ValidationError

LONGEST_ID: Final = 200
DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Scope:
    """One user of one tenant; every repository function takes one, and sees nothing beyond it."""

    tenant: str
    user: str

    def __post_init__(self) -> None:
        for role, value in (("tenant", self.tenant), ("user", self.user)):
            check_id(role, value)

    @property
    def mine(self) -> dict[str, str]:
        """The scope as the parameters of a statement that was made once."""
        return {"tenant": self.tenant, "user": self.user}


def check_id(role: str, value: object) -> str:
    """The id, if it is a text that can be stored: not empty, not over-long, no NUL, no lone surrogate."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"{role}: expected a text that is not empty, found {value!r}", [role])
    if len(value) > LONGEST_ID:
        raise ValidationError(f"{role}: expected at most {LONGEST_ID} characters, found {len(value)}", [role])
    return check_text(role, value)


def check_text(name: str, value: str) -> str:
    """The text, if it can be stored: no NUL, no lone surrogate."""
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError(f"{name}: has a NUL or half a character in it; send it as UTF-8 text", [name])
    return value


def check_limit(limit: int) -> int:
    """The number of rows that are wanted at most, if it is one; SQLite takes a negative one for all of them."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValidationError(f"limit: expected a whole number, zero or more; found {limit!r}", ["limit"])
    return limit


def check_json(value: object, name: str = "metadata", depth: int = 0) -> None:
    """Makes sure that a value is JSON as every database takes it: no NaN, no infinity, at most 20 deep."""
    if isinstance(value, dict) and depth < DEEPEST:
        for key, inner in value.items():
            check_json(key, name, depth + 1)
            check_json(inner, name, depth + 1)
    elif isinstance(value, list | tuple) and depth < DEEPEST:
        for inner in value:
            check_json(inner, name, depth + 1)
    elif isinstance(value, str):
        check_text(name, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValidationError(f"{name}: expected JSON values, and {value!r} is none", [name])
    elif not (value is None or isinstance(value, bool | int | float)) or depth >= DEEPEST:
        raise ValidationError(f"{name}: expected JSON values, found a {type(value).__name__}", [name])
