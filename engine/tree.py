"""A small, bounded reading of YAML: texts, lists and mappings, each with its place.

Depth, size, duplicates, aliases and tags are judged on the event stream, before any tree is built.
Nothing is resolved here: `no` stays the text "no", and `1:30` the text "1:30".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any, Final, TypeAlias

from .errors import Fault, GraphError
from .wiring import Place

MAX_CHARACTERS: Final = 262_144
MAX_DEPTH: Final = 40
MAX_EVENTS: Final = 20_000


@dataclass(slots=True)
class Text:
    """A scalar as it was written; `plain` if it stood without quotes."""

    value: str
    plain: bool
    place: Place


@dataclass(slots=True)
class Items:
    """A list."""

    place: Place
    values: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Entries:
    """A mapping; `keys` holds where each key was written."""

    place: Place
    values: dict[str, Tree] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)


Tree: TypeAlias = Text | Items | Entries

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NO_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NOTHING = re.compile("(?:\\s++|#[^\n\r\x85\u2028\u2029]*+)*+")
_UTF_16_32: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def read_file(path: File) -> str:
    """The text of a file; GraphError if it is too long or not UTF-8."""
    with path.open("rb") as file:
        data = file.read(4 * MAX_CHARACTERS + 1)
    if len(data) > 4 * MAX_CHARACTERS:
        raise _too_long(str(path), f"more than {4 * MAX_CHARACTERS:,} bytes")
    if data.startswith(_UTF_16_32):
        raise _refused(str(path), "it is UTF-16 or UTF-32", "save the file as UTF-8", (1, 1))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"the byte 0x{data[error.start]:02X}, which is not UTF-8"
        raise _refused(str(path), message, "save the file as UTF-8", _place(before, len(before))) from None


def read_tree(text: str, source: str) -> Tree:
    """The tree of one YAML document; GraphError with line and column for anything it must not hold."""
    if len(text) > MAX_CHARACTERS:
        raise _too_long(source, f"{len(text):,} characters")
    text = text.removeprefix("\ufeff")
    if found := _NO_TEXT.search(text):
        message = f"the character U+{ord(found[0]):04X}"
        mend = 'take it out; in double quotes a control character can be written as "\\x07"'
        raise _refused(source, message, mend, _place(text, found.start()))
    # A thousand directives are compared with one another before the first event is seen.
    if text.startswith("%", start := _nothing(text, 0)):
        raise _refused(
            source, "a directive", "take the line out; directives are not read", _place(text, start)
        )
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(source, text).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        if loader is not yaml.SafeLoader and "nesting depth" in str(error.problem):
            # libyaml reads ahead, and meets a limit of its own before the events that show where ours is.
            return _Builder(source, text).build(yaml.parse(text, Loader=yaml.SafeLoader))
        # What was opened and never closed is found at the end, and is wrong where it was opened.
        marks: list[Any] = [error.problem_mark, error.context_mark]
        mark = next((mark for mark in marks if mark and mark.index < len(text)), None)
        place = (mark.line + 1, mark.column + 1) if mark else _place(text, len(text))
        message = f"it is not YAML: {error.problem or error.context}"
        raise _refused(source, message, "correct it there", place) from None
    except yaml.YAMLError as error:
        message = f"it is not YAML: {str(error).splitlines()[0]}"
        raise _refused(source, message, "take out what is not plain text", (1, 1)) from None


def clipped(text: str, most: int = 60) -> str:
    """The text, cut where a message would get too long."""
    return text if len(text) <= most else f"{text[:most]}…"


class _Builder:
    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.text = text

    def build(self, events: Iterator[Any]) -> Tree:
        import yaml

        root: Tree | None = None
        open_: list[tuple[Items | Entries, list[Text]]] = []
        for count, event in enumerate(events):
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            if count > MAX_EVENTS:
                message = f"it has more than {MAX_EVENTS:,} parts"
                raise self._refused(message, "split it into several graphs", place)
            if isinstance(event, yaml.AliasEvent):
                message = f"the alias *{clipped(event.anchor or '')}"
                raise self._refused(message, "write the value out; aliases are not read", place)
            if isinstance(event, yaml.NodeEvent):
                self._plain_only(event, place)
                node = self._node(event, place, yaml)
                if open_:
                    self._put(open_[-1], node)
                else:
                    root = node
                if not isinstance(node, Text):
                    open_.append((node, []))
                    if len(open_) > MAX_DEPTH:
                        message = f"it is nested more than {MAX_DEPTH} deep"
                        raise self._refused(message, "make it flatter", place)
            elif isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.DocumentEndEvent):
                # What follows is not parsed: it may be made to take long.
                mark: Any = event.end_mark
                if (end := _nothing(self.text, mark.index)) < len(self.text):
                    message = "something follows the end of the document"
                    raise self._refused(message, "one file holds one graph", _place(self.text, end))
                break
        if root is None:
            raise self._refused("it is empty", "begin with graph: NAME", (1, 1))
        return root

    def _plain_only(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            message = f"the anchor &{clipped(event.anchor)}"
            raise self._refused(message, "write the value out; anchors are not read", place)
        if event.tag is not None and event.tag != "!":
            mend = "take it out; a graph holds texts, numbers, lists and mappings"
            raise self._refused(f"the tag {clipped(event.tag)}", mend, place)

    def _node(self, event: Any, place: Place, yaml: Any) -> Tree:
        if isinstance(event, yaml.ScalarEvent):
            return Text(event.value, event.implicit[0], place)
        return Items(place) if isinstance(event, yaml.SequenceStartEvent) else Entries(place)

    def _put(self, inside: tuple[Items | Entries, list[Text]], node: Tree) -> None:
        parent, pending = inside
        if isinstance(parent, Items):
            parent.values.append(node)
        elif pending:
            parent.values[pending.pop().value] = node
        elif not isinstance(node, Text):
            raise self._refused("a key that is not a text", "keys are texts", node.place)
        elif node.value in parent.keys:
            first = parent.keys[node.value]
            message = f"the key {clipped(node.value)!r} again (first in line {first[0]})"
            raise self._refused(message, "keep one of the two", node.place)
        elif node.value == "<<" and node.plain:
            raise self._refused("a merge key", "write the values out; merges are not read", node.place)
        else:
            parent.keys[node.value] = node.place
            pending.append(node)

    def _refused(self, message: str, mend: str, place: Place) -> GraphError:
        return _refused(self.source, message, mend, place)


_NUMBERS: Final = (
    (re.compile(r"[-+]?[0-9]{1,4300}"), int),  # longer ones Python does not read either
    (re.compile(r"0o[0-7]{1,1000}"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,1000}"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def json_value(tree: Tree) -> Any:
    """The value a tree stands for, by the core schema of YAML 1.2: true, false, null and numbers, else text."""
    if isinstance(tree, Items):
        return [json_value(item) for item in tree.values]
    if isinstance(tree, Entries):
        return {key: json_value(value) for key, value in tree.values.items()}
    text = tree.value
    if not tree.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        for pattern, number in _NUMBERS:
            if pattern.fullmatch(text):
                return number(text)
    return text


def _nothing(text: str, start: int) -> int:
    """Where the blanks and comments that begin there end."""
    found = _NOTHING.match(text, start)
    return found.end() if found else start


def _place(text: str, index: int) -> Place:
    line, begin = 1, 0
    for found in _BREAK.finditer(text, 0, index):
        line, begin = line + 1, found.end()
    return line, index - begin + 1


def _too_long(source: str, length: str) -> GraphError:
    mend = f"a graph needs at most {MAX_CHARACTERS:,} characters"
    return _refused(source, f"the file has {length}", mend, (1, 1))


def _refused(source: str, message: str, mend: str, place: Place) -> GraphError:
    return GraphError(source, [Fault(message, mend, *place)])
