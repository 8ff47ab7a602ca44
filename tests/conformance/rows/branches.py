"""Rows: which way a node's action leads, and what is no action."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, Retry, UnknownAction

from ..parts import Add, Number, Put, Say, Sign, choose, note, one, say
from ..row import Row


def signed() -> Graph:
    sign, add, take = Sign(), Add(10), Add(-20, name="take")
    return Graph("signed", sign - "positive" >> add >> END, sign - "negative" >> take >> END, inputs=Number)


def leads(value: Any, *actions: str) -> Graph:
    """A node that returns the value, each of its actions leading to a node of its own."""
    start = choose(value, *actions)
    nodes = say(*(f"to_{number}" for number in range(len(actions))))
    return Graph(
        "leads", *(start - action >> node >> END for action, node in zip(actions, nodes, strict=True))
    )


def no_action(value: Any, found: str, there: str, number: int) -> Row:
    """What is false, or no text, is an error that names the choices; nothing follows it."""
    return Row(
        rule=f"{number}. {found} is no action: an error, never the default or an end",
        source=f"wrong there ({there})",
        graph=lambda: leads(value, "default", "other"),
        raises=UnknownAction,
        text=(f"the action {value!r}", "'default', 'other'"),
        ran=("choose",),
    )


class Colour(Enum):
    RED = "red"


Answer: TypeAlias = Literal["yes", "no"]


class Aliased(Node):
    def post(self, state: Any) -> Answer | None:
        return "yes" if state["n"] else None


class Inherited(Aliased):
    pass


class Bare(Node):
    def post(self, state: Any) -> str:
        return "x"


class Silent(Node):
    def post(self, state: Any):  # type: ignore[no-untyped-def]
        return "x"


class Listed(Node):
    actions = ("yes", "no")

    def post(self, state: Any) -> str:
        return "yes" if state["n"] else "no"


def answered(node: Node) -> Graph:
    return Graph("g", node - "yes" >> Put("said", "yes") >> END, node - "no" >> END, node >> END)


def without_default(node: Node) -> Graph:
    return Graph("g", node - "yes" >> Put("said", "yes") >> END, node - "no" >> END)


class MakesText(Node):
    class Outputs(BaseModel):
        text: str

    def exec(self) -> Outputs:
        return self.Outputs(text="made")


class NeedsText(Node):
    class Inputs(BaseModel):
        text: str

    def post(self, state: Any, inputs: Inputs) -> None:
        state["seen"] = inputs.text


class Typed(Node):
    class Inputs(BaseModel):
        n: int

    def post(self, state: Any, inputs: Inputs) -> Literal["positive", "negative"]:
        return "positive" if inputs.n > 0 else "negative"


def half_written() -> Graph:
    typed, needs = Typed(), NeedsText()
    return Graph(
        "g", typed - "positive" >> MakesText() >> needs >> END, typed - "negative" >> needs, inputs=Number
    )


def both_written() -> Graph:
    typed, needs = Typed(), NeedsText()
    left, right = MakesText(name="left"), MakesText(name="right")
    return Graph(
        "g", typed - "positive" >> left >> needs >> END, typed - "negative" >> right >> needs, inputs=Number
    )


def diamond() -> Graph:
    sign, join = Sign(), Add(1, name="join")
    return Graph(
        "g", sign - "positive" >> Say(name="up") >> join >> END, sign - "negative" >> Say(name="down") >> join
    )


def one_place() -> Graph:
    sign, after = Sign(), Say(name="after")
    return Graph("g", sign - "positive" >> after >> END, sign - "negative" >> after)


class Flaky(Node):
    """Fails twice; then its fallback says what to do."""

    retry = Retry(attempts=2, wait=0)

    async def exec(self) -> str:
        note("flaky")
        raise OSError("away")

    def fallback(self, prepared: None, error: Exception) -> str:
        return "gave up"

    def post(self, state: Any, prepared: None, result: str) -> Literal["ok", "late", "gave up"]:
        return result  # type: ignore[return-value]


def three_ways() -> Graph:
    flaky = Flaky()
    return Graph(
        "three",
        flaky - "ok" >> Say(name="well") >> END,
        flaky - "late" >> Say(name="wait") >> END,
        flaky - "gave up" >> Say(name="sorry") - "default" >> END,
    )


def unwired() -> Graph:
    flaky = Flaky()
    return Graph("three", flaky - "ok" >> END, flaky - "late" >> END)


def ends(action: str) -> Graph:
    start = choose(action, "a", "b", "c")
    return Graph("ends", *(start - each >> END for each in "abc"))


def never_returned() -> Graph:
    sign = Sign()
    return Graph("g", sign - "positive" >> END, sign - "negative" >> END, sign - "zero" >> END)


def twice(same: bool) -> Graph:
    a, b, c = say("a", "b", "c")
    return Graph("g", a >> b >> END, a >> (b if same else c) >> END)


ROWS = [
    Row(
        rule="an action leads its own way: 5 becomes 15",
        source="PocketFlow",
        graph=signed,
        inputs={"n": 5},
        state={"n": 15},
        ran=("sign", "add"),
    ),
    Row(
        rule="and the other one the other way: -5 becomes -25",
        source="PocketFlow",
        graph=signed,
        inputs={"n": -5},
        state={"n": -25},
        ran=("sign", "take"),
    ),
    Row(
        rule="None means the default action",
        source="PocketFlow",
        graph=lambda: Graph("g", choose(None) >> Say(name="next") >> END),
        ran=("choose", "next"),
    ),
    Row(
        rule="the word default means the same as None",
        source="silent there",
        graph=lambda: Graph("g", choose("default") >> Say(name="next") >> END),
        ran=("choose", "next"),
    ),
    Row(
        rule="the action on the edge to END is the run's action",
        source="PocketFlow",
        graph=lambda: Graph("g", Say() >> choose("signal", "signal") - "signal" >> END),
        action="signal",
    ),
    Row(
        rule="one of several actions to END is the run's action",
        source="PocketFlow",
        graph=lambda: ends("b"),
        action="b",
    ),
    *(
        Row(
            rule=f"the action {action!r} is a text like others, in YAML too",
            source="wrong in KayGraph",
            graph=lambda action=action: leads(action, "other", action),
            ran=("choose", "to_1"),
        )
        for action in ("no", "1:30", "null", "7", "a b", "Ja, später", "END", "~")
    ),
    Row(
        rule="two actions can lead to one node",
        source="silent there",
        graph=one_place,
        inputs={"n": -1},
        ran=("sign", "after"),
    ),
    Row(
        rule="branches meet again",
        source="PocketFlow",
        graph=diamond,
        inputs={"n": -1},
        state={"n": 0},
        ran=("sign", "down", "join"),
    ),
    *(
        no_action(value, found, there, number)
        for number, (value, found, there) in enumerate(
            [
                ("", "an empty text", "it means default"),
                (False, "False", "it means default"),
                (0, "0", "it means default"),
                ([], "an empty list", "it means default"),
                (True, "True", "it warns and ends"),
                (1, "a number", "it warns and ends"),
                (["default"], "a list", "it is a TypeError"),
                ({"default": 1}, "a mapping", "it is a TypeError"),
                (("default",), "a tuple", "it warns and ends"),
                (Colour.RED, "a member of an Enum", "it warns and ends"),
                (b"default", "bytes", "it warns and ends"),
            ],
            1,
        )
    ),
    Row(
        rule="an action that is not declared is an error, though there is a default edge",
        source="wrong there (it warns and ends)",
        graph=lambda: leads("nope", "default", "other"),
        raises=UnknownAction,
        text=("node 'choose' returned the action 'nope'", "it declares 'default', 'other'"),
        ran=("choose",),
    ),
    Row(
        rule="an action that is not declared is an error, though nothing was to follow",
        source="wrong there (it ends in silence)",
        graph=lambda: one(choose("nope")),
        raises=UnknownAction,
        text="it declares 'default'",
    ),
    Row(
        rule="a number cannot be joined as an action",
        source="PocketFlow",
        graph=lambda: Graph("g", Say() - 5 >> END),  # type: ignore[operator]
        faults=("5 is not an action",),
    ),
    Row(
        rule="an empty text cannot be joined as an action",
        source="wrong there (it means default)",
        graph=lambda: Graph("g", Say() - "" >> END),
        faults=("'' is not an action",),
    ),
    Row(
        rule="two actions side by side are refused",
        source="silent there",
        graph=lambda: Graph("g", Say() - "a" - "b" >> END),
        faults=("'a' and 'b' stand side by side",),
    ),
    Row(
        rule="an action that leads nowhere is refused",
        source="silent there",
        graph=lambda: Graph("g", choose("a", "a") - "a"),
        faults=("ends in the open action 'a'", "'a' of 'choose' is not wired"),
    ),
    Row(
        rule="a declared action that is not wired is refused",
        source="wrong there (it ends with a warning); claim CM-90",
        graph=unwired,
        faults=("the action 'gave up' of 'flaky' is not wired",),
    ),
    Row(
        rule="a default that is not wired is refused",
        source="wrong there (it ends with a warning)",
        graph=lambda: Graph("g", choose("a", "default", "a") - "a" >> END),
        faults=("the action 'default' of 'choose' is not wired",),
    ),
    Row(
        rule="a last node that is not led to END is refused",
        source="wrong there (it ends in silence)",
        graph=lambda: Graph("g", Say(name="a") >> Say(name="b")),
        faults=("the action 'default' of 'b' is not wired",),
    ),
    Row(
        rule="an action that is wired and never returned is refused",
        source="silent there",
        graph=never_returned,
        faults=("'sign' is wired for the action 'zero', which it never returns",),
    ),
    Row(
        rule="one action to two places is refused",
        source="wrong there (the last one wins, with a warning)",
        graph=lambda: twice(False),
        faults=("the action 'default' of 'a' leads to both 'b' and 'c'", "no path leads to the node 'c'"),
    ),
    Row(
        rule="the same edge may be said twice",
        source="silent there",
        graph=lambda: twice(True),
        ran=("a", "b"),
    ),
    Row(
        rule="a node that no path leads to is refused",
        source="silent there",
        graph=lambda: Graph("g", Say(name="a") >> END, Say(name="b") >> END),
        faults=("no path leads to the node 'b'",),
    ),
    Row(
        rule="actions are read through aliases and unions",
        source="silent there",
        graph=lambda: answered(Aliased()),
        inputs={"n": 1},
        state={"said": "yes"},
    ),
    Row(
        rule="and from the class that a node inherits post from",
        source="silent there",
        graph=lambda: answered(Inherited()),
        inputs={"n": 0},
        gone=("said",),
    ),
    Row(
        rule="actions can be listed where the annotation cannot say them",
        source="silent there",
        graph=lambda: without_default(Listed()),
        inputs={"n": 0},
        action="no",
        gone=("said",),
    ),
    Row(
        rule="a post that returns any text is refused: which actions has it?",
        source="silent there",
        graph=lambda: one(Bare()),
        faults=("the actions of Bare cannot be read from post",),
    ),
    Row(
        rule="a post that does not say what it returns is refused",
        source="silent there",
        graph=lambda: one(Silent()),
        faults=("the actions of Silent cannot be read from post: it has no return annotation",),
    ),
    Row(
        rule="an input that one branch leaves unwritten is refused, naming the way",
        source="silent there",
        graph=half_written,
        faults=("the input 'text' of 'needs_text' is not written on the path typed -negative→ needs_text",),
    ),
    Row(
        rule="an input that every branch writes is proven",
        source="silent there",
        graph=both_written,
        inputs={"n": -1},
        state={"seen": "made"},
    ),
    Row(
        rule="three actions, retries and a fallback: the way that was chosen is walked",
        source="claim CM-90",
        graph=three_ways,
        ran=("flaky", "flaky", "sorry"),
        retries=((1, 0.0),),
    ),
]
