"""What belongs to one run, whichever graph of it is being walked."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from .events import Event

if TYPE_CHECKING:
    from .plan import Plan, Step
    from .recorder import Records

logger = logging.getLogger("turngraph")
BLOCKING: Final = 0.050
State = dict[str, Any]


class Run:
    """A run's id, its listener, the way it has walked, and how often it came by each node."""

    __slots__ = ("loop", "record", "root", "run_id", "scope", "tell", "trail", "until", "visits")

    def __init__(self, run_id: str, scope: Any, tell: Callable[[Event], None] | None) -> None:
        self.run_id = run_id
        self.scope = scope
        self.tell = tell
        self.record: Records | None = None
        self.root: Plan | None = None
        self.trail: deque[str] = deque(maxlen=40)
        self.visits: dict[str, int] = {}
        self.until = math.inf
        self.loop = asyncio.get_running_loop()

    def child(self) -> Run:
        """The same run, walked another way at the same time."""
        other = object.__new__(Run)
        other.run_id, other.scope, other.tell = self.run_id, self.scope, self.tell
        other.record, other.root, other.until, other.loop = self.record, self.root, self.until, self.loop
        other.trail = self.trail.copy()
        other.visits = {}  # a way's paths are its own, and are forgotten with it
        return other

    def visit(self, prefix: str, name: str) -> str:
        """The path of a step: equal on every resume and attempt, different at every visit."""
        path = f"{prefix}/{name}"
        self.visits[path] = number = self.visits.get(path, 0) + 1
        return f"{path}/{number}"


_warned: set[tuple[str, str]] = set()


def warn_blocking(step: Step) -> None:
    """Warns, once per node, that a sync exec holds up everything else on the loop."""
    key = (type(step.node).__qualname__, step.name)
    if key not in _warned:
        _warned.add(key)
        logger.warning(
            "node %r: its sync exec blocked the event loop for more than %d ms; make it async, or set thread = True",
            step.name,
            BLOCKING * 1000,
        )
