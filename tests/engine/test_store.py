"""The seam to a store: sessions for prep, a transaction for post, and a post that is called twice."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

from turngraph.engine import END, Graph, Node, NodeFinished, NotBound, UnknownAction

setting: ContextVar[str] = ContextVar("setting", default="unset")


class Twice:
    """A store that rolls every write back once and runs it again, as one does after a void group."""

    def __init__(self) -> None:
        self.rows: list[object] = []
        self.keys: list[list[str]] = []
        self.calls = 0

    async def read(self, work):
        return work(tuple(self.rows))

    async def write(self, work, *, keys=()):
        self.keys.append(sorted(keys))
        for _ in range(2):
            session: list[object] = []
            self.calls += 1
            outcome = work(session)
        self.rows += session
        return outcome


class Append(Node):
    locks = ("user",)

    def post(self, state, prepared, result, *, session, context) -> None:
        state["items"].append("x")
        state["count"] = state.get("count", 0) + 1
        del state["gone"]
        setting.set("set")
        session.append(len(state["items"]))
        context.emit("written")


async def test_a_post_called_twice_starts_from_what_was_committed():
    store = Twice()
    graph = Graph("g", Append() >> END, store=store)
    events = [e async for e in graph.stream({"items": [], "gone": 1, "user": "ada"})]
    result = events[-1].result
    assert dict(result) == {"items": ["x"], "count": 1, "user": "ada"}
    assert (store.calls, store.rows, store.keys) == (2, [1], [["user:ada"]])
    assert sum(getattr(e, "value", None) == "written" for e in events) == 1
    assert next(e for e in events if isinstance(e, NodeFinished)).keys == ("items", "count")


async def test_contextvars_follow_into_post_and_out_of_it_after_the_commit():
    class Reads(Node):
        def post(self, state) -> None:
            state["setting"] = setting.get()

    graph = Graph("g", Append() >> Reads() >> END, store=Twice())
    assert (await graph.run({"items": [], "gone": 1}))["setting"] == "set"


async def test_prep_reads_through_the_store():
    class Sees(Node):
        def prep(self, state, *, session):
            return list(session)

        def post(self, state, prepared) -> None:
            state["saw"] = prepared

    store = Twice()
    graph = Graph("g", Append() >> Sees() >> END)
    assert (await graph.run({"items": [], "gone": 1}, store=store))["saw"] == [1]


async def test_without_a_store_a_node_that_asks_for_a_session_fails_before_step_one():
    ran = []

    class First(Node):
        async def exec(self) -> None:
            ran.append(1)

    with pytest.raises(
        NotBound, match=r"'append' asks for a session, and there is no store\. Give one with Graph"
    ):
        await Graph("g", First() >> Append() >> END).run({"items": []})
    assert ran == []


async def test_an_undeclared_action_is_found_before_the_commit():
    class Wrong(Node):
        actions = ("right",)

        def post(self, state, prepared, result, *, session):
            session.append("kept?")
            return "wrong"

    wrong, store = Wrong(), Twice()
    with pytest.raises(UnknownAction):
        await Graph("g", wrong - "right" >> END, store=store).run({})
    assert store.rows == []
