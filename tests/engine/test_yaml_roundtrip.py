"""Nothing is lost between a graph and its YAML: property tests over generated graphs."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from turngraph.engine import (
    END,
    Graph,
    GraphError,
    Map,
    Node,
    Parallel,
    Pause,
    Registry,
    Retry,
    dump,
    load,
    node,
)
from turngraph.engine.check import declared

registry = Registry()


@registry.type
class Question(BaseModel):
    text: str = ""


@registry.type
class Reply(BaseModel):
    answer: str = ""


@registry.node
class Step(Node):
    """Takes anything, and ends in one action."""

    def __init__(
        self,
        value: Any = None,
        /,
        *words: Any,
        setting: Any = None,
        name: str | None = None,
        retry: Retry | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name, retry=retry, timeout=timeout)
        self.given = (value, words, setting, options)

    async def exec(self, prepared: None) -> None:
        return None


@registry.node
class Choose(Node):
    """Its actions look like anything but text."""

    retry = Retry(attempts=5)
    timeout = 2.5

    async def exec(self, prepared: None) -> None:
        return None

    def post(self, state) -> Literal["no", "1:30", "~", " ", "<<", "True", "0x1F", "2001-01-01", "- a"]:
        return "no"


@registry.node
class Wait(Node):
    pauses = {"approval": Reply, "null": Reply}

    def post(self, state) -> Pause:
        return Pause("approval")


@node
def plain() -> None:
    """A node made of a function."""


registry.add(plain)

CONFUSING = [
    *("no", "yes", "on", "off", "y", "n", "null", "Null", "~", "true", "False", "1:30", "0o17", "0x1F", "017", "1e3"),
    *(".inf", "-.INF", ".nan", "2001-01-01", "2001-12-14t21:59:43.10-05:00", "1_000", "+5", "-", "?", ":", "=", "<<"),
    *("#", "# a", "a # b", "a: b", "a:", "- a", "? a", "[", "]", "{}", ",", "&a", "*a", "!", "!!str", "%TAG", "@", "`"),
    *("---", "...", "'", '"', '"a"', "|", ">", " a", "a ", "a\n", "\na", "a\n\nb", "a\tb", "\\", "\\n", "default"),
    *("END ", "end", "nodes", "node", "graph", "with", "\x00", "\x07", "\x1b[0m", "\x7f", "\x85", "\u2028", "\ufeff"),
    *("\u200b", "é", "e\u0301", "名前", "😀", "\U0010ffff", "\ufffe", "a" * 130, "word " * 40, "0", "-0.0", "1.", ".5"),
]  # fmt: skip

characters = st.characters(exclude_categories=["Cs"])
texts = st.sampled_from(CONFUSING) | st.text(characters, max_size=20)
names = texts.filter(lambda name: bool(name.strip()) and name != "END")
numbers = (
    st.integers()
    | st.integers(-(10**80), 10**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([-0.0, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, 10**4000])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=6,
)
seconds = st.floats(0.001, 1e9) | st.integers(1, 100) | st.just(math.inf)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 9),
    wait=st.floats(0, 100) | st.integers(0, 9),
    factor=st.floats(1, 10),
    max_wait=seconds,
    jitter=st.floats(0, 1),
    final=st.booleans(),
)
options = st.dictionaries(
    names.filter(lambda key: key not in ("name", "retry", "timeout", "setting", "self")), values, max_size=2
)


@st.composite
def steps(draw: st.DrawFn, name: str, joins: bool) -> Node:
    kind = draw(st.integers(2 if joins else 0, 9))
    if kind == 0:
        return Wait(name=name)
    if kind == 1:
        chosen = Choose(name=name)
        chosen.retry = draw(st.none() | retries)
        chosen.timeout = draw(st.none() | seconds)
        return chosen
    if kind == 2:
        made: Node = type(plain)()
        made.name = name
        return made
    given = draw(st.lists(values, max_size=3))
    more = draw(options)
    if draw(st.booleans()):
        more = {**more, "setting": draw(values)}
    return Step(*given, name=name, retry=draw(st.none() | retries), timeout=draw(st.none() | seconds), **more)


@st.composite
def nodes(draw: st.DrawFn, name: str, depth: int = 2, joins: bool = False) -> Node:
    """A node of any kind; one that `joins` can be a branch of a Parallel."""
    kind = draw(st.integers(0, 5)) if depth else 5
    if kind == 0:
        return draw(graphs(name, depth - 1, joins))
    if kind == 1:
        branches = draw(st.lists(names, min_size=2, max_size=3, unique=True))
        return Parallel(*(draw(nodes(one, depth - 1, True)) for one in branches), name=name)
    if kind == 2:
        more = {"item": names, "limit": st.integers(1, 99), "errors": st.sampled_from(["raise", "collect"])}
        over, into = draw(st.lists(names, min_size=2, max_size=2, unique=True))
        each = draw(nodes(draw(names), depth - 1, draw(st.booleans())))
        return Map(each, over=over, into=into, name=name, **draw(st.fixed_dictionaries({}, optional=more)))
    return draw(steps(name, joins))


@st.composite
def graphs(draw: st.DrawFn, name: str | None = None, depth: int = 2, joins: bool = False) -> Graph:
    called = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    made = [draw(nodes(one, depth, joins)) for one in called]
    paths = []
    for here, after in zip(made, [*made[1:], END], strict=True):
        first, *others = declared(here).actions
        paths.append(here - first >> after)
        # Whatever else it returns leads anywhere: back, on, or out.
        paths += [here - action >> draw(st.sampled_from([*made, END])) for action in others]
    more = {
        "inputs": draw(st.sampled_from([None, Question])),
        "outputs": draw(st.sampled_from([None, Reply])),
        "max_steps": draw(st.integers(1, 10**9)),
        "deadline": draw(st.none() | seconds),
    }
    try:
        return Graph(draw(names) if name is None else name, *paths, **more)
    except GraphError:  # a loop without a way out, two branches that write one key
        reject()


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_a_graph_comes_back_as_it_was(graph: Graph) -> None:
    text = dump(graph)
    again = load(text, registry)
    assert again.shape() == graph.shape()
    assert again.shape_hash == graph.shape_hash  # which also tells 1 from 1.0 and from True
    assert dump(graph) == text == dump(again)


@given(texts | st.text(characters))
@settings(max_examples=150, deadline=None)
def test_a_text_comes_back_as_it_was_wherever_it_stands(text: str) -> None:
    step = Step(text, {text: [text]}, name=f"a{text}")
    graph = Graph(f"{text}a", step >> END)
    again = load(dump(graph), registry)
    assert again.name == f"{text}a" and list(again.nodes) == [f"a{text}"]
    assert again.shape() == graph.shape()


def again(graph: Graph) -> Graph:
    found = load(dump(graph), registry)
    assert found.shape() == graph.shape() and found.shape_hash == graph.shape_hash
    return found


def test_what_a_constructor_takes_by_any_means_is_given_back_by_the_same() -> None:
    step = Step(1, "two", "three", setting=4, five=5, name="six", retry=Retry(attempts=7), timeout=8)
    found = again(Graph("g", step >> END)).nodes["six"]
    assert isinstance(found, Step) and found.given == (1, ("two", "three"), 4, {"five": 5})
    assert (found.retry, found.timeout) == (Retry(attempts=7), 8)


def test_a_node_may_be_without_what_its_class_has() -> None:
    chosen = Choose(name="c")
    chosen.retry = chosen.timeout = None
    found = again(Graph("g", *(chosen - action >> END for action in declared(chosen).actions))).nodes["c"]
    assert (found.retry, found.timeout) == (None, None)
    kept = Choose(name="c")
    found = again(Graph("g", *(kept - action >> END for action in declared(kept).actions))).nodes["c"]
    assert (found.retry, found.timeout) == (Retry(attempts=5), 2.5)


def test_one_class_twice_and_one_graph_in_several_places() -> None:
    inner = Graph("inner", Step(1, name="a") >> Step(2, name="b") >> END)
    outer = Graph(
        "outer", inner >> Parallel(inner, Step(3, name="c")) >> Map(inner, over="x", into="y") >> END
    )
    again(outer)


def test_a_registered_graph_keeps_its_name_however_often_it_is_used() -> None:
    inner, held = Graph("inner", Step(name="a") >> END), Registry(registry)
    held.add(inner)
    text = "graph: g\nnodes: {one: {graph: inner}, two: {graph: inner}}\nedges: {one: two, two: END}\n"
    found = load(text, held)
    assert list(found.nodes) == ["one", "two"] and [one.name for one in found.nodes.values()] == [
        "one",
        "two",
    ]
    assert inner.name == "inner" and held.graphs["inner"]() is inner


class Speed(StrEnum):
    FAST = "fast"


def test_a_text_or_number_of_another_class_is_written_as_what_it_is() -> None:
    graph = Graph("g", Step(Speed.FAST, {Speed.FAST: (True, Speed.FAST)}, name="s") >> END)
    assert graph.shape()["nodes"]["s"]["with"] == {"value": "fast", "words": [{"fast": [True, "fast"]}]}
    again(graph)


def test_the_same_text_is_read_and_written_the_same_for_ever() -> None:
    text = "nodes: {b: Step, no: {node: Step, with: {words: [1, 1.0, '1']}}}\nedges: {no: b, b: END}\ngraph: g\nstart: no\n"
    once = dump(load(text, registry))
    assert dump(load(once, registry)) == once
    assert once == (
        "graph: g\nstart: 'no'\nnodes:\n  'no':\n    node: Step\n    with:\n      words:\n      - 1\n      - 1.0\n      - \"1\"\n"
        "  b: Step\nedges:\n  'no': b\n  b: END\n"
    )


def nested(depth: int) -> list[object]:
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        (Graph("g", Step("\ud800", name="s") >> END), "invalid Unicode character escape"),
        (Graph("g", Step(nested(60), name="s") >> END), "nested more than 40 deep"),
        (Graph("g", Step(nested(90), name="s") >> END), "nested"),
        (Graph("g", Step(10**5000, name="s") >> END), "a parameter cannot be written"),
        (Graph("g", Step("x" * 300_000, name="s") >> END), "at most 262,144"),
        (Graph("g", Step([1] * 20_000, name="s") >> END), "more than 20,000 parts"),
        (Graph("g", *(Step(name=f"s{n}") >> f"s{n + 1}" for n in range(501)), Step(name="s501") >> END), "at most 500"),
        (Graph("g", Step(name="a") >> type("Step", (Node,), {})(name="b") >> END), "a second node class is named 'Step'"),
        (Graph("g", Graph("h", Step(name="a") >> END, inputs=Reply) >> END, inputs=type("Reply", (Question,), {})), "a second type is named 'Reply'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_yaml_cannot_say_is_not_written(graph: Graph, says: str) -> None:
    with pytest.raises(GraphError) as caught:
        dump(graph)
    assert says in str(caught.value)
