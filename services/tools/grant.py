"""What does the user of this turn allow?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, JsonValue, ValidationError

from .asked import asked
from .toolbox import Tool


class Grant(BaseModel, frozen=True):
    """A permission given outside of words, by a button or an API, for one tool in one turn.

    `turn` is the id of the message it comes with: the message's own, or the one the client sends it under. What
    `arguments` names must be called with exactly that; the user must have said the rest.
    """

    tool: str
    turn: str = Field(min_length=1)
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowance:
    """This turn's user message, and the grants that came with it. Nothing else allows anything."""

    message: str
    grants: tuple[Grant, ...] = ()

    @classmethod
    def of(cls, message: str, grants: Iterable[Grant], turn: Collection[str | None]) -> Allowance:
        """What a message allows, with those grants that were given for this turn."""
        return cls(message, tuple(grant for grant in grants if grant.turn in turn))

    def asks_for(self, tool: Tool) -> int:
        """How often the user asks, in their own words, for what the tool does."""
        return asked(self.message, tool.asked)

    def fixed_by_grant(
        self, tool: Tool, arguments: BaseModel, used: Iterable[Mapping[str, JsonValue]]
    ) -> frozenset[str] | None:
        """The arguments fixed by a grant for this call; None without one. `used` are calls made by grants already."""
        fitting = [grant for grant in self.grants if _fits(grant, tool, arguments)]
        before = [tool.arguments.model_validate(one) for one in used]
        spent = sum(any(_fits(grant, tool, one) for grant in fitting) for one in before)
        if spent >= len(fitting):
            return None
        return max((frozenset(grant.arguments) for grant in fitting), key=len)


def _fits(grant: Grant, tool: Tool, arguments: BaseModel) -> bool:
    same = (_same(tool, arguments, name, value) for name, value in grant.arguments.items())
    return grant.tool == tool.name and all(same)


def _same(tool: Tool, arguments: BaseModel, name: str, value: JsonValue) -> bool:
    if name not in tool.arguments.model_fields:
        return False
    given: dict[str, Any] = arguments.model_dump(by_alias=True)
    field = tool.arguments.model_fields[name]
    try:
        wanted = tool.arguments.model_validate({**given, field.alias or name: value})
    except ValidationError:
        return False
    return bool(getattr(wanted, name) == getattr(arguments, name))
