"""Wiring: paths are values, names are stable, a graph is a node."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph, GraphError, Node, NotBound, ValidationError, node


class Start(BaseModel):
    number: int
    label: str = "none"


class Double(Node):
    class Inputs(BaseModel):
        number: int

    class Outputs(BaseModel):
        doubled: int

    async def exec(self, inputs: Inputs) -> Outputs:
        return self.Outputs(doubled=inputs.number * 2)


class Route(Node):
    class Inputs(BaseModel):
        doubled: int

    def post(self, state, inputs, result) -> Literal["large", "small"]:
        return "large" if inputs.doubled > 10 else "small"


class Mark(Node):
    def __init__(self, text: str = "seen", *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.text = text

    def post(self, state) -> None:
        state["mark"] = self.text


async def test_a_run_takes_the_way_its_actions_name():
    double, route = Double(), Route()
    large, small = Mark("large", name="large"), Mark("small", name="small")
    graph = Graph(
        "size", double >> route - "large" >> large >> END, route - "small" >> small >> END, inputs=Start
    )
    assert (await graph.run({"number": 9}))["mark"] == "large"
    result = await graph.run({"number": 1})
    assert dict(result) == {"number": 1, "label": "none", "doubled": 2, "mark": "small"}
    assert (result.action, result.status) == ("default", "done")


async def test_wiring_changes_no_node_so_one_can_stand_in_several_graphs():
    double = Double()
    before = dict(vars(double))
    one = Graph("one", double >> END, inputs=Start)
    two = Graph("two", double >> Mark() >> END, inputs=Start)
    assert vars(double) == before
    assert "mark" not in await one.run({"number": 1})
    assert (await two.run({"number": 1}))["mark"] == "seen"


def test_names_come_from_the_class_or_from_name():
    class HTTPCallNode(Node):
        def post(self, state) -> None: ...

    assert HTTPCallNode().name == "http_call_node"
    assert Mark("x", name="special").name == "special"


def test_a_node_may_be_named_by_text_where_it_is_wired_elsewhere():
    double, route = Double(), Route()
    graph = Graph("text", double >> route - "small" >> "mark", route - "large" >> Mark() >> END, inputs=Start)
    assert graph.edges["route"] == {"small": "mark", "large": "mark"}
    with pytest.raises(GraphError, match="did you mean 'mark'"):
        Graph("text", double >> route - "small" >> "marc", route - "large" >> Mark() >> END, inputs=Start)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Double() >> Mark, "Mark is a class; instances are wired"),
        (lambda: Double() >> 5, "5 cannot stand in a path"),
        (lambda: Double() - 5, "5 is not an action"),
        (lambda: Double() - "", "'' is not an action"),
        (lambda: Double() - "a" - "b", "stand side by side"),
        (lambda: Graph("g", Double() >> END >> Mark(), inputs=Start), "goes on past END"),
        (lambda: Graph("g", Double() - "default", inputs=Start), "ends in the open action 'default'"),
        (lambda: Graph("g", Mark(name="x") >> Mark(name="x") >> END), "two nodes are named 'x'"),
        (lambda: Graph("g", Mark(name="END") >> END), "a node is named 'END'"),
        (lambda: Graph("g"), "it has no node"),
        (lambda: Graph("g", Mark() >> END, inputs=dict), "not a pydantic model"),
        (lambda: Graph("g", Mark(object()) >> END), "not a JSON value"),
    ],
)
def test_what_cannot_be_wired_says_what_mends_it(make, says):
    with pytest.raises(GraphError, match=says) as caught:
        make()
    assert all(fault.mend for fault in caught.value.faults)


def test_one_action_leads_to_one_step():
    mark, double = Mark(), Double()
    Graph("same", double >> mark >> END, double >> mark, inputs=Start)
    with pytest.raises(GraphError, match="leads to both 'mark' and 'END'"):
        Graph("two", double >> mark >> END, double >> END, inputs=Start)


async def test_unknown_inputs_are_refused_with_the_nearest_name():
    graph = Graph("g", Double() >> END, inputs=Start)
    with pytest.raises(ValidationError, match="did you mean 'number'"):
        await graph.run({"numbr": 1})
    with pytest.raises(ValidationError) as caught:
        await graph.run({"number": "many"})
    assert caught.value.fields == ("number",)


async def test_a_sub_graph_with_models_runs_on_its_own_state():
    class Given(BaseModel):
        number: int

    class Back(BaseModel):
        doubled: int

    class Peek(Node):
        def post(self, state) -> None:
            state["saw"] = sorted(state)

    inner = Graph("inner", Double() >> Peek() >> END, inputs=Given, outputs=Back)
    route = Route()
    graph = Graph("outer", inner >> route, route - "small" >> END, route - "large" >> END, inputs=Start)
    result = await graph.run({"number": 2, "label": "kept"})
    assert dict(result) == {"number": 2, "label": "kept", "doubled": 4}


async def test_without_models_a_sub_graph_shares_its_parents_keys():
    class Drop(Node):
        def post(self, state) -> None:
            del state["label"]

    inner = Graph("inner", Double() >> Drop() >> END)
    graph = Graph("outer", inner >> Mark() >> END, inputs=Start)
    assert dict(await graph.run({"number": 2})) == {"number": 2, "doubled": 4, "mark": "seen"}


async def test_the_action_of_a_sub_graph_is_the_one_on_its_edge_to_end():
    route = Route()
    inner = Graph("inner", Double() >> route, route - "large" >> END, route - "small" >> Mark("s") >> END)
    assert set(inner.declared().actions) == {"large", "default"}
    graph = Graph("outer", inner - "large" >> Mark("big", name="big") >> END, inner >> END, inputs=Start)
    assert (await graph.run({"number": 50}))["mark"] == "big"
    assert (await graph.run({"number": 1}))["mark"] == "s"


async def test_bind_returns_a_new_graph_and_sub_graphs_inherit_it():
    class Ask(Node):
        async def exec(self, *, oracle) -> None:
            oracle.append("asked")

    inner = Graph("inner", Ask() >> END)
    graph = Graph("outer", inner >> END)
    with pytest.raises(NotBound, match=r"'oracle' \(asked for by 'ask'\); bound are 'db'"):
        await graph.bind(db=1).run({})
    heard, own = [], []
    await graph.bind(oracle=heard).run({})
    assert heard == ["asked"]
    await Graph("outer", inner.bind(oracle=own) >> END).bind(oracle=heard).run({})
    assert (heard, own) == (["asked"], ["asked"])


async def test_a_function_can_be_a_node():
    class Greeting(BaseModel):
        greeting: str

    @node
    def greet(name: str, mark: str = "!", *, language) -> Greeting:
        """Greets."""
        return Greeting(greeting=f"{language} {name}{mark}")

    graph = Graph("greet", greet >> END).bind(language="Hello")
    assert (await graph.run({"name": "Ada"}))["greeting"] == "Hello Ada!"
    assert graph.unproven == [("greet", "name")]
    with pytest.raises(ValidationError, match="name: Field required"):
        await graph.run({})


def test_a_function_node_returns_a_model_or_nothing():
    with pytest.raises(GraphError, match="returns <class 'str'>"):

        @node
        def wrong(name: str) -> str:
            return name


def test_the_shape_knows_parameters_and_not_bound_objects():
    graph = Graph("g", Mark("a", name="m") >> END)
    assert graph.bind(db=object()).shape_hash == graph.shape_hash
    assert Graph("g", Mark("b", name="m") >> END).shape_hash != graph.shape_hash
    assert graph.shape()["nodes"]["m"] == {"node": "Mark", "with": {"text": "a"}}


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (lambda: Graph("g", Node(name="a") >> END, max_steps=0), "max_steps is 0"),
        (lambda: Graph("g", Node(name="a") >> END, max_steps=1.5), "max_steps is 1.5"),
        (lambda: Graph("g", Node(name="a") >> END, deadline=-1), "deadline is -1"),
        (lambda: Graph("g", Node(name="a") >> END, deadline=float("nan")), "deadline is nan"),
        (lambda: Graph("g", Node(name="a", timeout=0) >> END), "has the timeout 0"),
        (lambda: Graph("g", Node(name="a", retry=3) >> END), "has the retry 3"),
        (lambda: Graph("g", Node(name=5) >> END), "a node is named 5"),
        (lambda: Graph("g", Node(name=" ") >> END), "a node is named ' '"),
    ],
)
def test_bounds_that_cannot_be_are_faults(build, fault):
    with pytest.raises(GraphError, match=fault):
        build()
