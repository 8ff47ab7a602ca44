"""Branches at the same time, joined when all are done."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Collision, Graph, GraphError, Node, Parallel, Registry, dump, load


class Start(BaseModel):
    words: list[str]


def writer(key: str, delay: float = 0.0, fails: bool = False) -> Node:
    async def run(self: Any, inputs: Any) -> Any:
        await asyncio.sleep(delay)
        if fails:
            raise OSError(key)
        return {key: len(inputs.words)}

    outputs = type("Outputs", (BaseModel,), {"__annotations__": {key: int}})
    return type(
        f"Write{key.title()}",
        (Node,),
        {"Inputs": Start, "Outputs": outputs, "exec": run, "name": f"write_{key}"},
    )()


class Change(Node):
    def __init__(self, word: str, key: str | None = None, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.word, self.key = word, key

    def post(self, state) -> None:
        state["words"].append(self.word)
        state[self.key or f"seen_{self.name}"] = list(state["words"])
        state["words"].remove(self.word)


async def test_branches_run_together_and_are_joined():
    both = Parallel(writer("a", 0.03), writer("b", 0.03), Graph("more", writer("c") >> END))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    result = await Graph("g", both >> END, inputs=Start).run({"words": ["x", "y"]})
    assert dict(result) == {"words": ["x", "y"], "a": 2, "b": 2, "c": 2}
    assert loop.time() - begun < 0.05 * 10


async def test_a_branch_sees_nothing_of_another_and_changes_nothing_but_its_own():
    both = Parallel(Change("one", name="one"), Change("two", name="two"))
    result = await Graph("g", both >> END, inputs=Start).run({"words": ["x"]})
    assert (result["seen_one"], result["seen_two"], result["words"]) == (["x", "one"], ["x", "two"], ["x"])


async def test_the_first_failure_cancels_the_others_and_is_raised_as_it_was():
    ended = []

    class Slow(Node):
        async def exec(self) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append("slow")

    graph = Graph("g", Parallel(writer("a", 0.01, fails=True), Slow(), name="both") >> END, inputs=Start)
    with pytest.raises(OSError, match="a") as caught:
        await graph.run({"words": []})
    assert ended == ["slow"]
    assert caught.value.__notes__[0] == "in branch 'write_a' on the way write_a"
    assert "failed at node 'both'" in caught.value.__notes__[1]


async def test_two_branches_that_wrote_one_key_fail_at_the_join_with_both_named():
    both = Parallel(Change("one", "same", name="one"), Change("two", "same", name="two"))
    with pytest.raises(Collision, match="'one' and 'two' both wrote 'same'"):
        await Graph("g", both >> END, inputs=Start).run({"words": []})


class Routes(Node):
    def post(self, state) -> Literal["left", "right"]:
        return "left"


@pytest.mark.parametrize(
    ("branches", "says"),
    [
        (lambda: [writer("a"), Graph("other", writer("a") >> END)], "both may write 'a'"),
        (lambda: [writer("a"), Routes()], "the branch 'routes' of 'parallel' ends in 'left'"),
        (lambda: [writer("a")], "has the branches 'write_a'"),
        (lambda: [Change("x", name="n"), Change("y", name="n")], "has the branches 'n', 'n'"),
    ],
)
def test_what_cannot_be_joined_is_a_fault(branches, says):
    with pytest.raises(GraphError, match=says):
        Graph("g", Parallel(*branches()) >> END, inputs=Start)


async def test_what_follows_a_join_is_proven():
    needs = type(
        "Needs", (Node,), {"Inputs": type("I", (BaseModel,), {"__annotations__": {"a": int, "b": int}})}
    )
    assert Graph("g", Parallel(writer("a"), writer("b")) >> needs() >> END, inputs=Start).unproven == []
    with pytest.raises(GraphError, match="nobody writes the input 'b'"):
        Graph("g", Parallel(writer("a"), writer("c")) >> needs() >> END, inputs=Start)


def test_it_stands_in_yaml():
    registry = Registry()
    registry.add(Change)
    registry.type(Start)
    both = Parallel(Change("one", name="one"), Graph("inner", Change("two", name="two") >> END), name="both")
    graph = Graph("g", both >> END, inputs=Start)
    assert "parallel" in dump(graph)
    assert load(dump(graph), registry).shape() == graph.shape()
