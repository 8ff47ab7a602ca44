"""Whose rows a query may see."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine import ValidationError

LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """One user of one tenant; every repository function takes one, and sees nothing beyond it."""

    tenant: str
    user: str

    def __post_init__(self) -> None:
        for role, value in (("tenant", self.tenant), ("user", self.user)):
            check_id(role, value)


def check_id(role: str, value: object) -> str:
    """The id, if it is a text that can be stored: not empty, not over-long, no NUL, no lone surrogate."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"{role}: expected a text that is not empty, found {value!r}", [role])
    if len(value) > LONGEST_ID:
        raise ValidationError(f"{role}: expected at most {LONGEST_ID} characters, found {len(value)}", [role])
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError(f"{role}: has a NUL or half a character in it; send it as UTF-8 text", [role])
    return value
