"""A run and the graph it began with, when that graph is another one now: what changed, and whether the run still fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .codec import Codec
from .record import RunRecord, StepRecord
from .recorder import RESULT, State, changed

Shape = Mapping[str, Any]


def differences(old: Shape, new: Shape) -> str:
    """What changed between two shapes, in a few words."""
    found = []
    for part in ("nodes", "edges"):
        gone, added = old[part].keys() - new[part].keys(), new[part].keys() - old[part].keys()
        other = [name for name in old[part].keys() & new[part].keys() if old[part][name] != new[part][name]]
        for word, names in (("without", gone), ("with new", added), ("with changed", other)):
            if names:
                found.append(f"{word} {part} {', '.join(sorted(map(repr, names)))}")
    rest = [
        key
        for key in old.keys() | new.keys()
        if key not in ("nodes", "edges") and old.get(key) != new.get(key)
    ]
    found += [f"{key}: {old.get(key)!r}, now {new.get(key)!r}" for key in sorted(rest)]
    return "; ".join(found) or "something in it"


@dataclass(slots=True)
class Visit:
    """One visit of a node on a level of a graph: the step it ended with, and the steps inside it."""

    segment: str
    path: str
    step: StepRecord | None = None
    inside: list[StepRecord] = field(default_factory=list)


def visits(steps: Iterable[StepRecord], prefix: str) -> list[Visit]:
    """The visits of one level, in the order in which they began to commit."""
    found: dict[str, Visit] = {}
    for step in sorted(steps, key=lambda step: step.number):
        if not step.path.startswith(prefix + "/") or step.path.endswith(RESULT):
            continue
        name, _, rest = step.path[len(prefix) + 1 :].partition("/")
        count, _, inside = rest.partition("/")
        visit = found.setdefault(f"{name}/{count}", Visit(name, f"{prefix}/{name}/{count}"))
        if inside:
            visit.inside.append(step)
        else:
            visit.step = step
    return list(found.values())


def folded(codec: Codec, state: State, steps: Iterable[StepRecord], prefix: str) -> State:
    """The state on a level after all that was committed there."""
    for visit in visits(steps, prefix):
        if visit.step is not None and not (visit.step.waits and visit.step.answer is None):
            state = changed(state, codec, visit.step)
            if visit.step.waits and visit.step.answer is not None:
                state[visit.step.waits] = codec.decode(visit.step.answer)
    return state


def way(run: RunRecord, steps: Iterable[StepRecord]) -> list[tuple[str, str]]:
    """What a run walked on its graph's own level, as (node, action); a step that is not done has no action."""
    return [
        (unquote(visit.segment), visit.step.action if visit.step is not None else "")
        for visit in visits(steps, prefix(run))
    ]


def prefix(run: RunRecord) -> str:
    """How the paths of a run's steps begin; after a migration they are others."""
    return f"{run.run_id}~{run.era}" if run.era else run.run_id


def standing(shape: Shape, steps: Iterable[StepRecord], prefix: str, start: str | None) -> str:
    """The node that a run would have come to next, by the graph it began with."""
    walked = visits(steps, prefix)
    if not walked:
        return start or str(shape["start"])
    last = walked[-1]
    name = unquote(last.segment)
    if last.step is None or (last.step.waits and last.step.answer is None):
        return name
    return str(shape["edges"].get(name, {}).get(last.step.action, name))


def misfits(
    old: Shape, new: Shape, steps: list[StepRecord], prefix: str, start: str | None = None
) -> list[str]:
    """Why what was committed with the old graph is no beginning of a walk through the new one; nothing if it is."""
    return list(_misfits(old, new, steps, prefix, start))


def _misfits(
    old: Shape, new: Shape, steps: list[StepRecord], prefix: str, start: str | None
) -> Iterator[str]:
    walked = visits(steps, prefix)
    names = [unquote(visit.segment) for visit in walked]
    begins = start or str(new["start"])
    if names and names[0] != begins:
        yield f"it began at {names[0]!r}, and this one begins at {begins!r}"
    for number, (visit, name) in enumerate(zip(walked, names, strict=True)):
        if name not in new["nodes"]:
            yield f"the node {name!r}, which it has walked, is gone"
            continue
        if visit.step is None:
            yield from _inside(old["nodes"][name], new["nodes"][name], visit, name)
            continue
        edges = new["edges"].get(name, {})
        if visit.step.action not in edges:
            yield f"it left {name!r} by {visit.step.action!r}, which is not wired any more"
        elif number + 1 < len(names) and edges[visit.step.action] != names[number + 1]:
            yield f"{visit.step.action!r} led from {name!r} to {names[number + 1]!r}, and now leads to {edges[visit.step.action]!r}"


def _inside(old: Shape, new: Shape, visit: Visit, name: str) -> Iterator[str]:
    """What was under way inside a node must go on inside it: in a sub-graph, in each branch, for each item."""
    kinds = [kind for kind in ("graph", "parallel", "map") if kind in old and kind in new]
    fixed = any(old.get(key) != new.get(key) for key in ("over", "item", "into"))
    if not kinds or fixed or (kinds == ["map"] and old["map"].keys() != new["map"].keys()):
        yield f"{name!r} was under way, and is another one now"
    elif kinds == ["graph"]:
        yield from _misfits(old["graph"], new["graph"], visit.inside, visit.path, None)
    else:
        for part in dict.fromkeys(
            step.path[len(visit.path) + 1 :].partition("/")[0] for step in visit.inside
        ):
            one = unquote(part) if kinds == ["parallel"] else next(iter(old["map"]))
            before, now = old[kinds[0]][one], new[kinds[0]].get(one)
            if now is None or ("graph" in before) != ("graph" in now):
                yield f"the branch {one!r} of {name!r} was under way, and is gone or another one now"
            elif "graph" in before:
                ways = _way(one, before["graph"]), _way(one, now["graph"])
                yield from _misfits(*ways, visit.inside, f"{visit.path}/{part}", None)


def _way(name: str, graph: Shape) -> Shape:
    """What a branch or an item walks: the graph itself, or one around it, where it has a state of its own."""
    if "inputs" not in graph and "outputs" not in graph:
        return graph
    ends = {action: "END" for edges in graph["edges"].values() for action, to in edges.items() if to == "END"}
    return {"start": name, "nodes": {name: {"graph": graph}}, "edges": {name: ends}}
