"""Does a function of one's own become a tool, with schemas both ways that are kept to?"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from turngraph.services.errors import ToolError
from turngraph.services.tools import (
    Call,
    Progress,
    Said,
    Situation,
    Sources,
    Tool,
    Toolbox,
    code,
    decide,
    default_toolbox,
    run_tool,
    tool,
)
from turngraph.services.tools.grant import Allowance


class Receipt(BaseModel):
    paid: float
    on: date


@tool(asked=("send|pay",), example="send {euros} euros to {to}", timeout=7)
async def transfer(
    to: Annotated[str, Said(code)], euros: Annotated[float, Field(gt=0)], how: Literal["fast", "slow"] = "slow", *, key: str
) -> Receipt:  # fmt: skip
    """Sends money.

    To an account.
    """
    assert key == "k-1"
    return Receipt(paid=euros, on=date(2026, 3, 12))


@tool
def add(left: int, right: int = 2) -> int:
    """Adds two
    numbers."""
    return left + right


@tool(effect=False, name="steps")
def walk(count: int, progress: Progress) -> list[int]:
    """Walks."""
    for step in range(count):
        progress(step, count)
    return list(range(count))


async def outcome(made: Tool, arguments: dict[str, Any]) -> Any:
    return await run_tool(made, made.arguments.model_validate(arguments), "k-1", "e-1", lambda event: None)


async def test_a_function_is_a_tool() -> None:
    assert (transfer.name, transfer.purpose, transfer.timeout, transfer.effect) == (
        "transfer",
        "Sends money.",
        7,
        True,
    )
    assert (add.name, add.purpose, walk.name) == ("add", "Adds two numbers.", "steps")
    schema = transfer.input_schema()
    assert schema["required"] == ["to", "euros"] and list(schema["properties"]) == ["to", "euros", "how"]
    assert schema["additionalProperties"] is False
    assert transfer.output_schema()["required"] == ["paid", "on"]
    assert (add.output_schema(), list(walk.input_schema()["properties"])) == ({"type": "integer"}, ["count"])
    assert (await outcome(transfer, {"to": "DE1", "euros": 5})).result == {"paid": 5.0, "on": "2026-03-12"}
    assert (await outcome(add, {"left": 1})).result == 3
    assert (await outcome(walk, {"count": 3})).result == [0, 1, 2]


def test_bad_arguments_are_refused_by_the_schema() -> None:
    now = Situation({"transfer": transfer}, Allowance("Send 5 euros to DE1."), Sources([]))
    for arguments, rule in (
        ({"to": "DE1", "euros": 5}, "asked"),
        ({"to": "DE1", "euros": -5}, "invalid_arguments"),
        ({"to": "DE1"}, "invalid_arguments"),
        ({"to": "DE1", "euros": 5, "how": "at once"}, "invalid_arguments"),
        ({"to": "DE1", "euros": 5, "key": "mine"}, "invalid_arguments"),
        ({"to": "DE1", "euros": 5, "cc": "eve"}, "invalid_arguments"),
    ):
        assert decide(Call(tool="transfer", arguments=arguments), now).outcome.rule == rule, arguments


async def test_what_it_gives_is_held_against_what_it_declares() -> None:
    @tool
    def liar(way: str) -> int:
        """Lies."""
        values: dict[str, Any] = {"text": "not a number", "set": {1, 2}, "function": print, "fine": "7"}
        return values[way]  # type: ignore[no-any-return]

    said = "liar failed: it was called, but gave something else than it declares: it: "
    for way in ("text", "set", "function"):
        ended = await outcome(liar, {"way": way})
        assert ended.how == "failed" and ended.error.startswith(said), way
    assert (await outcome(liar, {"way": "fine"})).result == 7

    loose = Tool("loose", "Gives anything.", add.arguments, lambda arguments, key: print)
    assert "what it gave is no JSON" in (await outcome(loose, {"left": 1})).error
    odd = Tool(
        "odd",
        "Gives odd JSON.",
        add.arguments,
        lambda arguments, key: {"a\x00": ["\ud83d", float("nan"), (1,)]},
    )
    assert (await outcome(odd, {"left": 1})).result == {"a\ufffd": ["\ufffd", "nan", [1]]}
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    nested = Tool("nested", "Gives deep JSON.", add.arguments, lambda arguments, key: deep)
    assert "nested failed: it was called, but what it gave is" in (
        (await outcome(nested, {"left": 1})).error or ""
    )
    large = Tool("large", "Gives much.", add.arguments, lambda arguments, key: "x" * 200_000)
    assert "at most 100,000 are kept" in (await outcome(large, {"left": 1})).error


def test_a_function_that_no_model_could_call_says_why() -> None:
    def untyped(a):  # type: ignore[no-untyped-def]
        """Does."""

    def starred(*a: int) -> None:
        """Does."""

    def silent(a: int) -> None: ...

    def unknown(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Does."""

    def odd(a: object) -> None:
        """Does."""

    class Opaque:
        pass

    def opaque(a: Any) -> None:
        """Does."""

    opaque.__annotations__ = {"a": Opaque, "return": None}
    for function, said in (
        (untyped, "a has no type"),
        (starred, r"\*a: int|\*a"),
        (silent, "give the function a docstring"),
        (unknown, "the type 'Nowhere' is not known"),
        (opaque, "must be what JSON can say"),
    ):
        with pytest.raises(ValueError, match=said):
            tool(function)
    with pytest.raises(ValueError, match=r"the example 'x \{b\}' may name only"):
        tool(example="x {b}")(odd)


def test_the_tools_that_come_with_turngraph_take_and_give_what_they_say() -> None:
    box = default_toolbox(transfer)
    assert [one.name for one in box] == ["calculator", "fetch", "weather", "web_search", "transfer"] and len(
        box
    ) == 5
    for one in box:
        assert one.input_schema()["type"] == one.output_schema()["type"] == "object"
        with pytest.raises(ToolError, match="something else than it declares"):
            one.checked({"nothing": "of it"})
        now = Situation({one.name: one}, Allowance("?"), Sources([]))
        assert decide(Call(tool=one.name, arguments={"x": 1}), now).outcome.rule == "invalid_arguments"


def test_ones_own_takes_the_place_of_one_of_the_same_name() -> None:
    mine = Tool("weather", "My weather.", add.arguments, lambda arguments, key: "fine")
    box = default_toolbox(mine)
    assert box.granted(["weather"])["weather"] is mine and len(box) == 4
    with pytest.raises(ValueError, match="two tools are named weather"):
        Toolbox(mine, mine)
