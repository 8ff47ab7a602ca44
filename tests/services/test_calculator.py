"""Does the calculator calculate, within its bounds, and never run what it is given?"""

from __future__ import annotations

import builtins
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from turngraph.services.errors import ToolError
from turngraph.services.tools import calculate, calculator_tool


@pytest.mark.parametrize(
    ("expression", "value", "exact"),
    [
        ("17*23", 391, True),
        ("17 × 23 =", 391, True),
        ("0.1 + 0.2", 0.3, True),
        ("2^10", 1024, True),
        ("-2**2", -4, True),
        ("15% of 80", 12, True),
        ("200 + 10%", 200.1, True),
        ("10 % 3", 1, True),
        ("7 // 2", 3, True),
        ("1,000.5 * 2", 2001, True),
        ("1/3", 1 / 3, False),
        ("sqrt(16)", 4, True),
        ("sqrt(2)", math.sqrt(2), False),
        ("2**-2", 0.25, True),
        ("2**0.5", math.sqrt(2), False),
        ("factorial(20)", 2432902008176640000, True),
        ("round(2.567, 2)", 2.57, True),
        ("max(1, 2.5)", 2.5, True),
        ("1000 * 1.0042**3600", 1000 * 1.0042**3600, False),
        ("floor(-2.5) + ceil(2.1)", 0, True),
        ("2*pi", 2 * math.pi, False),
    ],
)
def test_it_calculates(expression: str, value: float, exact: bool) -> None:
    found = calculate(expression)
    assert found.value == pytest.approx(value, rel=1e-12) and found.exact is exact
    if exact:
        assert found.value == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("9**9**9", "too large"),
        ("10**5000", "too large"),
        ("1e400", "too large"),
        ("1e300*1e300*1e300*1e300*1e300", "too large"),
        ("exp(1000)", "too large"),
        ("factorial(10**9)", "from 0 to 450"),
        ("1/0", "divides by zero"),
        ("5 // 0", "divides by zero"),
        ("log(0)", "log has no value for 0"),
        ("sqrt(-1)", "negative number"),
        ("(-8)**(1/3)", "no real number"),
        ("2pi", "cannot be read"),
        ("0x1for x in 1", "cannot be read"),
        ("five plus five", "cannot be read"),
        ("", "cannot be read"),
        ("(" * 400, "cannot be read"),
        ("1+" * 240 + "1", "200 parts"),
        ("-" * 60 + "1", "40 deep"),
        ("1" * 501, "at most 500 characters"),
        ("round(1, 10**9)", "at most 100"),
        ("sqrt(1, 2)", "takes 1 numbers, found 2"),
        ("True + 1", "found True or False"),
        ("__import__('os').system('true')", "found Call"),
        ("().__class__", "found Attribute"),
        ("(lambda: 1)()", "found Call"),
        ("[1] * 10**9", "found List"),
        ("'a' * 10**9", "found Constant"),
        ("x := 5", "cannot be read"),
        ("max(*[1, 2])", "found Starred"),
        ("open", "found open"),
        ("min(1, key=abs)", "found min"),
    ],
)
def test_what_is_no_arithmetic_or_too_much_of_it_is_refused(expression: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        calculate(expression)


PARTS = st.sampled_from(
    ["1", "2.5", "0", "999999999", "+", "-", "*", "/", "//", "%", "**", "(", ")", ",", "pi", "sqrt", "log", "max", "factorial", "round", "__import__", "os", ".", "'a'", "[", "]", "{", "}", "lambda", ":", "=", "==", "if", "else", "for", "in", "exec", "eval", "open", "print", "1e308", "0x10", "1_0", "\\", "#", "@", ";", "True", "None", "..."]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(PARTS, max_size=40).map(" ".join) | st.text(max_size=60))
@example("1e308 + 1e308")
def test_no_text_is_run_and_each_gives_a_number_or_a_tool_error(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("eval", "exec", "open", "print", "__import__"):
            patch.setattr(builtins, name, _never(name, getattr(builtins, name)))
        try:
            found = calculate(text)
        except ToolError:
            return
    assert isinstance(found.value, int) or math.isfinite(
        found.value
    )  # a whole number may be beyond any float


def _never(name: str, real: object) -> object:
    if name == "__import__":  # Python itself imports; a text must not
        return real

    def called(*_: object, **__: object) -> object:
        raise AssertionError(f"{name} was called")

    return called


def test_its_tool_says_what_it_takes_and_gives() -> None:
    tool = calculator_tool()
    assert tool.input_schema()["required"] == ["expression"]
    assert set(tool.output_schema()["properties"]) == {"expression", "value", "exact"} and not tool.effect
