"""The names by which YAML, the command line and workers find nodes, graphs, types and services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .errors import EngineError, did_you_mean
from .lazy import Lazy
from .node import Node

if TYPE_CHECKING:
    from .graph import Graph

C = TypeVar("C", bound=type)
# Inside Registry, `type` is a method: to a type checker these two say what the builtin would.
NodeClass: TypeAlias = type[Node]
AnyClass: TypeAlias = type


class Registry:
    """Holds node classes, function nodes, graphs, types and service factories by name.

    `Registry(other)` also finds what `other` holds; names of its own come first.
    """

    def __init__(self, *others: Registry) -> None:
        self._others = others
        self._nodes: dict[str, NodeClass] = {}
        self._graphs: dict[str, Callable[[], Graph]] = {}
        self._types: dict[str, AnyClass] = {}
        self._services: dict[str, Lazy] = {}
        self._store: tuple[str, Callable[[], Any]] | None = None

    def node(self, cls: C) -> C:
        """Registers a node class under its name; usable as a decorator."""
        self.add(cls)
        return cls

    def add(self, *things: Any) -> None:
        """Registers node classes, nodes made by @node, and graphs."""
        from .graph import Graph

        for thing in things:
            if isinstance(thing, Graph):
                self.graph(thing.name, _same(thing))
            elif isinstance(thing, type) and issubclass(thing, Node):
                self._put(self._nodes, "node", thing.__name__, thing)
            elif isinstance(thing, Node):
                self._put(self._nodes, "node", type(thing).__name__, type(thing))
            else:
                raise EngineError(f"Registry.add takes node classes, nodes and graphs, not {thing!r}")

    def graph(self, name: str, factory: Callable[[], Graph]) -> None:
        """Registers a graph by the function that makes it."""
        self._put(self._graphs, "graph", name, factory)

    def type(self, cls: C) -> C:
        """Registers a type that inputs= may name; usable as a decorator."""
        self._put(self._types, "type", cls.__name__, cls)
        return cls

    def service(self, name: str, factory: Callable[[], Any]) -> None:
        """Registers the function that makes a service; it is called once, at the first run that needs it."""
        self._put(self._services, "service", name, Lazy(factory))

    def store(self, name: str, factory: Callable[[], Any]) -> None:
        """Registers the default store of the graphs made here, which phases may also ask for under that name."""
        self._store = (name, factory)

    @property
    def nodes(self) -> Mapping[str, NodeClass]:
        """All node classes by name, those of @node functions among them."""
        return self._all("_nodes")

    @property
    def graphs(self) -> Mapping[str, Callable[[], Graph]]:
        """All graph factories by name."""
        return self._all("_graphs")

    @property
    def types(self) -> Mapping[str, AnyClass]:
        """All types by name."""
        return self._all("_types")

    @property
    def services(self) -> Mapping[str, Lazy]:
        """All services by name, made when first needed."""
        return self._all("_services")

    def make_graph(self, name: str) -> Graph:
        """The graph of that name, bound to this registry's services where it has none of its own."""
        found = self.graphs.get(name)
        if found is None:
            raise EngineError(f"no graph is named {name!r}; {did_you_mean(name, self.graphs)}")
        return self.equip(found())

    def equip(self, graph: Graph) -> Graph:
        """The graph with this registry's store and services, where it has none of its own."""
        services: dict[str, Any] = {k: v for k, v in self.services.items() if k not in graph.services}
        default = self._default_store()
        store = graph.store
        if default is not None and store is None and default[0] not in graph.services:
            # Found anew for each graph: what was open at the first one's first run may be closed by now.
            store = services[default[0]] = Lazy(default[1])
        ready = graph.bind(**services)
        ready.store = store
        ready.types = (*graph.types, *self.types.values())
        return ready

    def _default_store(self) -> tuple[str, Callable[[], Any]] | None:
        if self._store is not None:
            return self._store
        return next((found for other in self._others if (found := other._default_store())), None)

    def _all(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for other in reversed(self._others):
            found.update(other._all(kind))
        own: dict[str, Any] = getattr(self, kind)
        return found | own

    @staticmethod
    def _put(where: dict[str, Any], kind: str, name: str, thing: Any) -> None:
        if where.setdefault(name, thing) is not thing:
            raise EngineError(f"two {kind}s are named {name!r}; give one of them another name")


def _same(graph: Graph) -> Callable[[], Graph]:
    return lambda: graph
