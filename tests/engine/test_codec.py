"""What is stored comes back equal, of equal type, or not at all."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from turngraph.engine.codec import Codec, NotStorable


class Colour(Enum):
    RED = 1


class Mood(StrEnum):
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    tags: frozenset[str] = field(default_factory=frozenset)


class Inner(BaseModel):
    colour: Colour
    point: Point | None = None


class Outer(BaseModel):
    model_config = ConfigDict(extra="allow")
    inner: list[Inner]
    mood: Mood = Mood.GOOD


codec = Codec([Outer])
text = st.text(alphabet=st.characters())  # lone surrogates among them
keys = text | st.integers() | st.booleans() | st.none() | st.tuples(st.integers(), st.booleans())
scalars = (
    st.none() | st.booleans() | st.integers() | text | st.binary() | st.floats(allow_nan=False)
    | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.times() | st.timedeltas()
    | st.decimals(allow_nan=False) | st.sampled_from([Colour.RED, Mood.GOOD]) | st.complex_numbers(allow_nan=False)
    | st.builds(Point, st.floats(allow_nan=False), st.frozensets(st.text(max_size=3)))
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(st.integers() | st.text(max_size=3), max_size=3)
        | st.builds(Outer, inner=st.lists(st.builds(Inner, colour=st.just(Colour.RED)), max_size=2))
    ),
    max_leaves=12,
)


def same(one: Any, two: Any) -> bool:
    """Equal, and of equal types all the way down: 1 is not True here."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return len(one) == len(two) and all(
            same(a, c) and same(b, d) for (a, b), (c, d) in zip(one.items(), two.items(), strict=True)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, two) and one == two
    if isinstance(one, BaseModel):
        return same(one.__dict__, two.__dict__) and one == two
    return bool(one == two) and getattr(one, "tzinfo", None) == getattr(two, "tzinfo", None)


@given(values)
def test_the_round_trip_gives_equal_values_of_equal_types(value: Any):
    stored = codec.encode(value)
    assert stored.isascii() and json.loads(stored) is not ...
    assert same(codec.decode(stored), value)


@given(st.sets(st.integers() | st.text(max_size=4)))
def test_equal_sets_have_equal_texts(value: set[Any]):
    assert codec.encode(set(sorted(value, key=repr))) == codec.encode(value)


def test_what_json_has_no_word_for():
    extra = Outer(inner=[Inner(colour=Colour.RED, point=Point(1.5))], more=(1, 2))  # type: ignore[call-arg]
    for value in (
        math.inf,
        -math.inf,
        {"$t": "model"},
        {1: "a", "1": "b"},
        extra,
        Decimal("NaN").is_nan(),
    ):
        assert same(codec.decode(codec.encode(value)), value)
    assert math.isnan(codec.decode(codec.encode(math.nan)))
    moment = datetime(2024, 10, 27, 2, 30, tzinfo=UTC, fold=1)
    assert codec.decode(codec.encode(moment)).fold == 1
    assert codec.decode(codec.encode((date.min, time.max, timedelta.min))) == (
        date.min,
        time.max,
        timedelta.min,
    )


class Text(str):
    pass


class Elsewhere(BaseModel):
    pass


@pytest.mark.parametrize(
    "value", [object(), Text("x"), Elsewhere(), OrderedDict(), len, {"deep": [object()]}, type, 5j.__class__]
)
def test_anything_else_is_an_error_that_says_where(value):
    with pytest.raises(NotStorable, match=r"the key 'k' of node 'n' holds a .* registry\.type"):
        codec.encode(value, "the key 'k' of node 'n'")


def test_a_stored_name_is_looked_up_and_never_imported():
    stored = codec.encode(Point(1.0))
    with pytest.raises(NotStorable, match=r"Point, which is not registered here"):
        Codec().decode(stored)
    evil = '{"$t":"model","n":"os.system","v":{}}'
    with pytest.raises(NotStorable, match=r"os\.system"):
        codec.decode(evil)
