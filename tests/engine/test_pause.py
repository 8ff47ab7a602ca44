"""A run that waits for a person is kept, and goes on with the answer, once."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, Map, MemoryStore, Node, NotBound, Parallel, Pause, ValidationError
from turngraph.engine.record import NotWaiting

ran: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


class Approval(BaseModel):
    ok: bool
    by: str = "nobody"


class Draft(Node):
    def post(self, state) -> None:
        state["draft"] = "text"


class Ask(Node):
    pauses = {"approval": Approval}

    async def exec(self) -> None:
        ran.append("ask")

    def post(self, state) -> Pause:
        ran.append("post")
        state["asked"] = True
        return Pause("approval")


class Send(Node):
    class Inputs(BaseModel):
        approval: Approval

    class Outputs(BaseModel):
        sent: str

    async def exec(self, inputs: Inputs) -> Outputs:
        return self.Outputs(sent=inputs.approval.by)


def letter() -> Graph:
    ask = Ask()
    return Graph("letter", Draft() >> ask - "approval" >> Send() >> END)


async def test_a_run_waits_and_goes_on_with_the_answer():
    store = MemoryStore()
    waiting = await letter().run({}, store=store, run_id="r")
    assert (waiting.status, waiting["asked"], store.runs["r"].status) == ("waiting", True, "waiting")
    assert [(wait.name, wait.path) for wait in waiting.waits] == [("approval", "r/ask/1")]
    still = await letter().resume("r", store=store)
    assert still.status == "waiting" and still.waits == waiting.waits
    done = await letter().resume("r", {"ok": True, "by": "ada"}, store=store)
    assert (done.status, done["sent"], done["approval"]) == ("done", "ada", Approval(ok=True, by="ada"))
    assert ran == ["ask", "post"] and store.runs["r"].status == "done"


async def test_an_answer_is_given_once_and_must_fit():
    store = MemoryStore()
    await letter().run({}, store=store, run_id="r")
    with pytest.raises(ValidationError, match="'approval' do not fit: ok"):
        await letter().resume("r", {"by": "ada"}, store=store)
    with pytest.raises(NotWaiting, match=r"waits for no such answer \('refund'\); it waits for 'approval'"):
        await letter().resume("r", True, store=store, name="refund")
    assert store.runs["r"].status == "waiting"
    await letter().resume("r", Approval(ok=True), store=store)
    with pytest.raises(NotWaiting, match="has its answer already"):
        await letter().resume("r", Approval(ok=False), store=store)
    assert store.runs["r"].status == "done"


async def test_without_a_durable_store_it_fails_before_the_first_step():
    with pytest.raises(NotBound, match="'ask' can wait for a person"):
        await letter().run({})
    outer = Graph("outer", Draft() >> letter() >> END)
    with pytest.raises(NotBound, match="'ask'"):
        await outer.run({})


class Note(Node):
    def __init__(self, key: str, *, name: str) -> None:
        super().__init__(name=name)
        self.key = key

    async def exec(self) -> None:
        ran.append(self.name)

    def post(self, state) -> None:
        state[self.key] = 1


async def test_siblings_go_on_while_a_branch_waits():
    store = MemoryStore()
    inner = Graph("inner", Ask() - "approval" >> Note("after", name="after") >> END)
    other = Graph("other", Note("one", name="one") >> Note("two", name="two") >> END)
    graph = Graph("g", Parallel(inner, other) >> Note("end", name="end") >> END)
    waiting = await graph.run({}, store=store, run_id="r")
    assert waiting.status == "waiting" and sorted(ran) == ["ask", "one", "post", "two"]
    done = await graph.resume("r", {"ok": True}, store=store)
    assert ran[4:] == ["after", "end"] and done["two"] == 1 and done["approval"].ok


class AskEach(Node):
    pauses = {"price": int}

    def post(self, state) -> Pause | Literal["free"]:
        return Pause("price") if state["item"] else "free"


async def test_items_wait_each_for_its_own_answer():
    store = MemoryStore()
    ask = AskEach()
    each = Graph("each", ask - "price" >> END, ask - "free" >> END)
    graph = Graph("g", Map(each, over="items", into="out") >> END)
    waiting = await graph.run({"items": ["a", "", "b"]}, store=store, run_id="r")
    paths = [wait.path for wait in waiting.waits]
    assert paths == ["r/map_each/1/0/ask_each/1", "r/map_each/1/2/ask_each/1"]
    with pytest.raises(NotWaiting, match="say which with name="):
        await graph.resume("r", 3, store=store)
    waiting = await graph.resume("r", 3, store=store, name=paths[0])
    assert [wait.path for wait in waiting.waits] == paths[1:]
    done = await graph.resume("r", 5, store=store)
    assert done["out"] == [{"price": 3}, {}, {"price": 5}]


async def test_a_loop_asks_again_at_every_visit():
    class Again(Node):
        pauses = {"more": bool}

        def post(self, state) -> Pause | None:
            if state.get("more") is False:
                return None
            return Pause("more")

    again = Again()
    graph = Graph("g", again - "more" >> again, again >> END)
    store = MemoryStore()
    await graph.run({}, store=store, run_id="r")
    assert (await graph.resume("r", True, store=store)).status == "waiting"
    assert (await graph.resume("r", False, store=store)).status == "done"
    assert [step.answer for step in store.steps["r"].values()] == ["true", "false", None]
