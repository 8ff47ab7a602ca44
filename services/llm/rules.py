"""How are limits, budgets and prices written in a setting: "anthropic: requests=50 tokens=40000; *: concurrent=8"?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from ..errors import SettingError


@dataclass(slots=True)
class Rule:
    """One part of such a setting: a name, and what is said of it."""

    variable: str
    name: str
    said: dict[str, str] = field(default_factory=dict)

    def whole(self, key: str) -> int | None:
        """A whole number above zero, or None where it is not said."""
        amount = self.amount(key)
        if amount is None:
            return None
        if amount != int(amount) or amount < 1:
            raise self.wrong(key, "a whole number above zero")
        return int(amount)

    def amount(self, key: str) -> Decimal | None:
        """A number, zero or more, or None where it is not said."""
        if key not in self.said:
            return None
        try:
            found = Decimal(self.said[key].replace("_", ""))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or found < 0:
            raise self.wrong(key, "a number, zero or more")
        return found

    def wrong(self, key: str, expected: str) -> SettingError:
        """The error for what is said of a key."""
        return SettingError(
            f"{self.variable}, {self.name}: {key} must be {expected}; found {self.said[key]!r}."
        )


def rules(variable: str, text: str, keys: Sequence[str], example: str) -> Iterator[Rule]:
    """The parts of a setting, in order; SettingError for what cannot be read."""
    for part in text.replace("\n", ";").split(";"):
        if not part.strip():
            continue
        name, colon, rest = part.partition(": ")
        if not colon:
            raise SettingError(
                f"{variable}: expected parts such as {example!r}, separated by ;, and found {part.strip()!r}."
            )
        rule = Rule(variable, name.strip())
        for word in rest.split():
            key, equals, value = word.partition("=")
            if not equals or key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise SettingError(
                    f"{variable}, {rule.name}: expected {', '.join(f'{known}=' for known in keys)}; found {word!r}.{hint}"
                )
            rule.said[key] = value
        yield rule
