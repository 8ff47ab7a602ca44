"""Did the user say a value, in the message of this turn?

What is compared is what the tool would be given, character for character but for case: a value that only looks like
what was said was not said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..text import stem, word_set

How = Callable[[Any, str], bool]
"""Says whether a value stands in a message."""


@dataclass(frozen=True, slots=True)
class Said:
    """How an argument may follow from the user's message: `to: Annotated[str, Said(code)]`."""

    how: How


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a call: where it stands, whether the tool's author gave it, and how it may be said.

    `field` is the argument it belongs to, empty where the tool declares none of that name.
    """

    field: str
    path: str
    value: Any
    default: bool
    how: How

    def said_in(self, message: str) -> bool:
        """Whether the value follows from a message; a default does from any."""
        return self.default or self.how(self.value, message)


def leaves(arguments: BaseModel) -> Iterator[Leaf]:
    """Every value that a tool would be given."""
    for name, field in type(arguments).model_fields.items():
        value = getattr(arguments, name)
        default = name not in arguments.model_fields_set or _is_default(field, value)
        how = next((extra.how for extra in field.metadata if isinstance(extra, Said)), None)
        yield from _inside(name, name, value, how, default)
    for name, value in (arguments.model_extra or {}).items():
        yield Leaf("", f"{name} (its name)", name, False, text)
        yield from _inside("", name, value, None, False)


def _is_default(field: FieldInfo, value: object) -> bool:
    return field.default_factory is None and not field.is_required() and bool(value == field.default)


def _inside(field: str, path: str, value: Any, how: How | None, default: bool) -> Iterator[Leaf]:
    if default:
        yield Leaf(field, path, value, True, how or nothing)
    elif isinstance(value, BaseModel):
        yield from (
            Leaf(field, f"{path}.{leaf.path}", leaf.value, leaf.default, leaf.how) for leaf in leaves(value)
        )
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield Leaf(field, f"{path}.{key} (its name)", key, False, how or text)
            yield from _inside(field, f"{path}.{key}", inner, how, False)
    elif isinstance(value, list | tuple | set | frozenset):
        for number_, inner in enumerate(value):
            yield from _inside(field, f"{path}[{number_}]", inner, how, False)
    else:
        plain = value.value if isinstance(value, Enum) else value
        yield Leaf(field, path, plain, False, how or _usual(plain))


def _usual(value: object) -> How:
    # A bool is an int, and "yes" to what is nowhere said: only its tool's author can tell how one is said.
    if value is None or isinstance(value, bool):
        return nothing
    return number if isinstance(value, int | float | Decimal) else text


def nothing(value: Any, message: str) -> bool:
    """Never: what cannot be said in words needs a grant."""
    return False


# --- how a value may be said

_MOST_WORDS = 100
_LONGEST_CODE = 200
_EDGES = "\"'“”‘’«»„()[]{}<>,.;:!?…*~`¿¡"
_SPLIT = re.compile(r"\s+|(?<=\D)[,;](?=\D)")


def text(value: Any, message: str) -> bool:
    """Word for word and whole: "Bob" in "pay Bob", not in "pay Bobby"; never a part of an address."""
    said, wanted = _chunks(message), [_low(part) for part in str(value).split()]
    if not wanted or not _visible(str(value), message, " "):
        return False
    if len(wanted) > _MOST_WORDS:
        return " ".join(wanted) in " ".join(_low(message).split())
    return any(
        all(part in forms for part, forms in zip(wanted, said[start : start + len(wanted)], strict=True))
        for start in range(len(said) - len(wanted) + 1)
    )


def code(value: Any, message: str) -> bool:
    """As `text`, but spaces and dashes do not count: "DE89 3704" is DE893704."""
    wanted = re.sub(r"[\s-]", "", _low(str(value)))
    if not 0 < len(wanted) <= _LONGEST_CODE or not _visible(str(value), message, " -"):
        return False
    bare = (part.strip(_EDGES).replace("-", "") for part in _low(message).split())
    said = [part for part in bare if part]
    for start in range(len(said)):
        run = ""
        for part in said[start : start + _LONGEST_CODE]:
            run += part
            if run == wanted:
                return True
            if not wanted.startswith(run):
                break
    return False


_DIGITS = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER = re.compile(
    rf"(?<![\w.,:/@#-])(?P<sign>-|minus )?[$€£¥]?(?P<digits>{_DIGITS}) ?(?:[$€£¥%°]|(?:eur|usd|gbp|chf)\b)?"
    r"(?![\w@/:-]|[.,]\w)",
    re.IGNORECASE,
)
_NUMBERS = {
    name: int(value)
    for value, _, name in (
        entry.partition(":")
        for entry in word_set(
            """0:zero 1:one 2:two 3:three 4:four 5:five 6:six 7:seven 8:eight 9:nine 10:ten 11:eleven 12:twelve 13:thirteen
            14:fourteen 15:fifteen 16:sixteen 17:seventeen 18:eighteen 19:nineteen 20:twenty 30:thirty 40:forty 50:fifty
            60:sixty 70:seventy 80:eighty 90:ninety"""
        )
    )
}
_SCALES = word_set("hundred thousand million billion half and point")


def number(value: Any, message: str) -> bool:
    """As a number of its own, in digits read the English way or as one word: 5, 1,000.50, €20, twelve."""
    try:
        wanted = Decimal(str(value))
    except InvalidOperation:
        return False
    if not wanted.is_finite():
        return False
    for match in _NUMBER.finditer(message):
        found = Decimal(match["digits"].replace(",", ""))
        if (-found if match["sign"] else found) == wanted and not _scaled(message[match.end() :]):
            return True
    said = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", message.lower())
    return any(
        _NUMBERS.get(word) == wanted and not {before, after} & (_SCALES | _NUMBERS.keys() | {"minus"})
        for before, word, after in zip(["", *said], said, [*said[1:], ""], strict=False)
    )


def _scaled(rest: str) -> bool:
    following = re.match(r"\s*([^\W\d_]+)", rest)
    return following is not None and following[1].lower() in _SCALES - {"and", "half", "point"}


_FREE = word_set(
    """a an the i i'm i'll i've i'd me my am is are was were be been being it it's its he he's she she's his her him
    they they're them their we we're we'll our us you you're your to of and or so in on at for with from by as that
    this these those there here will would have has had do does did hi hello hey dear thanks thank please regards
    best cheers kind yours sincerely just also let know"""
)


def words(value: Any, message: str) -> bool:
    """In the user's words, in any order and form: for prose. Whatever looks like data must be there as it is.

    Small words may be added, negations may not.
    """
    known = {form for forms in _chunks(message) for form in forms}
    stems = {stem(form) for form in known if form.isalpha()}
    wanted = [_low(part.strip(_EDGES)) for part in str(value).split()]
    if not any(wanted) or not _visible(str(value), message, " \n"):
        return False
    return all(
        part in known or part in _FREE or (part.isalpha() and stem(part) in stems) for part in wanted if part
    )


def choice(options: Mapping[Any, tuple[str, ...]]) -> How:
    """One of some values, each said by one of its words: `choice({"EUR": ("euro", "euros", "€")})`."""

    def chosen(value: Any, message: str) -> bool:
        spoken = (str(value), *options.get(value, ()))
        return any(text(word, message) if word.isalnum() else word in message for word in spoken)

    return chosen


def _low(value: str) -> str:
    """In lower case where that is a matter of case alone: the Kelvin sign is no k, and ß no ss."""
    straight = value.replace("’", "'").replace("‘", "'")
    return "".join(c.lower() if c.lower().upper() == c else c for c in straight)


def _chunks(message: str) -> list[set[str]]:
    """The words of a message in order, each as it stands, without marks at its edges, and without "'s"."""
    found = []
    for chunk in _SPLIT.split(_low(message)):
        if chunk:
            bare = chunk.strip(_EDGES)
            found.append({chunk, bare, bare.removesuffix("'s")} - {""})
    return found


def _visible(value: str, message: str, free: str) -> bool:
    """Whether each character that does not show, or is a break or a space of its own kind, is the user's too."""
    odd = {c for c in value if unicodedata.category(c)[0] in "CZ"} - set(free)
    return odd <= set(message)
