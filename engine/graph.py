"""The graph: nodes wired by their actions, checked when it is built, walked by `run`."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .check import Check, Declared
from .durable import NOTHING, Migration, begin, resume
from .errors import GraphError, NotBound
from .events import Event
from .lazy import Lazy, resolved
from .node import Node
from .path import Path, Wireable
from .plan import Plan
from .result import Result
from .runner import execute, starting_state
from .store import RunStore, SessionStore, is_run_store
from .wiring import Wiring

if TYPE_CHECKING:
    from .replay import Replay


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
        self.types: tuple[type, ...] = ()
        if type(max_steps) is not int or max_steps < 1:
            wiring.fault(f"max_steps is {max_steps!r}", "how many steps a run may take: 1 or more")
        if deadline is not None and not (type(deadline) in (int, float) and deadline > 0):
            wiring.fault(f"deadline is {deadline!r}", "seconds for a whole run, more than 0")
        self.proof = Check(wiring, inputs, outputs).run()
        if wiring.faults:
            raise GraphError(wiring.name, wiring.faults)
        self.nodes: Mapping[str, Node] = wiring.nodes
        self.edges: Mapping[str, Mapping[str, str]] = wiring.edges
        self.start = wiring.start or ""
        self.pausing = next(_pausing(self), None)
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
        """Walks the graph from its start to an END, or until it waits for a person, and returns the state.

        With a RunStore the run is durable: every step is committed before the next, and `resume` goes on from there.
        """
        return await self._started(inputs, store, scope, run_id, None)

    async def resume(
        self,
        run_id: str,
        value: Any = NOTHING,
        *,
        store: RunStore | None = None,
        name: str | None = None,
        migrate: Migration | None = None,
    ) -> Result:
        """Goes on with a durable run from its last committed step, in this process or in another one.

        `value` answers what the run waits for; where it waits for several things, `name` says which (a pause's name,
        or its step's path). A run that began with another graph goes on with this one if what it walked is a way
        through it, or with `migrate(state, node)`, which gives the state and the node to go on with. Raises
        UnknownRun, RunOwned, RunChanged, NotWaiting, and what `run` raises.
        """
        chosen = self._durable(store, "resume")
        return await resume(self, self.planned(chosen), chosen, run_id, value, name, migrate)

    async def fork(
        self,
        run_id: str,
        at: str | int,
        state: Mapping[str, Any],
        *,
        store: RunStore | None = None,
        new_id: str | None = None,
    ) -> Result:
        """Begins a new run with another run's steps up to `at`, then `state` on top, and walks on from there.

        `at` is a step's path or number, 0 for the beginning. Raises UnknownStep, and what `resume` raises.
        """
        from .fork import fork

        chosen = self._durable(store, "fork")
        return await fork(self, self.planned(chosen), chosen, run_id, at, state, new_id)

    async def replay(
        self, run_id: str, *, again: Collection[str] = (), store: RunStore | None = None
    ) -> Replay:
        """Walks a stored run again through this version of the graph, and compares; nothing is stored.

        A step is recalled, not run, where neither its node nor anything it may read has changed. `again` names
        nodes that are run in any case, as where their code or their model is another. Effects are not repeated: a step
        whose post takes a session is recalled, and if it is new, rolled back.
        """
        from .replay import replay

        return await replay(self, self._durable(store, "replay"), run_id, again)

    def _durable(self, store: RunStore | None, what: str) -> RunStore:
        chosen = store if store is not None else resolved(self.store)
        if not is_run_store(chosen):
            raise NotBound(
                f"graph {self.name!r}: {what} needs the durable store that the run is kept in: store=..."
            )
        return chosen

    async def _started(
        self,
        inputs: Mapping[str, Any] | Any,
        store: SessionStore | RunStore | None,
        scope: Any,
        run_id: str | None,
        tell: Callable[[Event], None] | None,
    ) -> Result:
        chosen = store if store is not None else resolved(self.store)
        plan, state = self.planned(chosen), starting_state(self, inputs)
        if is_run_store(chosen):
            return await begin(self, plan, chosen, state, scope, run_id, tell)
        if self.pausing is not None:
            raise NotBound(
                f"graph {self.name!r}: its node {self.pausing!r} can wait for a person, and a run that waits must be "
                f"kept: give run(..., store=db.runs), where db is a turngraph.models.DatabaseManager, or a MemoryStore"
            )
        return await execute(self, plan, state, scope, run_id, tell)

    async def stream(
        self,
        inputs: Mapping[str, Any] | Any,
        *,
        store: SessionStore | RunStore | None = None,
        scope: Any = None,
        run_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Runs the graph and yields what happens; leaving the loop cancels the run."""
        told: asyncio.Queue[Event | None] = asyncio.Queue()
        run = asyncio.ensure_future(self._started(inputs, store, scope, run_id, told.put_nowait))
        run.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (event := await told.get()) is not None:
                yield event
            await run
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    def planned(self, store: SessionStore | RunStore | None) -> Plan:
        """This graph made ready to run with a store."""
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
        return self.proof.says

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


def _pausing(graph: Any) -> Iterator[str]:
    for node in graph.nodes.values():
        if node.pauses:
            yield node.name
        elif hasattr(node, "nodes"):
            yield from _pausing(node)
