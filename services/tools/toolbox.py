"""What is a tool, and where does a node find the tools it may call?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ..errors import ToolError
from .asked import verb_of
from .call import deeper_than, storable

_DEEPEST = 15


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may ask to have done: its arguments are a pydantic model, `run(arguments, key)` does it.

    A `run` with a parameter `progress` is given a `Progress` by that name. `result` is the type of what it gives, where
    that is declared. `effect` is false only for a tool that changes nothing and tells nobody outside anything. A tool with an effect is
    called only where the user asks for it: `asked` are the phrases by which they do ("send|pay", "write|send email"),
    `example` is how they could say it, with the arguments in braces. `key` is equal on every attempt of the same call.
    """

    name: str
    purpose: str
    arguments: type[BaseModel]
    run: Callable[..., Any]
    effect: bool = True
    asked: tuple[str, ...] = ()
    example: str | None = None
    timeout: float = 30.0
    result: Any = None

    def __post_init__(self) -> None:
        if not (self.name.isascii() and self.name.isidentifier()):
            raise ValueError(f"a tool's name is an ASCII identifier such as send_email, not {self.name!r}")
        if isinstance(self.asked, str) or not all(phrase.split() for phrase in self.asked):
            raise ValueError(
                f'tool {self.name!r}: asked is a tuple of phrases such as ("send|pay",), not {self.asked!r}'
            )
        if self.example is not None:
            try:
                self.example.format(**dict.fromkeys(self.arguments.model_fields, ""))
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(
                    f"tool {self.name!r}: the example {self.example!r} may name only the arguments "
                    f"{', '.join(self.arguments.model_fields)} in braces"
                ) from error

    def spoken(self, arguments: Mapping[str, str]) -> str:
        """How the user could ask for a call with these arguments."""
        known = {name: arguments.get(name, "…") for name in self.arguments.model_fields}
        if self.example is not None:
            return self.example.format(**known)
        verb = (verb_of(self.asked[0]) if self.asked else "") or self.name.replace("_", " ")
        return " ".join([verb, *arguments.values()])

    @property
    def looks_up(self) -> bool:
        """Whether a question of the user's asks for it."""
        return any(phrase.startswith("?") for phrase in self.asked)

    @property
    def tells_progress(self) -> bool:
        """Whether `run` takes a `progress`."""
        return "progress" in inspect.signature(self.run).parameters

    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return self.arguments.model_json_schema()

    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of what it gives; an empty one, which all JSON fits, where no type is declared."""
        return {} if self.result is None else TypeAdapter(self.result).json_schema(mode="serialization")

    def checked(self, found: Any) -> JsonValue:
        """What it gave, as JSON; ToolError where that is not what it declares, or no JSON."""
        try:
            if self.result is None:
                plain = to_jsonable_python(found)
            else:
                declared = TypeAdapter(self.result)
                plain = declared.dump_python(declared.validate_python(found), mode="json")
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors()
            )
            raise ToolError(f"it was called, but gave something else than it declares: {faults}") from None
        except (PydanticSerializationError, ValueError, RecursionError) as error:
            raise ToolError(f"it was called, but what it gave is no JSON: {error}") from None
        if deeper_than(plain, _DEEPEST):
            raise ToolError(f"it was called, but what it gave is nested more than {_DEEPEST} deep")
        given: JsonValue = storable(plain)
        return given


class Toolbox:
    """The tools that an application has; a node may call only those it names."""

    def __init__(self, *tools: Tool) -> None:
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            names = [tool.name for tool in tools]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"two tools are named {', '.join(twice)}; give each its own name")

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def granted(self, names: Iterable[str]) -> dict[str, Tool]:
        """The tools of these names; ValueError where there is none."""
        wanted = list(names)
        unknown = [name for name in wanted if name not in self._tools]
        if unknown:
            raise ValueError(
                f"the node grants {', '.join(map(repr, unknown))}, and the toolbox has no such tool; it has "
                f"{', '.join(self._tools) or 'none'}. Add it: graph.bind(toolbox=Toolbox(...))"
            )
        return {name: self._tools[name] for name in wanted}
