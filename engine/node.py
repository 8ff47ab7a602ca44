"""The node: one step of a graph, in three phases.

| phase                       | may                                | is retried | sees state     |
|-----------------------------|------------------------------------|------------|----------------|
| prep(state)                 | read (state, database)             | no         | yes, read-only |
| exec(prepared)              | compute, call a model or a service | yes        | no             |
| post(state, prepared, result) | write (state, database), choose the action | no | yes           |

Each may be `def` or `async def`. A phase asks for what it needs by keyword: `session`, `context`,
`inputs` (in prep), or any service the graph is bound to.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .path import Wireable
from .retry import Retry

N = TypeVar("N", bound="Node")


class Node(Wireable):
    """One step. Declare `Inputs` and `Outputs` as pydantic models inside the class, write the phases you need.

    `retry`, `timeout` (seconds for one attempt of exec), `thread` (run a sync exec in a pool), `actions`
    (where post's return annotation cannot say them), `locks` (state keys whose values a store must not work
    on twice at a time), `recorded` (store what exec gave before post is called, in a durable run) and `pauses`
    (what post may wait for with `Pause(name)`, and the type of each answer) are class attributes; the first two can also be given per instance.
    """

    name: str
    retry: Retry | None = None
    timeout: float | None = None
    thread: bool = False
    actions: tuple[str, ...] | None = None
    locks: tuple[str, ...] = ()
    recorded: bool = False
    pauses: Mapping[str, Any] = {}
    parameters: Mapping[str, Any]

    def __new__(cls: type[N], *args: Any, **kwargs: Any) -> N:
        node = object.__new__(cls)
        node.name = cls.__dict__.get("name") or snake_case(cls.__name__)
        node.parameters = _given(cls, node, args, kwargs)
        return node

    def __init__(
        self, *, name: str | None = None, retry: Retry | None = None, timeout: float | None = None
    ) -> None:
        if name is not None:
            self.name = name
        if retry is not None:
            self.retry = retry
        if timeout is not None:
            self.timeout = timeout

    if TYPE_CHECKING:
        # So declared, any narrower signature of a subclass passes mypy --strict and pyright.
        def prep(self, *args: Any, **kwargs: Any) -> Any: ...
        def exec(self, *args: Any, **kwargs: Any) -> Any: ...
        def post(self, *args: Any, **kwargs: Any) -> Any: ...
        def fallback(self, *args: Any, **kwargs: Any) -> Any: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def snake_case(name: str) -> str:
    """The name in snake_case: `HTTPCall` gives `http_call`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _given(cls: type[Node], node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
    if cls.__init__ is Node.__init__:
        return {}
    try:
        bound = inspect.signature(cls.__init__).bind(node, *args, **kwargs)
    except TypeError:
        return {}  # __init__ is called next and says what is wrong in its own words
    own = dict(list(bound.arguments.items())[1:])
    for parameter in bound.signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            own |= own.pop(parameter.name, {})
    return {key: value for key, value in own.items() if key not in ("name", "retry", "timeout")}


@overload
def node(function: Callable[..., Any], /) -> Node: ...
@overload
def node(
    *, name: str | None = None, retry: Retry | None = None, timeout: float | None = None, thread: bool = False
) -> Callable[[Callable[..., Any]], Node]: ...
def node(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    retry: Retry | None = None,
    timeout: float | None = None,
    thread: bool = False,
) -> Node | Callable[[Callable[..., Any]], Node]:
    """Makes a node of a function: its parameters are read from the state, its pydantic result is written to it.

    Keyword-only parameters are services, as in any phase.
    """

    def build(function: Callable[..., Any], frame: FrameType) -> Node:
        given = {"name": name or function.__name__, "retry": retry, "timeout": timeout, "thread": thread}
        return _class_of(function, given, frame.f_locals)()

    # Annotations may name what is local to where @node stands.
    if function is None:
        return lambda function: build(function, sys._getframe(1))
    return build(function, sys._getframe(1))


def _class_of(
    function: Callable[..., Any], attributes: Mapping[str, Any], names: Mapping[str, Any]
) -> type[Node]:
    from typing import get_type_hints

    from pydantic import BaseModel, create_model

    from .errors import Fault, GraphError

    hints = get_type_hints(function, localns=dict(names))
    parameters = inspect.signature(function).parameters.values()
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints.get(parameter.name, Any), default)
    given = hints.get("return")
    if given not in (None, type(None)) and not (isinstance(given, type) and issubclass(given, BaseModel)):
        mend = "return a pydantic model whose fields are the keys to write, or nothing"
        raise GraphError(function.__name__, [Fault(f"@node {function.__name__} returns {given!r}", mend)])

    asks = {parameter.name: parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    if inspect.iscoroutinefunction(function):

        async def exec_async(self: Node, inputs: Any, **services: Any) -> Any:
            return await function(**{key: getattr(inputs, key) for key in fields}, **services)

        phase: Callable[..., Any] = exec_async
    else:

        def exec_sync(self: Node, inputs: Any, **services: Any) -> Any:
            return function(**{key: getattr(inputs, key) for key in fields}, **services)

        phase = exec_sync
    own = [inspect.Parameter(key, inspect.Parameter.POSITIONAL_OR_KEYWORD) for key in ("self", "inputs")]
    phase.__signature__ = inspect.Signature([*own, *asks.values()])  # type: ignore[attr-defined]
    body: dict[str, Any] = {
        **attributes,
        "exec": phase,
        "Inputs": create_model(f"{function.__name__}_inputs", **fields),
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
    }
    if isinstance(given, type) and given is not type(None):
        body["Outputs"] = given
    return type(function.__name__, (Node,), body)
