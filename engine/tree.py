"""A small, bounded reading of YAML: texts, lists and mappings, each with its place.

Depth, size, duplicates, aliases and tags are judged on the event stream, before any tree is built.
Nothing is resolved here: `no` stays the text "no", and `1:30` the text "1:30".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from .errors import Fault, GraphError
from .wiring import Place

MAX_CHARACTERS: Final = 262_144
MAX_DEPTH: Final = 40
MAX_EVENTS: Final = 50_000


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


def read_tree(text: str, source: str) -> Tree:
    """The tree of one YAML document; GraphError with line and column for anything it must not hold."""
    if len(text) > MAX_CHARACTERS:
        raise _refused(
            source,
            f"the file has {len(text):,} characters",
            f"a graph needs at most {MAX_CHARACTERS:,}",
            (1, 1),
        )
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(source).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _refused(
            source, f"it is not YAML: {error.problem or error.context}", "correct it there", place
        ) from None
    except yaml.YAMLError as error:
        place = (text.count("\n", 0, getattr(error, "position", 0)) + 1, 1)
        raise _refused(
            source, f"it is not YAML: {str(error).splitlines()[0]}", "take out what is not plain text", place
        ) from None


class _Builder:
    def __init__(self, source: str) -> None:
        self.source = source

    def build(self, events: Iterator[Any]) -> Tree:
        import yaml

        root: Tree | None = None
        open_: list[tuple[Items | Entries, list[Text]]] = []
        for count, event in enumerate(events):
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            if count > MAX_EVENTS:
                raise _refused(
                    self.source,
                    f"it has more than {MAX_EVENTS:,} parts",
                    "split it into several graphs",
                    place,
                )
            if isinstance(event, yaml.AliasEvent):
                raise _refused(
                    self.source,
                    f"the alias *{event.anchor}",
                    "write the value out; aliases are not read",
                    place,
                )
            if isinstance(event, yaml.NodeEvent):
                self._plain_only(event, place)
                node = self._node(event, place, yaml)
                if open_:
                    self._put(open_[-1], node)
                elif root is not None:
                    raise _refused(self.source, "a second document", "one file holds one graph", place)
                else:
                    root = node
                if not isinstance(node, Text):
                    open_.append((node, []))
                    if len(open_) > MAX_DEPTH:
                        raise _refused(
                            self.source, f"it is nested more than {MAX_DEPTH} deep", "make it flatter", place
                        )
            elif isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
        if root is None:
            raise _refused(self.source, "it is empty", "begin with graph: NAME", (1, 1))
        return root

    def _plain_only(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            raise _refused(
                self.source, f"the anchor &{event.anchor}", "write the value out; anchors are not read", place
            )
        if event.tag is not None and event.tag != "!":
            raise _refused(
                self.source,
                f"the tag {event.tag}",
                "take it out; a graph holds texts, numbers, lists and mappings",
                place,
            )

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
            raise _refused(self.source, "a key that is not a text", "keys are texts", node.place)
        elif node.value in parent.keys:
            first = parent.keys[node.value]
            raise _refused(
                self.source,
                f"the key {node.value!r} again (first in line {first[0]})",
                "keep one of the two",
                node.place,
            )
        elif node.value == "<<" and node.plain:
            raise _refused(
                self.source, "a merge key", "write the values out; merges are not read", node.place
            )
        else:
            parent.keys[node.value] = node.place
            pending.append(node)


_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}


def json_value(tree: Tree) -> Any:
    """The JSON value a tree stands for, by the core schema of YAML 1.2: only true, false, null and numbers are not text."""
    if isinstance(tree, Items):
        return [json_value(item) for item in tree.values]
    if isinstance(tree, Entries):
        return {key: json_value(value) for key, value in tree.values.items()}
    text = tree.value
    if not tree.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _refused(source: str, message: str, mend: str, place: Place) -> GraphError:
    return GraphError(source, [Fault(message, mend, *place)])
