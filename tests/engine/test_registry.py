"""Names, and services that are made once and only when needed."""

from __future__ import annotations

import pytest

from turngraph.engine import END, EngineError, Graph, Node, Registry, node


class Ask(Node):
    async def exec(self, *, oracle) -> None:
        oracle.append(1)


async def test_a_service_is_made_once_at_the_first_run_that_needs_it():
    made = []
    registry = Registry()
    registry.service("oracle", lambda: made.append([]) or made[-1])
    registry.add(Graph("ask", Ask() >> END))
    graph = registry.make_graph("ask")
    assert made == []
    await graph.run({})
    await registry.make_graph("ask").run({})
    assert made == [[1, 1]]


def test_a_registry_finds_what_others_hold_and_its_own_comes_first():
    class Other(Node):
        pass

    base = Registry()
    base.add(Ask)
    mine = Registry(base)
    mine.add(Other)
    assert set(mine.nodes) == {"Ask", "Other"} and set(base.nodes) == {"Ask"}


def test_unknown_and_double_names_are_errors():
    registry = Registry()
    registry.add(Ask, Ask)
    with pytest.raises(EngineError, match="two nodes are named 'Ask'"):
        registry.add(type("Ask", (Node,), {}))
    with pytest.raises(EngineError, match="no graph is named 'asc'"):
        registry.make_graph("asc")
    with pytest.raises(EngineError, match="takes node classes, nodes and graphs"):
        registry.add("Ask")


def test_function_nodes_are_known_by_their_functions_name():
    @node
    def shout() -> None: ...

    registry = Registry()
    registry.add(shout)
    assert registry.nodes == {"shout": type(shout)}


class Twin(Node):
    async def exec(self, *, db) -> None:
        db.append(1)


async def test_the_default_store_is_found_for_each_graph_and_moves_with_run():
    stores: list[list[int]] = []
    registry = Registry()
    registry.store("db", lambda: stores.append([]) or stores[-1])
    registry.add(Twin, Graph("twin", Twin() >> END))
    first, second = registry.make_graph("twin"), registry.make_graph("twin")
    await first.run({})
    await first.run({})
    await second.run({})
    assert stores == [[1, 1], [1]]
    other: list[int] = []
    await second.run({}, store=other)  # type: ignore[arg-type]
    assert other == [1] and stores == [[1, 1], [1]]
