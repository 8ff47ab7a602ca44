"""What a file gives to a constructor: whether the class takes it, and whether each value fits."""

from __future__ import annotations

import inspect
import json
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from .errors import Fault, did_you_mean, listing
from .fits import type_name
from .tree import Entries, clipped, json_value
from .wiring import Place

OF_THE_NODE: Final = {
    "name": "the key of a node is its name",
    "retry": "write retry: beside with:",
    "timeout": "write timeout: beside with:",
}


class Arguments:
    """The arguments that a class takes, by the annotations of its `__init__`."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        init: Any = cls.__init__  # type: ignore[misc]
        self.signature = inspect.signature(init)
        self.myself, *own = self.signature.parameters
        self.parameters = {key: self.signature.parameters[key] for key in own}
        self.rest = next((p.name for p in self.parameters.values() if p.kind is p.VAR_KEYWORD), None)
        try:
            hints = get_type_hints(init, include_extras=True)
        except Exception:  # a name that only a type checker sees: then nothing is known of the types
            hints = {}
        self.types = {key: hints[key] for key in self.parameters.keys() & hints}

    def bind(self, given: Entries, place: Place, reserved: dict[str, str]) -> tuple[Any, list[Fault]]:
        """The call that gives these values, and what is wrong with them; `place` is where the class is named."""
        faults: list[Fault] = []
        found: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        own = [key for key in self.parameters if key not in reserved and key != self.rest]
        for key, tree in given.values.items():
            value = json_value(tree)
            if key in reserved or (key not in own and self.rest is None):
                message = f"{self.cls.__name__} does not take {clipped(key)!r} here"
                takes = did_you_mean(key, own) if own else "it takes nothing"
                faults.append(Fault(message, reserved.get(key, takes), *given.keys[key]))
                continue
            hint: Any = self.types.get(key if key in own else self.rest or "", Any)
            if key in own and self.parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
                hint = list
            if (wrong := _misfit(value, _outside(hint))) is not None:
                message = f"{self.cls.__name__} takes {clipped(key)!r} as {type_name(hint)}, not {clipped(repr(value))}"
                faults.append(Fault(message, wrong, *tree.place))
            (found if key in own else rest)[key] = value
        missing = [
            key
            for key in own
            if key not in given.values
            and self.parameters[key].default is inspect.Parameter.empty
            and self.parameters[key].kind is not inspect.Parameter.VAR_POSITIONAL
        ]
        if missing:
            message = f"{self.cls.__name__} needs {listing(missing)}"
            faults.append(Fault(message, f"with: {{{missing[0]}: ...}}", *place))
        if self.rest is not None:
            found[self.rest] = rest
        bound = inspect.BoundArguments(self.signature, {self.myself: None, **found})  # pyright: ignore[reportArgumentType]
        return bound, faults


def _outside(hint: Any) -> Any:
    """The type without what it says of its items: those are the constructor's to judge, as in Python."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return Union[tuple(map(_outside, get_args(hint)))]  # noqa: UP007
    return hint if origin in (None, Annotated, Literal) else origin


def _misfit(value: Any, hint: Any) -> str | None:
    """What is wrong with a JSON value where that type is wanted; None where it fits, or in doubt."""
    from pydantic import TypeAdapter, ValidationError

    if hint is Any:
        return None
    try:
        adapter = TypeAdapter(hint)
    except Exception:  # a type that pydantic knows nothing of
        return None
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        return str(error.errors(include_url=False, include_input=False)[0]["msg"])
    return None
