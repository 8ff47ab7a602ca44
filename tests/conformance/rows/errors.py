"""Rows: what an error says, and what is refused before anything runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from turngraph.engine import END, Graph, Node, NotBound, Pause, UnknownAction, ValidationError

from ..parts import Fail, Number, Put, Say, choose, note, one, say
from ..row import IN_MEMORY, IN_PYTHON, Row


class In(Node):
    """Fails in the phase it is told."""

    def __init__(self, phase: str) -> None:
        super().__init__(name=f"fails_in_{phase}")
        self.phase = phase

    def _at(self, phase: str) -> None:
        note(phase)
        if self.phase == phase:
            raise LookupError(f"in {phase}")

    def prep(self, state: Any) -> None:
        self._at("prep")

    def exec(self) -> None:
        self._at("exec")

    def post(self, state: Any) -> None:
        self._at("post")


class AsyncIn(In):
    async def prep(self, state: Any) -> None:
        self._at("prep")

    async def exec(self) -> None:
        self._at("exec")

    async def post(self, state: Any) -> None:
        self._at("post")


def failing(node: Node) -> Graph:
    return Graph("failing", Say(name="before") >> node >> Say(name="after") >> END)


def phase(cls: type[In], name: str, *ran: str) -> Row:
    kind = "async " if cls is AsyncIn else ""
    return Row(
        rule=f"an error in {kind}{name} is the run's, as it was raised, with run, node and way",
        source="PocketFlow",
        graph=lambda: failing(cls(name)),
        raises=LookupError,
        text=(
            f"in {name}",
            "of graph 'failing' failed",
            f"at node 'fails_in_{name}'",
            f"on the way before → fails_in_{name}",
        ),
        ran=("before", *ran),
    )


class Session(Node):
    def post(self, state: Any, prepared: None, result: None, *, session: Any) -> None: ...


class Voice(Node):
    def exec(self, prepared: None, *, voice: Any, ear: Any) -> None: ...


class Optional(Node):
    def exec(self, prepared: None, *, voice: Any = "none") -> str:
        return str(voice)

    def post(self, state: Any, prepared: None, result: str) -> None:
        state["voice"] = result


class Waits(Node):
    pauses = {"approval": bool}

    def post(self, state: Any) -> Pause:
        return Pause("approval")


class Many(Node):
    class Inputs(BaseModel):
        number: int
        word: str
        missing: float

    def post(self, state: Any, inputs: Inputs) -> None: ...


class Text(Node):
    class Outputs(BaseModel):
        value: str

    def exec(self) -> Outputs:
        return self.Outputs(value="text")


class NeedsList(Node):
    class Inputs(BaseModel):
        value: list[int]

    def post(self, state: Any, inputs: Inputs) -> None: ...


class NeedsNumber(Node):
    class Inputs(BaseModel):
        value: int

    def post(self, state: Any, inputs: Inputs) -> None: ...


class SessionInExec(Node):
    def exec(self, prepared: None, *, session: Any) -> None: ...


class AsyncSession(Node):
    async def post(self, state: Any, prepared: None, result: None, *, session: Any) -> None: ...


class Generator(Node):
    def exec(self):  # type: ignore[no-untyped-def]
        yield 1


class NothingMakes(Node):
    class Outputs(BaseModel):
        value: int


class NoModel(Node):
    Inputs = dict  # type: ignore[assignment]


class Setting(Node):
    def __init__(self, value: Any) -> None:
        super().__init__()


class Wrong(Node):
    """A listed action, and one that is not."""

    def post(self, state: Any) -> Literal["found", "nothing"]:
        return "fuond"  # type: ignore[return-value]


def misspelt() -> Graph:
    wrong = Wrong()
    return Graph("g", wrong - "found" >> END, wrong - "nothing" >> END)


def everything() -> Graph:
    a, b, c = say("a", "b", "c")
    start = choose("x", "x", "y")
    return Graph("all", start - "x" >> a >> b >> a, start - "z" >> END, c >> END, Many() >> "nobody")


class Outside(BaseModel):
    made: int


ROWS = [
    phase(In, "prep", "prep"),
    phase(In, "exec", "prep", "exec"),
    phase(In, "post", "prep", "exec", "post"),
    phase(AsyncIn, "prep", "prep"),
    phase(AsyncIn, "exec", "prep", "exec"),
    phase(AsyncIn, "post", "prep", "exec", "post"),
    Row(
        rule="nothing runs after a node that failed",
        source="PocketFlow",
        graph=lambda: failing(Fail()),
        raises=ValueError,
        text="fail cannot",
        ran=("before", "fail"),
    ),
    Row(
        rule="an error in the first node is told with its way",
        source="silent there",
        graph=lambda: one(Fail()),
        raises=ValueError,
        text="at node 'fail' on the way fail",
    ),
    Row(
        rule="an undeclared action names the node, what it returned and what it may",
        source="claim CM-90",
        graph=misspelt,
        raises=UnknownAction,
        text=("node 'wrong' returned the action 'fuond'", "it declares 'found', 'nothing'"),
    ),
    Row(
        rule="every field that does not fit is named at once",
        source="silent there",
        graph=lambda: Graph("g", Put("number", "x") >> Put("word", 5) >> Many() >> END),
        raises=ValidationError,
        text=("'many'", "number", "word", "missing"),
    ),
    Row(
        rule="a service that nobody bound is an error before step one, with the mend",
        source="silent there",
        graph=lambda: failing(Voice()).bind(eyes=1),
        raises=NotBound,
        text=("'voice' (asked for by 'voice')", "'ear'", "bound are 'eyes'", "graph.bind(voice=...)"),
        ran=(),
    ),
    Row(
        rule="a service with a default may be missing",
        source="silent there",
        graph=lambda: one(Optional()),
        state={"voice": "none"},
    ),
    Row(
        rule="a service with a default is given where it is bound",
        source="silent there",
        graph=lambda: one(Optional()).bind(voice="loud"),
        state={"voice": "loud"},
    ),
    Row(
        rule="a node that asks for a session needs a store that has them, before step one",
        source="silent there",
        graph=lambda: failing(Session()),
        raises=NotBound,
        text=("'session' asks for a session", "store="),
        ran=(),
        modes=IN_MEMORY,
    ),
    Row(
        rule="a graph that can wait for a person needs a durable store, before step one",
        source="silent there",
        graph=lambda: Graph("g", Say() >> Waits() - "approval" >> END),
        raises=NotBound,
        text=("'waits'", "store="),
        ran=(),
        modes=IN_MEMORY,
    ),
    Row(
        rule="an action cannot be a pause that was not declared",
        source="silent there",
        graph=lambda: one(choose(Pause("approval"))),
        raises=UnknownAction,
        text="it declares 'default'",
        modes=IN_PYTHON,
    ),
    Row(
        rule="inputs= that is no model is refused",
        source="silent there",
        graph=lambda: one(Say(), inputs=dict),
        faults=("inputs= is <class 'dict'>, not a pydantic model",),
    ),
    Row(
        rule="all faults are listed at once",
        source="wrong there (none, or the first)",
        graph=everything,
        faults=(
            "the action 'y' of 'choose' is not wired",
            "wired for the action 'z', which it never returns",
            "no node is named 'nobody'",
            "no path leads to the node 'c'",
            "no path leads to the node 'many'",
            "the loop a → b → a has no way out",
        ),
    ),
    Row(
        rule="types that can never fit are refused",
        source="silent there",
        graph=lambda: Graph("g", Text() >> NeedsList() >> END),
        faults=("'needs_list' reads 'value' as list[int], and what arrives is str",),
    ),
    Row(
        rule="an input that nobody writes is refused",
        source="silent there",
        graph=lambda: Graph("g", NeedsNumber() >> END, inputs=Number),
        faults=("nobody writes the input 'value' of 'needs_number'",),
    ),
    Row(
        rule="outputs= that is not written on every path is refused",
        source="silent there",
        graph=lambda: Graph("g", Text() >> END, inputs=Number, outputs=Outside),
        faults=("outputs= needs 'made'",),
    ),
    Row(
        rule="an exec that asks for a session is refused",
        source="silent there",
        graph=lambda: one(SessionInExec()),
        faults=("SessionInExec.exec asks for a session, which only prep and post may",),
    ),
    Row(
        rule="a post with a session cannot be async",
        source="silent there",
        graph=lambda: one(AsyncSession()),
        faults=("AsyncSession.post asks for a session and is async",),
    ),
    Row(
        rule="a phase that is a generator is refused",
        source="silent there",
        graph=lambda: one(Generator()),
        faults=("Generator.exec is a generator",),
    ),
    Row(
        rule="Outputs that nothing makes are refused",
        source="silent there",
        graph=lambda: one(NothingMakes()),
        faults=("NothingMakes declares Outputs, and nothing makes them",),
    ),
    Row(
        rule="Inputs that are no model are refused",
        source="silent there",
        graph=lambda: one(NoModel()),
        faults=("NoModel.Inputs is not a pydantic model",),
    ),
    Row(
        rule="a parameter that is not a JSON value is refused",
        source="silent there",
        graph=lambda: one(Setting({1, 2})),
        faults=("the parameter 'value' is a set, not a JSON value",),
    ),
    Row(
        rule="a node cannot be named END",
        source="silent there",
        graph=lambda: one(Say(name="END")),
        faults=("a node is named 'END'", ...),
    ),
]
