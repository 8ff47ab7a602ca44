"""What did the model ask for, and what came of it?"""

from __future__ import annotations

import json
import math
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from ..text import shortened
from .origin import Origin
from .running import Ended, Ending

Rule = Literal[
    "asked",
    "granted",
    "read_only",
    "trusts_memory",
    "not_in_node",
    "invalid_arguments",
    "not_asked",
    "argument_not_said",
    "repeated",
]
"""Why a call was allowed (the first four) or refused."""

_LONGEST = 80


class Call(BaseModel):
    """A tool that a model asks for, and the arguments it gives."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    id: str | None = None
    """The provider's own id of the call."""

    def shown(self) -> str:
        """The call on one line, short, and with nothing in it that a screen would render or obey."""
        given = ", ".join(f"{readable(name)}={_value(value)}" for name, value in self.arguments.items())
        return f"{readable(self.tool)}({given})"


class Outcome(BaseModel):
    """A call, the decision about it, and what it gave; kept with the reply, and told as an event."""

    call: Call
    allowed: bool
    rule: Rule
    reason: str
    trigger: Origin
    """Who wanted it: the user, or the kind of text that the tool or its arguments stand in."""
    origins: dict[str, Origin] = Field(default_factory=dict)
    """Where each argument comes from, by its path."""
    refs: list[str] = Field(default_factory=list)
    """Ids of the messages that the call was traced to."""
    tainted: bool = False
    """Whether anything in it comes from elsewhere than this turn's user; so does what it gave, then."""
    mend: str | None = None
    """How the user can have a refused call made."""
    again: bool = False
    """Whether a refused call may be asked for again in the user's own words: that of a tool that only looks up."""
    result: JsonValue = None
    error: str | None = None
    turn: str | None = None
    """The id of the message in whose turn it was asked for."""
    execution: str = Field(default_factory=lambda: uuid.uuid4().hex)
    """The id of its record."""
    key: str | None = None
    """What the tool was given to know the call by again, where it was made."""
    ended: Ending | None = None
    """How the call ended, where it was made."""
    started_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """How it ended in one word: done, failed, timeout, cancelled or refused."""
        return self.ended or ("refused" if not self.allowed else "failed" if self.error else "done")

    def came_to(self, ended: Ended, key: str) -> None:
        """Notes what came of the call that was made."""
        self.result, self.error, self.ended, self.key = ended.result, storable(ended.error), ended.how, key
        self.started_at, self.seconds = ended.started, ended.seconds

    def told(self) -> str:
        """What the model is told came of its call."""
        if not self.allowed:
            mend = f" {self.mend}" if self.mend else ""
            then = (
                "Call it again with words of the user's message only, or answer without it."
                if self.again
                else "Do not try it again; tell the user."
            )
            return f"REFUSED ({self.rule}): {self.reason}.{mend} {then}"
        if self.error is not None:
            return f"FAILED: {self.error}"
        return json.dumps(self.result, ensure_ascii=False)


def notice(outcomes: Iterable[Outcome]) -> str:
    """What the user is told of the calls that were refused: which, why, and how to have each made.

    Nothing of a look-up that was made after all, in the user's own words.
    """
    lines = {}
    known = list(outcomes)
    for number, outcome in enumerate(known):
        later = (one for one in known[number:] if one.allowed and one.call.tool == outcome.call.tool)
        if not outcome.allowed and not (outcome.again and any(later)):
            mend = f" {outcome.mend}" if outcome.mend else ""
            lines[outcome.call.shown()] = f"I did not call `{outcome.call.shown()}`: {outcome.reason}.{mend}"
    return "\n".join(lines.values())


def deeper_than(value: Any, most: int) -> bool:
    """Whether JSON is nested more deeply than that."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def storable(value: Any) -> Any:
    """JSON as every database takes it: without NUL, half characters, NaN and infinities."""
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list | tuple) else value


def spoken(arguments: Mapping[str, JsonValue]) -> dict[str, str]:
    """The arguments as a person would write them."""
    return {
        name: readable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in arguments.items()
    }


def readable(text: str) -> str:
    """A text on one line, cut short, without invisible characters and without what would end a code span."""
    plain = "".join(
        character for character in text[: 4 * _LONGEST] if unicodedata.category(character)[0] != "C"
    )
    return shortened(plain.replace("`", "'"), _LONGEST)


def _value(value: JsonValue) -> str:
    return json.dumps(readable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)), ensure_ascii=False) if isinstance(value, str | list | dict) else json.dumps(value)  # fmt: skip
