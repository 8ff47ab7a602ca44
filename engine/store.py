"""What a graph needs of a database: a session for `prep`, and a transaction for `post`.

The engine knows no database. A store runs a function with a session of its own kind and says when
what the function did is committed; `turngraph.models.DatabaseManager` is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")


@runtime_checkable
class SessionStore(Protocol):
    """Gives `prep` a session to read with, and commits what `post` writes with its session."""

    async def read(self, work: Callable[[Any], T], /) -> T:
        """Runs `work(session)` read-only on a thread of the store; what it returns outlives the session."""
        ...

    async def write(self, work: Callable[[Any], T], /, *, keys: Collection[str] = ()) -> T:
        """Runs `work(session)` in one transaction and returns after its COMMIT; `work` may be called again
        after a rollback. Jobs that name a common key do not run at the same time."""
        ...
