"""Rows: loops, and how they end."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from turngraph.engine import END, DeadlineExceeded, Graph, Node, Retry, StepLimit

from ..parts import Add, Number, Put, Say, Times, Until, choose, note, say
from ..row import IN_PYTHON, Row


class Below(Node):
    """Says whether the number is below zero; the loop ends with a signal."""

    def post(self, state: Any) -> Literal["cycle_done"] | None:
        note(self.name)
        return "cycle_done" if state["n"] < 0 else None


def countdown() -> Graph:
    take, below = Add(-3), Below()
    return Graph("countdown", take >> below >> take, below - "cycle_done" >> END, inputs=Number)


def counted(limit: int, step: int = 1, **options: Any) -> Graph:
    add, until = Add(step), Until(limit)
    return Graph("counted", add >> until - "again" >> add, until >> END, inputs=Number, **options)


class Step(Node):
    """A loop of one node."""

    def post(self, state: Any) -> Literal["again"] | None:
        note(self.name)
        state["n"] += 1
        return "again" if state["n"] < 4 else None


def itself() -> Graph:
    step = Step()
    return Graph("itself", step - "again" >> step, step >> END)


def two_exits() -> Graph:
    a, b = Until(3, name="a"), Below(name="b")
    return Graph("exits", a - "again" >> b >> a, a >> END, b - "cycle_done" >> END)


def nested() -> Graph:
    inner, outer = Until(3, name="inner"), Until(100, name="outer")
    add, times = Add(1), Times(10)
    return Graph(
        "nested", add >> inner - "again" >> add, inner >> times >> outer - "again" >> add, outer >> END
    )


def around_a_graph() -> Graph:
    body, until = Graph("body", Add(1) >> Times(2) >> END), Until(20)
    return Graph("around", body >> until - "again" >> body, until >> END)


def two_starts() -> Graph:
    a, b, c = say("a", "b", "c")
    until = Until(2)
    return Graph("back", a >> b >> Add(1) >> until - "again" >> b, until >> c >> END)


def caught() -> Graph:
    a, b, c = say("a", "b", "c")
    return Graph("caught", a >> b >> c >> b)


def caught_beside() -> Graph:
    start, lost = choose("out", "out", "in"), Say(name="lost")
    return Graph("beside", start - "out" >> END, start - "in" >> lost >> lost)


class Try(Node):
    """Succeeds at the second attempt of each visit."""

    retry = Retry(attempts=2, wait=0)

    def exec(self, prepared: None, *, context: Any) -> None:
        note(f"try {context.attempt}")
        if context.attempt == 1:
            raise OSError("first")

    def post(self, state: Any) -> Literal["again"] | None:
        state["n"] += 1
        return "again" if state["n"] < 2 else None


def tried() -> Graph:
    tries = Try()
    return Graph("tried", tries - "again" >> tries, tries >> END)


class Sleeps(Node):
    async def exec(self) -> None:
        await asyncio.sleep(0.001)


def endless(node: Node) -> Graph:
    until = Until(1)
    return Graph("endless", node >> until - "again" >> node, until >> END, deadline=0.02, max_steps=10**9)


class Visits(Node):
    """Notes the path of its step."""

    def exec(self, prepared: None, *, context: Any) -> str:
        return str(context.path.split("/", 1)[1])

    def post(self, state: Any, prepared: None, result: str) -> Literal["again"] | None:
        state["paths"] = [*state.get("paths", []), result]
        return "again" if len(state["paths"]) < 3 else None


def visiting() -> Graph:
    visits = Visits()
    return Graph("visiting", visits - "again" >> visits, visits >> END)


ROWS = [
    Row(
        rule="a loop runs until its node says so: 10 goes down to -2, and the signal is the run's action",
        source="PocketFlow",
        graph=countdown,
        inputs={"n": 10},
        state={"n": -2},
        ran=("add", "below") * 4,
        action="cycle_done",
    ),
    Row(
        rule="the state is carried round",
        source="PocketFlow",
        graph=lambda: counted(3),
        inputs={"n": 0},
        state={"n": 3},
        ran=("add", "until") * 3,
    ),
    Row(
        rule="a loop of many rounds commits each of them",
        source="KayGraph",
        graph=lambda: counted(30),
        inputs={"n": 0},
        state={"n": 30},
    ),
    Row(
        rule="a node can lead to itself",
        source="PocketFlow",
        graph=itself,
        inputs={"n": 0},
        state={"n": 4},
        ran=("step",) * 4,
    ),
    Row(
        rule="a loop may have two exits",
        source="silent there",
        graph=two_exits,
        inputs={"n": -1},
        ran=("a", "b"),
        action="cycle_done",
    ),
    Row(
        rule="a loop in a loop",
        source="silent there",
        graph=nested,
        inputs={"n": 0},
        state={"n": 310},
        ran=("add", "inner") * 3 + ("times", "outer") + ("add", "inner", "times", "outer"),
    ),
    Row(
        rule="a loop around a sub-graph",
        source="PocketFlow",
        graph=around_a_graph,
        inputs={"n": 0},
        state={"n": 30},
    ),
    Row(
        rule="a loop back into the middle of a chain",
        source="PocketFlow",
        graph=two_starts,
        inputs={"n": 0},
        ran=("a", "b", "add", "until", "b", "add", "until", "c"),
    ),
    Row(
        rule="each visit of a node is a step of its own",
        source="wrong in KayGraph",
        graph=visiting,
        state={"paths": ["visits/1", "visits/2", "visits/3"]},
    ),
    Row(
        rule="attempts are counted anew at each visit",
        source="silent there",
        graph=tried,
        inputs={"n": 0},
        ran=("try 1", "try 2", "try 1", "try 2"),
        modes=IN_PYTHON,
    ),
    Row(
        rule="a loop with no way out is refused, naming its nodes",
        source="silent there (it runs for ever)",
        graph=caught,
        faults=("the loop b → c → b has no way out",),
    ),
    Row(
        rule="also where only one branch is caught in it",
        source="silent there (it runs for ever)",
        graph=caught_beside,
        faults=("the loop lost → lost has no way out",),
    ),
    Row(
        rule="more steps than max_steps are an error",
        source="silent there (it runs for ever)",
        graph=lambda: counted(10**9, max_steps=7),
        inputs={"n": 0},
        raises=StepLimit,
        text=("max_steps=7", "on the way add → until → add"),
        ran=("add", "until", "add", "until", "add", "until", "add"),
    ),
    Row(
        rule="exactly max_steps are none",
        source="silent there",
        graph=lambda: counted(3, max_steps=6),
        inputs={"n": 0},
        state={"n": 3},
    ),
    Row(
        rule="a loop that sleeps is ended by the deadline",
        source="silent there (it runs for ever)",
        graph=lambda: endless(Sleeps()),
        inputs={"n": 0},
        raises=DeadlineExceeded,
        text="longer than its deadline of 0.02 s",
    ),
    Row(
        rule="a loop that never sleeps is ended by the deadline too",
        source="silent there (it runs for ever)",
        graph=lambda: endless(Put("x", 1)),
        inputs={"n": 0},
        raises=DeadlineExceeded,
        text="longer than its deadline of 0.02 s",
    ),
]
