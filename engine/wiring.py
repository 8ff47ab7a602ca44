"""From paths to nodes and edges, noting on the way what cannot be joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from .contract import contract_of, instance_faults
from .errors import Fault, did_you_mean, nearest
from .node import Node
from .path import END, End, Path, Wireable

Place: TypeAlias = tuple[int, int]
ENDS: Final = "END"


class Wiring:
    """The nodes of a graph by name, its start, and for each node where each action leads.

    `places` holds where in a file a node (`name`,) or an edge (`name`, action) was written.
    """

    def __init__(
        self,
        name: str,
        paths: Iterable[Path | Wireable],
        places: Mapping[tuple[str, ...], Place] | None = None,
    ) -> None:
        self.name = name
        self.start: str | None = None
        self.nodes: dict[str, Node] = {}
        self.edges: dict[str, dict[str, str]] = {}
        self.faults: list[Fault] = []
        self._places = places or {}
        if not isinstance(name, str) or not name.strip():
            self.fault(
                f"its name is {name!r}", 'a graph is given its name first: Graph("greet", hello >> END)'
            )
        whole = [path for given in paths if (path := self._path(given)) is not None]
        for path in whole:
            self._collect(path)
        for path in whole:
            self._join(path)
        if self.start is None and not self.faults:
            self.fault("it has no node", 'give it a path: Graph("greet", hello >> END)')

    def fault(self, message: str, mend: str, *place: str) -> None:
        """Notes a fault, with its place where the wiring came from a file."""
        line, column = self._places.get(place) or self._places.get(place[:1]) or (None, None)
        node = place[0] if place and place[0] in self.nodes else None
        self.faults.append(Fault(message, mend, line, column, node))

    def successors(self, name: str) -> Iterable[tuple[str, str]]:
        """Each action of a node that is wired, and where it leads."""
        return self.edges.get(name, {}).items()

    def _path(self, given: Path | Wireable) -> Path | None:
        if isinstance(given, (Path, Wireable)):
            return given if isinstance(given, Path) else Path((given,))
        mend = f"{given.__name__}()" if isinstance(given, type) else "hello >> END, one after the other"
        self.fault(f"{given!r} is no path", f"give paths of nodes: instances, not classes or lists: {mend}")
        return None

    def _collect(self, path: Path) -> None:
        for step in path.steps:
            if not isinstance(step, Node):
                continue
            known = self.nodes.setdefault(step.name, step)
            if known is not step:
                self.fault(
                    f"two nodes are named {step.name!r}",
                    f"give one of them a name of its own: {type(step).__name__}(name=...)",
                    step.name,
                )
            elif step.name not in self.edges:
                self.edges[step.name] = {}
                self._own_faults(step)
            self.start = self.start or step.name

    def _own_faults(self, node: Node) -> None:
        name: object = node.name
        if not isinstance(name, str) or not name.strip():
            self.fault(f"a node is named {name!r}", 'a name is a text: name="find"', node.name)
        elif name == ENDS:
            self.fault("a node is named 'END'", "END is where a run ends; choose another name", name)
        for fault in (*contract_of(type(node)).faults, *instance_faults(node)):
            self.fault(fault.message, fault.mend, node.name)

    def _join(self, path: Path) -> None:
        steps = [self._name(step) for step in path.steps]
        for source, action, target in zip(steps, path.actions, steps[1:], strict=False):
            if source == ENDS:
                self.fault(f"a path goes on past END to {target!r}", "END is the last step of a path")
            elif source is not None:
                self._edge(source, action, target)
        if path.open is not None:
            mend = f'lead it somewhere: {steps[-1]} - "{path.open}" >> END'
            self.fault(f"the path {path!r} ends in the open action {path.open!r}", mend)

    def _edge(self, source: str, action: str, target: str | None) -> None:
        leads = ENDS if target is None else target  # what a misspelt name meant is not known: let it end
        known = self.edges[source].setdefault(action, leads)
        if known != leads:
            self.fault(
                f"the action {action!r} of {source!r} leads to both {known!r} and {leads!r}",
                "an action leads to one step; declare another action",
                source,
                action,
            )

    def _name(self, step: Wireable | str) -> str | None:
        if isinstance(step, End):
            return ENDS
        if isinstance(step, Node):
            return step.name
        name = str(step)
        if name in self.nodes or name == ENDS:
            return name
        known = [*self.nodes, ENDS]
        self.fault(f"no node is named {name!r}", did_you_mean(name, known), "to", name)
        return nearest(name, known)


def ends(target: str) -> bool:
    """Whether an edge leads to the end."""
    return target == ENDS


__all__ = ["END", "ENDS", "Place", "Wiring", "ends"]
