"""What is known of a graph that waits for a person, before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NewType, Optional

import pytest
from pydantic import BaseModel, TypeAdapter

from turngraph.engine import END, Graph, GraphError, Map, Node, Parallel, Pause
from turngraph.engine.check import declared
from turngraph.engine.contract import contract_of
from turngraph.engine.pause import answer_type


class Approval(BaseModel):
    by: str
    granted: bool


class Start(BaseModel):
    text: str


class Ask(Node):
    pauses = {"approval": Approval}

    def post(self, state) -> Pause | Literal["skip"] | None: ...


Answered = Pause | None
Id = NewType("Id", int)


def asks(annotation: Any, pauses: Any, **more: Any) -> type[Node]:
    def post(self, state): ...

    post.__annotations__["return"] = annotation
    return type("Asks", (Node,), {"post": post, "pauses": pauses, **more})


def reads(key: str, kind: Any) -> Node:
    model = type("Inputs", (BaseModel,), {"__annotations__": {key: kind}})
    return type(f"Read{key.title()}", (Node,), {"Inputs": model, "name": f"read_{key}"})()


def faults_of(*paths: Any, **options: Any) -> list[str]:
    with pytest.raises(GraphError) as caught:
        Graph("g", *paths, **options)
    assert all(fault.mend for fault in caught.value.faults)
    return [fault.message for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("annotation", "actions"),
    [
        (Pause, ("approval", "budget")), (Pause | None, ("default", "approval", "budget")),
        (Optional[Pause], ("default", "approval", "budget")),  # noqa: UP045
        (Pause | Literal["skip"], ("skip", "approval", "budget")), (Annotated[Pause, "why"], ("approval", "budget")),
        ("Pause", ("approval", "budget")), ("Pause | Literal['skip'] | None", ("skip", "default", "approval", "budget")),
        ("Answered", ("default", "approval", "budget")),
    ],
)  # fmt: skip
def test_pause_in_the_annotation_stands_for_every_name_declared(annotation, actions):
    contract = contract_of(asks(annotation, {"approval": Approval, "budget": int}))
    assert contract.faults == () and contract.actions == actions
    assert contract.pauses == {"approval": Approval, "budget": int}


def test_actions_that_are_listed_may_have_pauses_beside_them():
    contract = contract_of(asks(Any, {"budget": int}, actions=("skip",)))
    assert contract.faults == () and contract.actions == ("skip", "budget")


def test_pauses_are_inherited_like_actions():
    class Again(Ask):
        pass

    assert contract_of(Again).actions == contract_of(Ask).actions
    assert contract_of(type("Plain", (Node,), {})).pauses == {}


@pytest.mark.parametrize(
    "kind", [Approval, str, bool, int | None, Literal["yes", "no"], list[Approval], Id, Any]
)
def test_an_answer_may_be_of_any_type_that_can_be_validated(kind):
    assert contract_of(asks(Pause, {"answer": kind})).faults == ()
    assert isinstance(answer_type(kind), TypeAdapter)


@pytest.mark.parametrize(
    ("annotation", "pauses", "more", "says"),
    [
        (None, {"approval": Approval}, {}, "Asks declares pauses, and post does not return Pause"),
        (Literal["skip"], {"approval": Approval}, {}, "Asks declares pauses, and post does not return Pause"),
        (
            None,
            {"approval": Approval},
            {"post": None},
            "Asks declares pauses, and post does not return Pause",
        ),
        (Pause, {}, {}, "Asks.post returns Pause, and the class declares no pauses"),
        (Pause | None, {}, {}, "Asks.post returns Pause, and the class declares no pauses"),
        (Pause | Literal["approval"], {"approval": Approval}, {}, "'approval' is both an action and a pause"),
        (Pause | None, {"default": Approval}, {}, "'default' is both an action and a pause"),
        (Any, {"skip": Approval}, {"actions": ("skip",)}, "'skip' is both an action and a pause"),
        (Pause, {"": Approval}, {}, "the name '' is not a text, or empty"),
        (Pause, {1: Approval}, {}, "the name 1 is not a text, or empty"),
        (Pause, {"approval": 3}, {}, "'approval': 3 is no type"),
        (Pause, {"approval": None}, {}, "'approval': None is no type"),
        (Pause, {"approval": "Approval"}, {}, "'approval': 'Approval' is no type"),
        (Pause, {"approval": lambda value: value}, {}, "is no type"),
        (Pause, {"approval": {"by": str}}, {}, "is no type"),
        (Pause, {"approval": type("Odd", (), {})}, {}, "is a type that pydantic cannot validate"),
        (Pause, ["approval"], {}, "Asks.pauses is ['approval']"),
    ],
)
def test_pauses_that_cannot_be_are_a_fault(annotation, pauses, more, says):
    cls = type("Asks", (Node,), {"pauses": pauses}) if "post" in more else asks(annotation, pauses, **more)
    found = [fault for fault in contract_of(cls).faults if says in fault.message]
    assert len(found) == 1 and found[0].mend


def test_each_pause_is_an_action_that_must_be_wired():
    ask = Ask()
    found = faults_of(ask - "skip" >> END, ask >> END, inputs=Start)
    assert found == ["the action 'approval' of 'ask' is not wired"]
    found = faults_of(ask - "skip" >> END, ask >> END, ask - "aproval" >> END, inputs=Start)
    assert "'ask' is wired for the action 'aproval', which it never returns" in found


def test_its_edge_writes_the_answer_and_no_other_edge_does():
    ask, need = Ask(), reads("approval", Approval)
    Graph("g", ask - "approval" >> need >> END, ask - "skip" >> END, ask >> END, inputs=Start)
    found = faults_of(ask - "approval" >> need >> END, ask - "skip" >> need, ask >> END, inputs=Start)
    assert found == [
        "the input 'approval' of 'read_approval' is not written on the path ask -skip→ read_approval"
    ]


def test_the_answer_has_its_declared_type():
    ask = Ask()
    found = faults_of(
        ask - "approval" >> reads("approval", int) >> END, ask - "skip" >> END, ask >> END, inputs=Start
    )
    assert found == ["'read_approval' reads 'approval' as int, and what arrives is Approval"]


def test_the_answer_takes_the_place_of_an_output_of_the_same_name():
    class Draft(BaseModel):
        approval: str

    def write(self, prepared): ...

    node = asks(Pause | None, {"approval": Approval}, Outputs=Draft, exec=write)()
    says = declared(node)
    assert says.may == {"default": {"approval": (str,)}, "approval": {"approval": (Approval,)}}
    assert says.gives == {"default": {"approval"}, "approval": {"approval"}}


def test_a_sub_graph_gives_the_answer_by_the_action_that_it_ends_in():
    ask, need = Ask(), reads("approval", Approval)
    inner = Graph("inner", ask - "approval" >> END, ask - "skip" >> END, ask >> END, inputs=Start)
    Graph("g", inner - "approval" >> need >> END, inner - "skip" >> END, inner >> END, inputs=Start)
    found = faults_of(inner - "approval" >> END, inner - "skip" >> need >> END, inner >> END, inputs=Start)
    assert found == [
        "the input 'approval' of 'read_approval' is not written on the path inner -skip→ read_approval"
    ]


def test_a_sub_graph_that_ends_by_default_after_an_answer_gives_it_too():
    ask, end = asks(Pause, {"approval": Approval})(), type("Stop", (Node,), {})()
    inner = Graph("inner", ask - "approval" >> end >> END)
    Graph("g", inner >> reads("approval", Approval) >> END, inputs=Start)
    shut = Graph("inner", ask - "approval" >> end >> END, outputs=Start, inputs=Start)
    assert faults_of(shut >> reads("approval", Approval) >> END, inputs=Start) == [
        "nobody writes the input 'approval' of 'read_approval'"
    ]


def test_a_branch_that_ends_in_a_pause_cannot_be_joined_one_that_goes_on_can():
    ask, other = asks(Pause, {"approval": Approval})(), reads("text", str)
    found = faults_of(Parallel(ask, other) >> END, inputs=Start)
    assert found == ["the branch 'asks' of 'parallel' ends in 'approval'"]
    inner = Graph("inner", ask - "approval" >> type("Stop", (Node,), {})() >> END)
    Graph("g", Parallel(inner, other) >> reads("approval", Approval) >> END, inputs=Start)


def test_two_branches_that_wait_for_one_name_write_one_key():
    def branch(name: str) -> Graph:
        stop = type("Stop", (Node,), {})()
        return Graph(name, asks(Pause, {"approval": Approval})() - "approval" >> stop >> END)

    found = faults_of(Parallel(branch("a"), branch("b")) >> END, inputs=Start)
    assert found == ["the branches 'a' and 'b' both may write 'approval'"]


def test_the_items_of_a_map_may_wait():
    class Items(BaseModel):
        names: list[str]

    Graph("g", Map(asks(Pause, {"approval": Approval})(), over="names", into="said") >> END, inputs=Items)


def test_a_loop_may_have_a_pause_as_its_only_way_out():
    class Loop(Node):
        pauses: Mapping[str, Any] = {"stop": bool}

        def post(self, state) -> Pause | None: ...

    loop = Loop()
    Graph("g", loop >> loop, loop - "stop" >> END, inputs=Start)
    assert faults_of(loop >> loop, loop - "stop" >> loop, inputs=Start) == [
        "the loop loop → loop has no way out"
    ]


def test_a_pause_is_a_value():
    assert Pause("approval") == Pause(name="approval") and hash(Pause("a")) == hash(Pause("a"))
    with pytest.raises(AttributeError):
        Pause("a").name = "b"  # type: ignore[misc]
