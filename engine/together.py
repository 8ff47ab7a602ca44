"""Several ways at once: what the branches of a Parallel and the items of a Map have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from .check import declared
from .graph import Graph
from .path import END

if TYPE_CHECKING:
    from .node import Node

State = dict[str, Any]


def as_graph(node: Node) -> Graph:
    """The node as a graph of its own, which shares its parent's keys."""
    if isinstance(node, Graph) and node.inputs is None and node.outputs is None:
        return node  # any other has a state of its own, inside a graph that shares its parent's keys
    return Graph(node.name, *(node - action >> END for action in declared(node).actions))


async def all_of(ways: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """The results in order; on the first failure the others are cancelled and awaited, and it is raised."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return [task.result() for task in tasks]
