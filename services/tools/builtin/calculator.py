"""What does an expression come to? Read as a tree and never evaluated as code; exact where that can be."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, Field

from ...errors import ToolError
from ..toolbox import Tool

Number: TypeAlias = Fraction | float

LONGEST: Final = 500
MOST_PARTS: Final = 200
MOST_BITS: Final = 4096
"""Of a numerator or a denominator: some 1,200 digits."""
DEEPEST: Final = 40

_WRITTEN: Final = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "\n": " "})
_GROUPED: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)%(?=\s*(?:of\b|[-+*/)]|$))", re.IGNORECASE)
_RUN_ON: Final = re.compile(r"\d(?!e[+-]?\d)[a-z_]", re.IGNORECASE)
_OF: Final = re.compile(r"(?<=\))\s+of\s+", re.IGNORECASE)


class Sum(BaseModel):
    """What to calculate."""

    expression: Annotated[
        str, Field(description="Arithmetic such as 17*23, (2+3)^4, 15% of 80, sqrt(2) or factorial(20).")
    ]


class Calculated(BaseModel):
    """What it comes to; `exact` where no digit was rounded."""

    expression: str
    value: int | float
    exact: bool


def calculator_tool() -> Tool:
    """A calculator: + - * / // % **, brackets, and the usual functions, with bounds on everything."""
    return Tool(
        "calculator", "Calculates an arithmetic expression.", Sum, _run, effect=False, timeout=5.0, result=Calculated
    )  # fmt: skip


async def _run(arguments: Sum, key: str) -> Calculated:
    return calculate(arguments.expression)


def calculate(expression: str) -> Calculated:
    """The value of an expression; ToolError says what is wrong with one that has none."""
    if len(expression) > LONGEST:
        raise ToolError(f"expected an expression of at most {LONGEST} characters, found {len(expression):,}")
    plain = _GROUPED.sub(lambda found: found[0].replace(",", ""), expression.translate(_WRITTEN)).strip()
    plain = _OF.sub(" * ", _PERCENT.sub(r"(\1/100)", plain)).rstrip("= ")
    try:
        # "2pi" would warn before it fails.
        tree = ast.parse("?" if _RUN_ON.search(plain) else plain, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(
            f"expected arithmetic such as 2 + 3 * 4, found {expression!r}, which cannot be read"
        ) from None
    if sum(1 for _ in ast.walk(tree)) > MOST_PARTS * 2:
        raise ToolError(f"expected an expression of at most {MOST_PARTS} parts; split it up")
    try:
        value = _value(tree.body, 0)
    except ZeroDivisionError:
        raise ToolError(f"{expression} divides by zero") from None
    except OverflowError:
        raise _too_large() from None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _too_large()
        whole = value.is_integer() and abs(value) < 2**53
        return Calculated(expression=expression, value=int(value) if whole else value, exact=False)
    if value.denominator == 1:
        return Calculated(expression=expression, value=value.numerator, exact=True)
    try:
        near = float(value)
    except OverflowError:
        raise _too_large() from None
    return Calculated(expression=expression, value=near, exact=Fraction(repr(near)) == value)


def _value(part: ast.expr, depth: int) -> Number:
    if depth > DEEPEST:
        raise ToolError(f"expected an expression at most {DEEPEST} deep; split it up")
    match part:
        case ast.Constant(value=bool()):
            raise _unknown("True or False")
        case ast.Constant(value=int() | float() as given):
            if isinstance(given, float) and not math.isfinite(given):
                raise _too_large()
            return _bounded(Fraction(repr(given)) if isinstance(given, float) else Fraction(given))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner, depth + 1)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _bounded(_OPERATORS[type(sign)](_value(left, depth + 1), _value(right, depth + 1)))
        case ast.Name(id=name) if name.lower() in _CONSTANTS:
            return _CONSTANTS[name.lower()]
        case ast.Call(func=ast.Name(id=name), args=given_args, keywords=[]) if name.lower() in _FUNCTIONS:
            least, most, function = _FUNCTIONS[name.lower()]
            if not least <= len(given_args) <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                raise ToolError(f"{name} takes {wanted} numbers, found {len(given_args)}")
            return _bounded(function(*(_value(one, depth + 1) for one in given_args)))
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            raise _unknown(name)
    raise _unknown(type(part).__name__)


def _unknown(what: str) -> ToolError:
    known = ", ".join(sorted([*_FUNCTIONS, *_CONSTANTS]))
    return ToolError(f"expected numbers, + - * / // % **, brackets, or one of {known}; found {what}")


def _too_large() -> ToolError:
    return ToolError("the result is too large to be written down here")


def _bounded(value: Number) -> Number:
    if isinstance(value, Fraction):
        if value.denominator != 1 and _bits(value) > MOST_BITS:
            return float(value)
        if _bits(value) > MOST_BITS:
            raise _too_large()
    elif not math.isfinite(value):
        raise _too_large()
    return value


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _power(base: Number, by: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(by, Fraction) and by.denominator == 1:
        # Before it is worked out: 9**9**9 would take the machine with it.
        if base not in (0, 1, -1) and _bits(base) * abs(by.numerator) > 2 * MOST_BITS:
            if base.denominator == 1:
                raise _too_large()
            return math.pow(float(base), float(by))
        found = base ** (by.numerator % 2 if base in (1, -1) else by.numerator)
        return found if isinstance(found, Fraction) else Fraction(found)
    if base < 0:
        raise ToolError("a root of a negative number is no real number")
    return math.pow(float(base), float(by))


def _floored(left: Number, right: Number) -> Number:
    return (
        Fraction(left // right)
        if isinstance(left, Fraction) and isinstance(right, Fraction)
        else left // right
    )


_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: _floored,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: _power,
}  # fmt: skip


def _real(function: Callable[..., float]) -> Callable[..., Number]:
    def called(*given: Number) -> Number:
        try:
            return function(*(float(one) for one in given))
        except ValueError:
            raise ToolError(
                f"{function.__name__} has no value for {', '.join(f'{float(one):g}' for one in given)}"
            ) from None

    return called


def _factorial(of: Number) -> Number:
    if not isinstance(of, Fraction) or of.denominator != 1 or not 0 <= of <= 450:
        raise ToolError("factorial takes a whole number from 0 to 450")
    return Fraction(math.factorial(of.numerator))


def _root(of: Number) -> Number:
    if of < 0:
        raise ToolError("sqrt has no value for a negative number")
    if isinstance(of, Fraction):
        top, bottom = math.isqrt(of.numerator), math.isqrt(of.denominator)
        if top * top == of.numerator and bottom * bottom == of.denominator:
            return Fraction(top, bottom)
    return math.sqrt(of)


def _rounded(of: Number, places: Number = Fraction(0)) -> Number:
    if not isinstance(places, Fraction) or places.denominator != 1 or abs(places) > 100:
        raise ToolError("round takes a whole number of places, at most 100")
    return Fraction(round(Fraction(of), places.numerator))


_FUNCTIONS: Final[Mapping[str, tuple[int, int, Callable[..., Number]]]] = {
    "abs": (1, 1, lambda of: abs(of)),
    "ceil": (1, 1, lambda of: Fraction(math.ceil(of))),
    "cos": (1, 1, _real(math.cos)),
    "exp": (1, 1, _real(math.exp)),
    "factorial": (1, 1, _factorial),
    "floor": (1, 1, lambda of: Fraction(math.floor(of))),
    "ln": (1, 1, _real(math.log)),
    "log": (1, 2, _real(math.log)),
    "log10": (1, 1, _real(math.log10)),
    "max": (1, 50, lambda *of: max(of)),
    "min": (1, 50, lambda *of: min(of)),
    "round": (1, 2, _rounded),
    "sin": (1, 1, _real(math.sin)),
    "sqrt": (1, 1, _root),
    "tan": (1, 1, _real(math.tan)),
}  # fmt: skip
_CONSTANTS: Final[Mapping[str, float]] = {"e": math.e, "pi": math.pi, "tau": math.tau}
