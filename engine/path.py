"""How nodes are joined: `a >> b` and `a - "action" >> b` are values that a Graph takes."""

from __future__ import annotations

from typing import Final

from .errors import Fault, GraphError

DEFAULT: Final = "default"


class Wireable:
    """What can stand in a path; joining changes neither side."""

    def __rshift__(self, other: Wireable | str | Path) -> Path:
        return Path((self,)) >> other

    def __rrshift__(self, other: str) -> Path:
        return Path((_target(other),)) >> self

    def __sub__(self, action: str) -> Path:
        return Path((self,)) - action


class End(Wireable):
    """The one place where a run ends."""

    def __repr__(self) -> str:
        return "END"


END: Final = End()


class Path:
    """A way through a graph: steps, and the action taken from each to the next."""

    __slots__ = ("actions", "open", "steps")

    def __init__(
        self, steps: tuple[Wireable | str, ...], actions: tuple[str, ...] = (), open: str | None = None
    ) -> None:
        self.steps = steps
        self.actions = actions
        self.open = open

    def __rshift__(self, other: Wireable | str | Path) -> Path:
        step = other if isinstance(other, Path) else Path((_target(other),))
        action = self.open if self.open is not None else DEFAULT
        return Path(self.steps + step.steps, (*self.actions, action, *step.actions), step.open)

    def __sub__(self, action: str) -> Path:
        if not isinstance(action, str) or not action:
            raise _misjoined(
                f"{action!r} is not an action", 'an action is a text that is not empty: a - "found" >> b'
            )
        if self.open is not None:
            raise _misjoined(
                f"the actions {self.open!r} and {action!r} stand side by side",
                'one action leads to one step: a - "found" >> b',
            )
        return Path(self.steps, self.actions, action)

    def __repr__(self) -> str:
        names = [step if isinstance(step, str) else getattr(step, "name", repr(step)) for step in self.steps]
        text = names[0]
        for action, name in zip(self.actions, names[1:], strict=True):
            text += f" >> {name}" if action == DEFAULT else f" - {action!r} >> {name}"
        return text if self.open is None else f"{text} - {self.open!r}"


def _target(value: object) -> Wireable | str:
    if isinstance(value, (Wireable, str)):
        return value
    if isinstance(value, type):
        raise _misjoined(
            f"{value.__name__} is a class; instances are wired, not classes",
            f"write {value.__name__}() in the path",
        )
    raise _misjoined(f"{value!r} cannot stand in a path", "join nodes, graphs, END or the name of a node")


def _misjoined(message: str, mend: str) -> GraphError:
    return GraphError("(not yet built)", [Fault(message, mend)])
