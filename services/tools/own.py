"""How does a function of one's own become a tool?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, PydanticUserError, create_model
from pydantic.errors import PydanticSchemaGenerationError

from .toolbox import Tool

_OURS: Final = ("key", "progress")


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    name: str | None = None,
    purpose: str | None = None,
    effect: bool = True,
    asked: tuple[str, ...] = (),
    example: str | None = None,
    timeout: float = 30.0,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    purpose: str | None = None,
    effect: bool = True,
    asked: tuple[str, ...] = (),
    example: str | None = None,
    timeout: float = 30.0,
) -> Any:
    """Makes a tool of a function: `@tool(asked=("send|pay",))`.

    Its parameters are the tool's arguments, what it returns the result, and its docstring the purpose, unless that is
    given. A parameter `key` is given the call's idempotency key, one named `progress` the way to tell progress; the
    model sees neither.
    """

    def made(function: Callable[..., Any]) -> Tool:
        called = name or function.__name__
        hints = _hints(function)
        told = purpose or inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        if not told:
            raise ValueError(
                f"tool {called!r}: a model needs to know what it does; give the function a docstring, or purpose="
            )
        result = hints.get("return")
        return Tool(
            called, told, _arguments(function, called, hints), _run(function), effect=effect, asked=asked,
            example=example, timeout=timeout, result=None if result is type(None) else result,
        )  # fmt: skip

    return made if function is None else made(function)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ValueError(
            f"tool {function.__name__!r}: the type {error.name!r} is not known where the function is defined; define it in "
            f"the module, or make the tool by Tool(name, purpose, ArgumentsModel, run)"
        ) from None


def _arguments(function: Callable[..., Any], called: str, hints: dict[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in _OURS:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ValueError(
                f"tool {called!r}: an argument is given by its name, and {parameter} cannot be; name each argument"
            )
        if parameter.name not in hints:
            raise ValueError(
                f"tool {called!r}: {parameter.name} has no type, so a model cannot know what to give; write "
                f"{parameter.name}: str, or what it is"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    try:
        model: type[BaseModel] = create_model(called, __config__=ConfigDict(extra="forbid"), **fields)
        model.model_json_schema()
    except (PydanticUserError, PydanticSchemaGenerationError, NameError) as error:
        raise ValueError(
            f"tool {called!r}: its arguments must be what JSON can say: {str(error).partition(chr(10))[0]}"
        ) from None
    return model


def _run(function: Callable[..., Any]) -> Callable[..., Any]:
    wanted = [name for name in _OURS if name in inspect.signature(function).parameters]

    def given(arguments: BaseModel, key: str, progress: Any) -> dict[str, Any]:
        ours = {"key": key, "progress": progress}
        values = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        return values | {name: ours[name] for name in wanted}

    if inspect.iscoroutinefunction(function):

        async def awaited(arguments: BaseModel, key: str, progress: Any) -> Any:
            return await function(**given(arguments, key, progress))

        return awaited

    def called(arguments: BaseModel, key: str, progress: Any) -> Any:
        return function(**given(arguments, key, progress))

    return called
