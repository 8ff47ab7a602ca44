"""A graph made ready to run: what each node needs is looked up once, not at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .contract import PHASES, Contract, Phase, contract_of
from .errors import NotBound, ValidationError, listing
from .lazy import resolved
from .node import Node
from .retry import Retry
from .store import SessionStore
from .wiring import ends

if TYPE_CHECKING:
    from .graph import Graph

PER_CALL = frozenset({"session", "context", "inputs"})


class Step:
    """One node of a plan; `plain` ones need nothing but their three calls."""

    __slots__ = (
        "asks_context", "asks_session", "exec", "exec_async", "fallback", "fallback_async", "inner", "keep", "lose", "name", "next",
        "node", "pauses", "plain", "post", "post_async", "prep", "prep_async", "prep_inputs", "read", "retry", "segment", "thread",
        "timeout",
    )  # fmt: skip

    def __init__(self, node: Node, contract: Contract, services: Mapping[str, Any]) -> None:
        self.node = node
        self.name = node.name
        self.segment = segment(node.name)
        self.pauses = contract.pauses
        self.inner: Any = None
        self.next: dict[str, Step | None] = {}
        phases = contract.phases
        self.prep, self.prep_async = _call(node, "prep", phases, services)
        self.exec, self.exec_async = _call(node, "exec", phases, services)
        self.post, self.post_async = _call(node, "post", phases, services)
        self.fallback, self.fallback_async = _call(node, "fallback", phases, services)
        self.read = reader(contract.inputs, f"node {node.name!r}") if contract.inputs else None
        self.keep = writer(contract.outputs, node.name) if contract.outputs else None
        self.lose = contract.outputs is None and "post" not in phases
        self.retry: Retry | None = node.retry if node.retry is not None and node.retry.attempts > 1 else None
        self.timeout = node.timeout
        self.thread = node.thread and not self.exec_async
        self.prep_inputs = "prep" in phases and "inputs" in phases["prep"].asks
        self.asks_session = frozenset(name for name, phase in phases.items() if "session" in phase.asks)
        self.asks_context = frozenset(name for name, phase in phases.items() if "context" in phase.asks)
        self.plain = not (
            self.asks_session or self.asks_context or self.timeout or self.thread or self.prep_inputs
        )

    def ends(self, action: str) -> bool:
        """Whether an action leads to END."""
        return self.next.get(action, self) is None


def segment(name: str) -> str:
    """A node's name as a part of a path, in which a slash parts and `#` marks."""
    return name.replace("%", "%25").replace("/", "%2F").replace("#", "%23")


class Plan:
    """The steps of one graph with its services bound, ready to be walked."""

    __slots__ = ("asks_session", "deadline", "graph", "max_steps", "read", "start", "steps", "store")

    def __init__(self, graph: Graph, services: Mapping[str, Any], store: SessionStore | None) -> None:
        self.graph = graph
        self.store = store
        self.max_steps = graph.max_steps
        self.deadline = graph.deadline
        self.read = reader(graph.inputs, f"graph {graph.name!r}") if graph.inputs else None
        missing: dict[str, str] = {}
        self.steps: dict[str, Step] = {}
        for name, node in graph.nodes.items():
            self.steps[name] = self._step(node, services, missing)
        if missing:
            wants = ", ".join(f"{name!r} (asked for by {where!r})" for name, where in missing.items())
            raise NotBound(
                f"graph {graph.name!r}: not bound: {wants}; bound are {listing(services)}. "
                f"Give it with graph.bind({next(iter(missing))}=...)."
            )
        for name, edges in graph.edges.items():
            self.steps[name].next = {
                a: None if ends(target) else self.steps[target] for a, target in edges.items()
            }
        self.start = self.steps[graph.start]
        self.asks_session = [s.name for s in self.steps.values() if s.asks_session]
        if self.asks_session and store is None:
            raise NotBound(
                f"graph {graph.name!r}: the node {self.asks_session[0]!r} asks for a session, and there is no store. "
                f"Give one with Graph(..., store=db) or run(..., store=db), where db is a turngraph.models.DatabaseManager."
            )

    def _step(self, node: Node, services: Mapping[str, Any], missing: dict[str, str]) -> Step:
        inner = getattr(node, "plan", None)
        if inner is not None:
            step = Step(node, _NOTHING, {})
            step.inner = inner(services, self.store)
            step.plain = False
            return step
        contract = contract_of(type(node))
        for phase in contract.phases.values():
            for ask in phase.asks:
                if ask not in services and ask not in PER_CALL and ask not in phase.optional:
                    missing.setdefault(ask, node.name)
        return Step(node, contract, {} if missing else services)


_NOTHING = Contract({}, None, None, ("default",), ())


def _call(
    node: Node, name: str, phases: Mapping[str, Phase], services: Mapping[str, Any]
) -> tuple[Any, bool]:
    """The bound phase, taking its full number of arguments, with the services it asks for filled in."""
    phase = phases.get(name)
    if phase is None:
        return None, False
    method = phase.function.__get__(node)
    given = {ask: resolved(services[ask]) for ask in phase.asks if ask in services and ask not in PER_CALL}
    call: Callable[..., Any] = partial(method, **given) if given else method
    if phase.arity < PHASES[name]:
        return _shortened(call, phase.arity), phase.is_async
    return call, phase.is_async


def _shortened(call: Callable[..., Any], arity: int) -> Callable[..., Any]:
    return lambda *args, **kwargs: call(*args[:arity], **kwargs)


def reader(model: Any, owner: str) -> Callable[[Mapping[str, Any]], Any]:
    """Reads a pydantic model out of a state; a value that does not fit is a ValidationError naming its field."""
    from pydantic import ValidationError as Unfit

    validate = model.__pydantic_validator__.validate_python
    keys = tuple(model.model_fields)

    def read(state: Mapping[str, Any]) -> Any:
        try:
            return validate({key: state[key] for key in keys if key in state}, by_name=True)
        except Unfit as error:
            raise unfit(owner, "inputs", error) from error

    return read


def writer(model: Any, name: str) -> Callable[[Any], Any]:
    """Makes sure that a result is an instance of `Outputs`."""
    from pydantic import ValidationError as Unfit

    validate = model.__pydantic_validator__.validate_python

    def keep(result: Any) -> Any:
        if type(result) is model:
            return result
        try:
            return validate(result)
        except Unfit as error:
            raise unfit(f"node {name!r}", "outputs", error) from error

    return keep


def unfit(owner: str, what: str, error: Any) -> ValidationError:
    """The ValidationError for what pydantic found."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    fields = [".".join(str(part) for part in item["loc"]) for item in found]
    listed = "; ".join(
        f"{field or 'value'}: {item['msg']}" for field, item in zip(fields, found, strict=True)
    )
    return ValidationError(f"{owner}: its {what} do not fit: {listed}", fields)
