"""A replay runs what changed, recalls what did not, and stores nothing."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, Map, MemoryStore, Node, Parallel, Pause

ran: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


class Text(BaseModel):
    text: str


class Prompt(Node):
    """Makes a prompt of the text; `style` is the version that changes."""

    Inputs = Text

    class Outputs(BaseModel):
        prompt: str

    def __init__(self, style: str = "plain") -> None:
        super().__init__()
        self.style = style

    async def exec(self, inputs: Text) -> Outputs:
        ran.append("prompt")
        return self.Outputs(prompt=f"{self.style} {inputs.text}")


class Generate(Node):
    class Inputs(BaseModel):
        prompt: str

    class Outputs(BaseModel):
        reply: str

    async def exec(self, inputs: Inputs) -> Outputs:
        ran.append("generate")
        return self.Outputs(reply=inputs.prompt.upper())


class Count(Node):
    Inputs = Text

    class Outputs(BaseModel):
        words: int

    async def exec(self, inputs: Text) -> Outputs:
        ran.append("count")
        return self.Outputs(words=len(inputs.text.split()))


def graph(style: str = "plain") -> Graph:
    return Graph("g", Prompt(style) >> Generate() >> Count() >> END, inputs=Text)


async def replayed(after: Graph, before: Graph, inputs: Any, **options: Any) -> Any:
    store = MemoryStore()
    await before.run(inputs, store=store, run_id="r")
    ran.clear()
    kept = (dict(store.runs), {run_id: dict(steps) for run_id, steps in store.steps.items()})
    found = await after.replay("r", store=store, **options)
    assert (store.runs, store.steps) == kept
    return found


async def test_the_same_graph_recalls_everything():
    found = await replayed(graph(), graph(), {"text": "hello you"})
    assert ran == [] and found.differences == {} and {step.how for step in found.steps} == {"recalled"}


async def test_a_changed_node_and_what_reads_its_result_run_again():
    found = await replayed(graph("loud"), graph(), {"text": "hello you"})
    assert ran == ["prompt", "generate"]
    assert [(step.path, step.how, step.keys) for step in found.steps] == [
        ("r/prompt/1", "ran", ("prompt",)),
        ("r/generate/1", "ran", ("reply",)),
        ("r/count/1", "recalled", ()),
    ]
    assert found.differences["reply"] == ("PLAIN HELLO YOU", "LOUD HELLO YOU")


async def test_named_nodes_run_again_in_any_case():
    found = await replayed(graph(), graph(), {"text": "x"}, again=["generate"])
    assert ran == ["generate"] and found.differences == {}


async def test_a_new_node_is_run_and_a_missing_ones_keys_count_as_changed():
    before = Graph("g", Prompt() >> Count() >> Generate() >> END, inputs=Text)
    after = Graph("g", Prompt() >> Shout() >> Generate() >> END, inputs=Text)
    found = await replayed(after, before, {"text": "x"})
    assert ran == ["shout", "generate"]
    assert [step.how for step in found.steps] == ["recalled", "new", "ran"]
    assert found.differences == {
        "words": (1, None),
        "prompt": ("plain x", "plain x!"),
        "reply": ("PLAIN X", "PLAIN X!"),
    }


class Shout(Node):
    class Inputs(BaseModel):
        prompt: str

    class Outputs(BaseModel):
        prompt: str

    async def exec(self, inputs: Inputs) -> Outputs:
        ran.append("shout")
        return self.Outputs(prompt=inputs.prompt + "!")


class Loop(Node):
    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def post(self, state) -> Literal["again"] | None:
        ran.append("loop")
        state["n"] = state.get("n", 0) + 1
        return "again" if state["n"] < self.times else None


def looped(times: int) -> Graph:
    loop = Loop(times)
    return Graph("g", loop - "again" >> loop, loop >> Count() >> END, inputs=Text)


async def test_another_way_through_the_graph_is_followed():
    found = await replayed(looped(3), looped(2), {"text": "x"})
    assert ran == ["loop", "loop", "loop"] and found.result["n"] == 3
    assert [step.how for step in found.steps] == ["ran", "ran", "new", "recalled"]
    assert found.differences == {"n": (2, 3)}


async def test_inside_sub_graphs_branches_and_items():
    def nested(style: str) -> Graph:
        inner = Graph("inner", Prompt(style) >> Generate() >> END, inputs=Text)
        each = Graph("each", Prompt(style) >> END)
        both = Parallel(inner, Count())
        return Graph("g", both >> Map(each, over="texts", item="text", into="out") >> END)

    given = {"text": "x", "texts": ["a", "b"]}
    same = await replayed(nested("plain"), nested("plain"), given)
    assert ran == [] and same.differences == {}
    again = await replayed(nested("plain"), nested("plain"), given, again=["count"])
    assert ran == ["count"] and again.differences == {}
    found = await replayed(nested("loud"), nested("plain"), given)
    assert sorted(ran) == ["generate", "prompt", "prompt", "prompt"]
    assert found.differences.keys() == {"prompt", "reply", "out"}


class Ask(Node):
    pauses = {"ok": bool}

    def post(self, state) -> Pause:
        return Pause("ok")


async def test_what_a_person_answered_is_recalled():
    store = MemoryStore()
    asking = Graph("g", Ask() - "ok" >> Count() >> END, inputs=Text)
    await asking.run({"text": "x"}, store=store, run_id="r")
    assert (await asking.replay("r", store=store)).result.status == "waiting"
    await asking.resume("r", True, store=store)
    found = await asking.replay("r", again=["ask"], store=store)
    assert found.result["ok"] is True and found.differences == {}
