"""Types that cannot fit, held against what pydantic makes of their values."""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Protocol, TypeVar
from uuid import UUID, uuid4

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    HttpUrl,
    PydanticUserError,
    RootModel,
    SecretStr,
    TypeAdapter,
    field_validator,
    model_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from turngraph.engine.fits import ListOf, accepts, can_fit, type_name


class One(BaseModel):
    x: int = 1


class Two(BaseModel):
    x: int = 1


class Plain(enum.Enum):
    word = "r"
    number = 1


class Word(enum.StrEnum):
    word = "r"


class Number(enum.IntEnum):
    one = 1


@dataclass
class Data:
    x: int = 1


class Typed(TypedDict):
    x: int


class Pair(NamedTuple):
    x: int


class Odd:
    """A class that pydantic knows nothing of."""


class Attributes(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    x: int


class Reader(Protocol):
    def read(self) -> str: ...


Id = NewType("Id", int)
Alias = TypeAliasType("Alias", list[int])
T = TypeVar("T")

VALUES: dict[Any, list[Any]] = {
    str: ["1", "r", "2024-01-01", "12:00", "PT1S", "text", str(uuid4()), "true", "http://a.b", "1.2.3.4"],
    bytes: [b"1", b"r", uuid4().bytes, b"2024-01-01"], int: [0, 1, 86400], float: [0.0, 1.0, 1.5], bool: [True, False],
    Decimal: [Decimal(0), Decimal(1), Decimal("1.5")], type(None): [None], complex: [1j],
    list: [[], [1], ["x", 1]], tuple: [(), (1,)], set: [set(), {1}], frozenset: [frozenset(), frozenset({1})],
    deque: [deque(), deque([1])], dict: [{}, {"x": 1}], One: [One()], Two: [Two()], Data: [Data()], Odd: [Odd()],
    Plain: list(Plain), Word: list(Word), Number: list(Number), Pair: [Pair(1)], UUID: [uuid4()], Path: [Path("a")],
    date: [date(2024, 1, 1)], datetime: [datetime(2024, 1, 1), datetime(2024, 1, 1, 3)], time: [time(1)],
    timedelta: [timedelta(1), timedelta(0)], IPv4Address: [IPv4Address("1.2.3.4")],
    list[int]: [[1]], list[str]: [["r"], ["x", "y"]], list[One]: [[One()]], dict[str, int]: [{"x": 1}],
    tuple[int, str]: [(1, "r")], tuple[str, ...]: [("r", "s")], Literal["r"]: ["r"], int | None: [1, None],
}  # fmt: skip
READS = [
    *VALUES, Typed, SecretStr, HttpUrl, re.Pattern, Sequence, Iterable, Mapping, Callable, Attributes, Id, Alias, object, Any,
    RootModel[list[int]], Literal[1], Literal["r", "s"], Annotated[int, BeforeValidator(str)], list[One], set[str],
    tuple[int, ...], tuple[int, int, int], dict[str, str], Sequence[int], str | int, Literal[Plain.word], type,
]  # fmt: skip


def holds_a_number(value: Any) -> bool:
    """The one reading that is not counted: "1" as 1, or as what stands for 1."""
    return isinstance(value, (str, bytes)) and value in ("1", b"1", "true", "1.5")


def read_as(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except PydanticUserError:
        return isinstance(value, kind)  # as with arbitrary_types_allowed
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("read", READS, ids=type_name)
def test_what_pydantic_reads_is_never_refused(read):
    refused = [
        (type_name(written), value)
        for written, values in VALUES.items()
        for value in values
        if not can_fit(written, read) and read_as(read, value) and not holds_a_number(value)
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (int, str), (str, int), (str, list), (list, str), (dict, list), (list, dict), (One, Two), (One, dict), (Data, dict),
        (One, int), (int, One), (None, int), (int, None), (list[int], list[str]), (list[int], set[str]), (dict[str, int], dict[str, str]),
        (tuple[int, str], tuple[int, int, int]), (Literal["a"], Literal["b"]), (Literal["a"], int), (Word, dict), (int, Word),
        (Odd, int), (int, Odd), (One, Odd), (list[One], list[dict]), (Callable, int), (str, RootModel[list[int]]), 
        (list[list[int]], list[list[str]]), (Id, str), (Alias, str), (Annotated[str, "note"], int), (str, Annotated[int, AfterValidator(abs)]),
    ],
    ids=lambda kind: type_name(kind),
)  # fmt: skip
def test_these_cannot_fit(written, read):
    assert not can_fit(written, read)


@pytest.mark.parametrize("kind", [Any, object, T, "Forward", Reader])
def test_in_doubt_it_can(kind):
    assert can_fit(kind, int) and can_fit(int, kind)


@pytest.mark.parametrize(
    ("written", "item", "fits"),
    [
        (list, int, True), (list[int], int, True), (list[int], str, False), (tuple, int, True), (tuple[int, ...], str, False),
        (tuple[int, str], int, False), (set[int], int, False), (dict, Any, False), (str, str, False), (deque[int], int, False),
        (Sequence[int], int, True), (Sequence[int], str, False), (Iterable, int, True), (list[int] | None, int, True), (None, int, False),
        (Any, int, True), (object, int, True), (T, int, True), (Literal["a"], str, False), (Alias, int, True), (Alias, str, False),
    ],
)  # fmt: skip
def test_what_may_be_a_list_of_items(written, item, fits):
    assert can_fit(written, ListOf(item)) is fits


def test_a_validator_that_comes_first_takes_anything():
    class Model(BaseModel):
        plain: int
        own: int
        noted: Annotated[int, BeforeValidator(len)]
        late: Annotated[int, AfterValidator(abs)]

        @field_validator("own", mode="wrap")
        @classmethod
        def any(cls, value: Any, inner: Any) -> int:
            return 1

    assert accepts(Model) == {"plain": int, "own": Any, "noted": Any, "late": int}

    class Whole(BaseModel):
        a: int

        @model_validator(mode="before")
        @classmethod
        def turn(cls, values: Any) -> Any:
            return values

    assert accepts(Whole) == {"a": Any} and can_fit(int, Whole) and accepts(None) == {}

    class Coerced(BaseModel):
        model_config = ConfigDict(coerce_numbers_to_str=True)
        a: str
        b: int

    assert accepts(Coerced) == {"a": Any, "b": int}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (int, "int"), (One, "One"), (list[One], "list[One]"), (int | None, "int | None"), (dict[str, list[One]], "dict[str, list[One]]"),
        (tuple[int, ...], "tuple[int, ...]"), (Literal["a", "b"], "Literal['a', 'b']"), (Any, "Any"), (ListOf(One), "list[One]"),
        (list[One | Two], "list[One | Two]"), (None, "None"),
    ],
)  # fmt: skip
def test_types_are_named_as_a_person_would(kind, name):
    assert type_name(kind) == name
