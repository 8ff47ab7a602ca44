"""What is read off a node class, and what is refused."""

from __future__ import annotations

from typing import Annotated, Literal, Optional

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, GraphError, Node
from turngraph.engine.contract import contract_of

Answer = Literal["yes", "no"]


class Base(Node):
    def post(self, state) -> Answer: ...


class Inherited(Base):
    pass


class Maybe(Node):
    def post(self, state) -> Optional[Literal["yes"]]: ...  # noqa: UP045


class Nested(Node):
    Kind = Literal["inner"]

    def post(self, state) -> Kind: ...


class Wrapped(Node):
    def post(self, state) -> Annotated[Answer, "why"] | None: ...


class Listed(Node):
    actions = ("one", "two")

    def post(self, state): ...


class Silent(Node):
    def post(self, state) -> None: ...


class Absent(Node):
    async def exec(self) -> None: ...


@pytest.mark.parametrize(
    ("cls", "actions"),
    [
        (Base, ("yes", "no")), (Inherited, ("yes", "no")), (Maybe, ("yes", "default")), (Nested, ("inner",)),
        (Wrapped, ("yes", "no", "default")), (Listed, ("one", "two")), (Silent, ("default",)), (Absent, ("default",)),
    ],
)  # fmt: skip
def test_actions_are_read_from_the_return_annotation(cls, actions):
    assert contract_of(cls).faults == ()
    assert contract_of(cls).actions == actions


def test_classes_made_inside_functions_are_read_too():
    class Local(Node):
        def post(self, state: NotImported) -> Answer: ...  # noqa: F821

    assert contract_of(Local).actions == ("yes", "no")


def bare(self, state) -> str: ...
def without(self, state): ...
def lost(self, state) -> Elsewhere: ...  # noqa: F821
def number(self, state) -> Literal[1]: ...
def empty(self, state) -> Literal[""]: ...


@pytest.mark.parametrize("post", [bare, without, lost, number, empty])
def test_actions_that_cannot_be_read_are_a_fault_with_its_mend(post):
    node = type("Vague", (Node,), {"post": post})()
    with pytest.raises(GraphError, match="the actions of Vague cannot be read") as caught:
        Graph("g", node >> END)
    assert 'actions = ("found", "nothing")' in caught.value.faults[0].mend


async def async_session(self, state, *, session): ...
async def exec_session(self, prepared, *, session): ...
async def misplaced(self, context): ...
async def generator(self, prepared):
    yield 1


def post_inputs(self, state, *, inputs) -> None: ...
def sync_exec(self, prepared): ...


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"prep": async_session}, "asks for a session and is async"),
        ({"exec": exec_session}, "asks for a session, which only prep and post may"),
        ({"exec": misplaced}, "where its own arguments stand"),
        ({"exec": generator}, "is a generator"),
        ({"post": post_inputs}, "asks for inputs"),
        ({"exec": sync_exec, "timeout": 1.0}, "a sync exec cannot be interrupted"),
        ({"Inputs": dict}, "Inputs is not a pydantic model"),
        ({"fallback": sync_exec}, "has a fallback and no exec"),
        ({"Outputs": type("O", (BaseModel,), {})}, "nothing makes them"),
        ({"actions": ()}, "actions is ()"),
    ],
)
def test_a_broken_contract_is_a_fault(body, says):
    with pytest.raises(GraphError) as caught:
        Graph("g", type("Broken", (Node,), body)() >> END)
    assert says in str(caught.value)


def test_parameters_are_what_the_constructor_was_given():
    class Tuned(Node):
        def __init__(self, size: int, *, words: list[str] | None = None) -> None:
            self.size, self.words = size, words

        def post(self, state) -> None: ...

    assert Tuned(3, words=["a"]).parameters == {"size": 3, "words": ["a"]}
    assert Tuned(3).name == "tuned"
    with pytest.raises(TypeError, match="size"):
        Tuned()


async def test_every_phase_may_ask_for_context():
    seen = []

    class All(Node):
        def prep(self, state, *, context):
            seen.append(context.node)

        async def exec(self, prepared, *, context):
            seen.append(context.attempt)
            raise OSError

        def fallback(self, prepared, error, *, context):
            seen.append(context.path)

        def post(self, state, prepared, result, *, context) -> None:
            seen.append(context.run_id)

    class Alone(Node):
        async def prep(self, state, *, context):
            seen.append(context.node)

    await Graph("g", All() >> Alone() >> END).run({}, run_id="r")
    assert seen == ["all", 1, "r/all/1", "r", "alone"]


def test_a_class_at_the_beginning_of_a_path_is_told_from_a_name():
    with pytest.raises(GraphError, match="Inherited is a class; instances are wired"):
        Inherited >> END  # type: ignore[operator]
