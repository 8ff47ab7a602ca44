"""What a node class promises: its phases, what they ask for, its types and its actions."""

from __future__ import annotations

import inspect
import math
import types
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from weakref import WeakKeyDictionary

from .errors import Fault
from .node import Node
from .path import DEFAULT
from .pause import Pause, pauses_of
from .retry import Retry

# How many arguments of its own each phase may take; what comes after is asked for by name.
PHASES: Final[Mapping[str, int]] = {"prep": 1, "exec": 1, "post": 3, "fallback": 2}
DEEPEST: Final = 100  # levels in a parameter
RESERVED: Final = ("session", "context", "inputs")


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a class: whether it is async, how many arguments it takes, what it asks for by keyword."""

    function: Callable[..., Any]
    is_async: bool
    arity: int
    asks: tuple[str, ...]
    optional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a node class declares, read once; `faults` is what is wrong with it."""

    phases: Mapping[str, Phase]
    inputs: Any
    outputs: Any
    actions: tuple[str, ...]
    faults: tuple[Fault, ...]
    pauses: Mapping[str, Any] = field(default_factory=dict)

    @property
    def opaque(self) -> bool:
        """Whether it may write keys that it does not declare."""
        return self.outputs is None and "post" in self.phases

    def asks(self, name: str) -> bool:
        """Whether any phase asks for that name."""
        return any(name in phase.asks for phase in self.phases.values())


_contracts: WeakKeyDictionary[type[Node], Contract] = WeakKeyDictionary()


def contract_of(cls: type[Node]) -> Contract:
    """The contract of a node class."""
    found = _contracts.get(cls)
    if found is None:
        found = _contracts[cls] = _read(cls)
    return found


def _read(cls: type[Node]) -> Contract:
    faults: list[Fault] = []
    phases: dict[str, Phase] = {}
    for name in PHASES:
        function = getattr(cls, name, None)
        if callable(function):
            phases[name] = _phase(cls, name, function, faults)
        elif function is not None:
            faults.append(Fault(f"{cls.__name__}.{name} is {function!r}", f"def {name}(self, ...): ..."))
    _sessions(cls, phases, faults)
    inputs, outputs = (_model(cls, name, faults) for name in ("Inputs", "Outputs"))
    if "fallback" in phases and "exec" not in phases:
        faults.append(Fault(f"{cls.__name__} has a fallback and no exec", "write exec, or remove fallback"))
    if outputs is not None and not {"prep", "exec"} & phases.keys():
        faults.append(
            Fault(f"{cls.__name__} declares Outputs, and nothing makes them", "return them from exec")
        )
    executes = phases.get("exec")
    if cls.timeout is not None and executes and not executes.is_async and not cls.thread:
        faults.append(_no_timeout(cls.__name__))
    pauses = pauses_of(cls, faults)
    return Contract(phases, inputs, outputs, _actions(cls, phases, pauses, faults), tuple(faults), pauses)


def _no_timeout(name: str) -> Fault:
    return Fault(
        f"{name} has a timeout, and a sync exec cannot be interrupted",
        "make exec async, or set thread = True",
    )


def instance_faults(node: Node) -> tuple[Fault, ...]:
    """What is wrong with a node beyond its class: a timeout given to it, parameters that are not JSON."""
    faults: list[Fault] = list(getattr(node, "faults", ()))
    executes = contract_of(type(node)).phases.get("exec")
    timeout: Any = node.timeout
    if timeout is not None and not (type(timeout) in (int, float) and timeout > 0):
        mend = "seconds for one attempt of exec, more than 0"
        faults.append(Fault(f"node {node.name!r} has the timeout {timeout!r}", mend))
    retry: Any = node.retry
    if retry is not None and not isinstance(retry, Retry):
        faults.append(Fault(f"node {node.name!r} has the retry {retry!r}", "retry=Retry(attempts=3)"))
    late = node.timeout is not None and type(node).timeout is None
    if late and executes and not executes.is_async and not node.thread:
        faults.append(_no_timeout(f"node {node.name!r}"))
    faults += [
        Fault(
            f"node {node.name!r}: the parameter {key!r} is a {type(value).__name__}, not a JSON value",
            "parameters are text, numbers, booleans, null, lists and mappings; give objects with graph.bind(...)",
        )
        for key, value in node.parameters.items()
        if not _is_json(value, DEEPEST)
    ]
    return tuple(faults)


def _is_json(value: object, depth: int) -> bool:
    if value is None or isinstance(value, (str, int, bool)):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if depth == 0:
        return False  # deeper than anybody writes: it holds itself, most likely
    if isinstance(value, (list, tuple)):
        return all(_is_json(item, depth - 1) for item in value)
    return isinstance(value, dict) and all(
        isinstance(key, str) and _is_json(item, depth - 1) for key, item in value.items()
    )


def _phase(cls: type[Node], name: str, function: Any, faults: list[Fault]) -> Phase:
    where = f"{cls.__name__}.{name}"
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        faults.append(
            Fault(f"{where} is a generator", "return one result; give pieces with context.token(text)")
        )
    most, arity = PHASES[name], 0
    asks: list[str] = []
    optional: set[str] = set()
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_POSITIONAL:
            arity = most
        elif parameter.kind is not parameter.VAR_KEYWORD:
            own = parameter.kind is not parameter.KEYWORD_ONLY and arity < most
            if own and parameter.name in RESERVED[:2]:
                faults.append(
                    Fault(
                        f"{where} takes {parameter.name!r} where its own arguments stand",
                        f"ask by keyword: (..., *, {parameter.name})",
                    )
                )
            if own:
                arity += 1
            else:
                asks.append(parameter.name)
                if parameter.default is not parameter.empty:
                    optional.add(parameter.name)
    return Phase(function, inspect.iscoroutinefunction(function), arity, tuple(asks), frozenset(optional))


def _sessions(cls: type[Node], phases: Mapping[str, Phase], faults: list[Fault]) -> None:
    for name, phase in phases.items():
        if "session" in phase.asks and name in ("exec", "fallback"):
            mend = f"read in prep, write in post, or ask {name} for `db` and await db.read(...)"
            faults.append(
                Fault(f"{cls.__name__}.{name} asks for a session, which only prep and post may", mend)
            )
        elif "session" in phase.asks and phase.is_async:
            mend = "make it `def`: a session belongs to the thread of its transaction"
            faults.append(Fault(f"{cls.__name__}.{name} asks for a session and is async", mend))
        if "inputs" in phase.asks and name != "prep":
            faults.append(
                Fault(f"{cls.__name__}.{name} asks for inputs", "only prep may; pass them on from there")
            )


def _model(cls: type[Node], name: str, faults: list[Fault]) -> Any:
    model = getattr(cls, name, None)
    if model is None:
        return None
    where, mend = f"{cls.__name__}.{name}", f"class {name}(BaseModel): ..., with a field for each key"
    if not isinstance(model, type) or not hasattr(model, "model_fields"):
        faults.append(Fault(f"{where} is not a pydantic model", mend))
        return None
    if getattr(model, "__pydantic_root_model__", False):
        faults.append(Fault(f"{where} is a RootModel, which names no keys", mend))
    elif not getattr(model, "__pydantic_complete__", True) and not _rebuilt(model):
        mend = "define them where the model is defined, or at the top of the module"
        faults.append(Fault(f"{where} names types that cannot be found", mend))
    return model


def _rebuilt(model: Any) -> bool:
    return model.model_rebuild(raise_errors=False) is not False


def _actions(
    cls: type[Node], phases: Mapping[str, Phase], pauses: Mapping[str, Any], faults: list[Fault]
) -> tuple[str, ...]:
    returned = _returns(cls, phases, faults)
    if returned is None:  # a fault already
        return (DEFAULT, *pauses)
    if cls.actions is None and Pause in returned and not pauses:
        faults.append(
            Fault(
                f"{cls.__name__}.post returns Pause, and the class declares no pauses",
                'pauses = {"approval": Approval}, where Approval is a pydantic model or another type',
            )
        )
    if pauses and ("post" not in phases or (cls.actions is None and Pause not in returned)):
        mend = "return Pause(name) from post, annotated -> Pause, or take pauses out"
        faults.append(Fault(f"{cls.__name__} declares pauses, and post does not return Pause", mend))
    actions = [action for action in returned if isinstance(action, str)]
    for name in pauses.keys() & actions:
        mend = "give the pause a name of its own: its edge writes the answer, the action's does not"
        faults.append(Fault(f"{cls.__name__}: {name!r} is both an action and a pause", mend))
    return tuple(dict.fromkeys([*actions, *pauses])) or (DEFAULT,)


def _returns(cls: type[Node], phases: Mapping[str, Phase], faults: list[Fault]) -> list[Any] | None:
    """What post may return, as far as it says so: actions, and Pause; None if it cannot be read."""
    declared: object = cls.actions
    if declared is not None:
        if (
            isinstance(declared, (tuple, list))
            and declared
            and all(isinstance(a, str) and a for a in declared)
        ):
            if "post" not in phases and {*declared} != {DEFAULT}:
                mend = "write a post that returns one of them, or take actions out"
                faults.append(Fault(f"{cls.__name__} declares actions, and has no post to return them", mend))
            return list(declared)
        faults.append(Fault(f"{cls.__name__}.actions is {declared!r}", 'actions = ("found", "nothing")'))
    elif "post" not in phases:
        return [DEFAULT]
    else:
        try:
            return _literals(_returned(cls, phases["post"].function))
        except Exception as error:
            faults.append(
                Fault(
                    f"the actions of {cls.__name__} cannot be read from post: {error}",
                    'annotate post with -> Literal["found", "nothing"] or -> None, or set actions = ("found", "nothing")',
                )
            )
    return None


def _returned(cls: type[Node], function: Callable[..., Any]) -> Any:
    function = inspect.unwrap(function)
    annotation = function.__annotations__.get("return", function)
    if annotation is function:
        raise TypeError("it has no return annotation")
    if not isinstance(annotation, str):
        return annotation
    inside: Mapping[str, Any] = ChainMap(*(dict(vars(base)) for base in cls.__mro__))
    return eval(annotation, function.__globals__, inside)


def _literals(annotation: Any) -> list[Any]:
    if annotation is Pause:
        return [Pause]
    if annotation is None or annotation is type(None):
        return [DEFAULT]
    if hasattr(annotation, "__value__"):  # a `type X = ...` alias
        return _literals(annotation.__value__)
    origin = get_origin(annotation)
    if origin is Literal:
        values = [DEFAULT if value is None else value for value in get_args(annotation)]
        wrong = [value for value in values if not isinstance(value, str) or not value]
        if wrong:
            raise TypeError(f"{wrong[0]!r} is not an action; actions are texts that are not empty")
        return values
    if origin in (Union, types.UnionType):
        return [action for part in get_args(annotation) for action in _literals(part)]
    if origin is Annotated:
        return _literals(get_args(annotation)[0])
    raise TypeError(f"{annotation!r} does not name them")
