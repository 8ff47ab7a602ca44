"""What is a provider asked, and what came back, in words that both dialects share?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..errors import ModelReplyInvalid
from .protocol import Usage

if TYPE_CHECKING:
    from ..tools.call import Outcome
    from ..tools.toolbox import Tool

_NAME = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, before it is put into the words of a dialect."""

    messages: list[dict[str, str]]
    max_tokens: int
    system: str = ""
    stable: int = 0
    """How many of the first characters of `system` are the same from call to call."""
    tools: Sequence[Tool] = ()
    done: Sequence[Outcome] = ()
    """The tool calls of this turn, with what came of each."""
    shape: type[BaseModel] | None = None
    """What the answer has to be, as JSON."""


@dataclass(slots=True)
class Heard:
    """What a provider has told so far, while its answer is read."""

    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A tool call as the provider wrote it."""

    id: str
    tool: str
    arguments: dict[str, Any]


@dataclass(slots=True)
class Fragments:
    """A tool call as it arrives: its arguments are text, and may be broken."""

    id: str = ""
    tool: str = ""
    arguments: str = ""

    def asked(self, stop_reason: str) -> Asked:
        """The call, once all of it is there."""
        if stop_reason == "max_tokens":
            raise ModelReplyInvalid(
                f"the call of the tool {self.tool!r} was cut off at max_tokens. Raise max_tokens."
            )
        try:
            arguments = json.loads(self.arguments or "{}")
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            raise ModelReplyInvalid(
                f"the arguments of the tool {self.tool!r} are no JSON object. Ask again, or use a larger model."
            )
        return Asked(self.id, self.tool, arguments)


@dataclass(slots=True)
class Answer:
    """A whole answer of a provider."""

    text: str
    stop_reason: str
    model: str
    id: str = ""
    usage: Usage | None = None
    """None where the provider told none, or none that is final."""
    calls: list[Fragments] = field(default_factory=list)


def numbered(done: Sequence[Outcome]) -> list[tuple[str, str, Outcome]]:
    """Each call with an id that is its own and with its tool's name, both in letters that every API takes."""
    seen: set[str] = set()
    found = []
    for number, outcome in enumerate(done):
        id_ = _NAME.sub("", outcome.call.id or "")[:40]
        while not id_ or id_ in seen:
            id_ = f"{id_ or 'call'}_{number}"
        seen.add(id_)
        found.append((id_, _NAME.sub("_", outcome.call.tool)[:64] or "tool", outcome))
    return found
