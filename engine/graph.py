"""The graph: nodes wired by their actions, checked when it is built, walked by `run`."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from .check import Check, Declared, declared, fields, required
from .durable import begin, resume
from .errors import Fault, GraphError, NotBound
from .events import Event
from .lazy import Lazy, resolved
from .node import Node
from .path import DEFAULT, Path, Wireable
from .plan import Plan
from .result import Result
from .runner import execute, starting_state
from .store import RunStore, SessionStore, is_run_store
from .wiring import Wiring


class Graph(Node):
    """A workflow, wired by paths: `Graph("greet", hello >> bye >> END, inputs=Greeting)`.

    `inputs` is the pydantic model of what `run` is given, `outputs` that of what a surrounding graph
    gets back. `max_steps` bounds a run's steps, `deadline` its seconds. A Graph is a Node: inside another
    one its actions are those on its edges to END. Raises GraphError, which lists every fault.
    """

    def __init__(
        self,
        name: str,
        *paths: Path | Wireable,
        inputs: Any = None,
        outputs: Any = None,
        store: SessionStore | RunStore | Lazy | None = None,
        max_steps: int = 10_000,
        deadline: float | None = None,
    ) -> None:
        self._assemble(Wiring(name, paths), inputs, outputs, max_steps, deadline)
        self.store = store

    @classmethod
    def from_wiring(
        cls, wiring: Wiring, *, inputs: Any, outputs: Any, max_steps: int, deadline: float | None
    ) -> Graph:
        """A graph from a wiring made elsewhere, as by `load`, which knows the places of its parts."""
        graph: Graph = object.__new__(cls)
        graph._assemble(wiring, inputs, outputs, max_steps, deadline)
        graph.store = None
        return graph

    def _assemble(
        self, wiring: Wiring, inputs: Any, outputs: Any, max_steps: int, deadline: float | None
    ) -> None:
        self.name = wiring.name
        self.parameters = {}
        self.inputs, self.outputs = inputs, outputs
        self.max_steps, self.deadline = max_steps, deadline
        self.services: Mapping[str, Any] = {}
        for model, role in ((inputs, "inputs"), (outputs, "outputs")):
            if model is not None and not hasattr(model, "__pydantic_validator__"):
                wiring.faults.append(
                    Fault(
                        f"{role}= is {model!r}, not a pydantic model",
                        f"class Turn(BaseModel): ...; {role}=Turn",
                    )
                )
                raise GraphError(wiring.name, wiring.faults)
        self.proof = Check(wiring, inputs, outputs).run()
        if wiring.faults:
            raise GraphError(wiring.name, wiring.faults)
        self.nodes: Mapping[str, Node] = wiring.nodes
        self.edges: Mapping[str, Mapping[str, str]] = wiring.edges
        self.start = wiring.start or ""
        self._plan: Plan | None = None

    @property
    def unproven(self) -> list[tuple[str, str]]:
        """The inputs, as (node, key), that could not be proven to be written; they are validated when reached."""
        return list(self.proof.unproven)

    def bind(self, **services: Any) -> Graph:
        """A new graph whose phases are given these services by the names they ask for."""
        bound = copy.copy(self)
        bound.services = {**self.services, **services}
        bound._plan = None
        return bound

    async def run(
        self,
        inputs: Mapping[str, Any] | Any,
        *,
        store: SessionStore | RunStore | None = None,
        scope: Any = None,
        run_id: str | None = None,
    ) -> Result:
        """Walks the graph from its start to an END and returns the final state.

        With a RunStore the run is durable: every step is committed before the next, and `resume` goes on from there.
        """
        chosen = store if store is not None else resolved(self.store)
        plan, state = self._planned(chosen), starting_state(self, inputs)
        if is_run_store(chosen):
            return await begin(self, plan, chosen, state, scope, run_id)
        return await execute(self, plan, state, scope, run_id, None)

    async def resume(self, run_id: str, *, store: RunStore | None = None) -> Result:
        """Goes on with a durable run from its last committed step, in this process or in another one."""
        chosen = store if store is not None else resolved(self.store)
        if not isinstance(chosen, RunStore):
            raise NotBound(
                f"graph {self.name!r}: resume needs the durable store that the run is kept in: store=..."
            )
        return await resume(self, self._planned(chosen), chosen, run_id)

    async def stream(
        self,
        inputs: Mapping[str, Any] | Any,
        *,
        store: SessionStore | None = None,
        scope: Any = None,
        run_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Runs the graph and yields what happens; leaving the loop cancels the run."""
        plan = self._planned(store if store is not None else resolved(self.store))
        state = starting_state(self, inputs)
        told: asyncio.Queue[Event | None] = asyncio.Queue()
        run = asyncio.ensure_future(execute(self, plan, state, scope, run_id, told.put_nowait))
        run.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (event := await told.get()) is not None:
                yield event
            await run
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    def _planned(self, store: SessionStore | RunStore | None) -> Plan:
        sessions = store.sessions if is_run_store(store) else store
        if self._plan is None or self._plan.store is not sessions:
            self._plan = Plan(self, self._services_with(sessions), sessions)
        return self._plan

    def _services_with(self, store: SessionStore | None) -> Mapping[str, Any]:
        """The services, where one that is this graph's own store moves along with it."""
        if self.store is None or store is None:
            return self.services
        return {name: store if service is self.store else service for name, service in self.services.items()}

    def plan(self, services: Mapping[str, Any], store: SessionStore | None) -> Plan:
        """This graph made ready inside another: it inherits what it does not bind itself."""
        own = resolved(self.store)
        return Plan(self, {**services, **self.services}, own if own is not None else store)

    def declared(self) -> Declared:
        """What this graph reads and writes when it stands in another."""
        reads = fields(self.inputs) if self.inputs is not None else dict(self.proof.needs)
        must = required(self.inputs) if self.inputs is not None else frozenset(reads)
        gives: dict[str, Mapping[str, Any]] = dict(self.proof.gives)
        if self.outputs is not None:
            gives = {action: fields(self.outputs) for action in gives}
        actions = tuple(gives) or (DEFAULT,)
        may = frozenset(fields(self.outputs)) if self.outputs is not None else self._may()
        return Declared(actions, reads, must, gives, self.proof.opaque and self.outputs is None, may)

    def _may(self) -> frozenset[str]:
        return frozenset().union(*(declared(node).may for node in self.nodes.values()))

    def shape(self) -> dict[str, Any]:
        """The graph as JSON values: what `dump` writes, and what two equal graphs have in common."""
        from .shape import shape_of

        return shape_of(self)

    @property
    def shape_hash(self) -> str:
        """A text that changes when the shape does."""
        return hashlib.sha256(json.dumps(self.shape(), sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}>"
