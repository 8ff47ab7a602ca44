"""A service that is made when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Lazy:
    """A service that is made when it is first needed, and only once."""

    __slots__ = ("_factory", "_lock", "_made", "_value")

    def __init__(self, factory: Callable[[], Any]) -> None:
        self._factory = factory
        self._lock = threading.Lock()
        self._made = False

    def get(self) -> Any:
        """The service."""
        with self._lock:
            if not self._made:
                self._value = self._factory()
                self._made = True
        return self._value


def resolved(service: Any) -> Any:
    """The service itself, made now if it was given as a factory."""
    return service.get() if isinstance(service, Lazy) else service
