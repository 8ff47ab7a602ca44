"""Which of many known names a misspelt one most likely meant.

To compare a name with every other takes long where a file has hundreds of them, all alike. So only those few
are compared that have most pairs of letters in common with it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from typing import Any, Final

from .errors import listing, nearest
from .tree import clipped

LONGEST: Final = 40  # characters; nobody misspells a longer name by hand
LIKELY: Final = 3


def meant(name: str, known: Collection[str]) -> tuple[str | None, str]:
    """The nearest known name, or None, and the mend that says so or lists what is known."""
    if len(name) <= LONGEST:
        pairs, same = set(_pairs(name)), name.casefold()
        likely = heapq.nlargest(
            LIKELY, known, key=lambda other: len(pairs.intersection(_pairs(other[:LONGEST])))
        )
        close = next((other for other in known if other.casefold() == same), None) or nearest(name, likely)
        if close is not None:
            return close, f"did you mean {close!r}?"
    shown = sorted(known)[:20]
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    return None, f"the known names are {listing(map(clipped, shown))}{more}"


def _pairs(name: str) -> Any:
    return zip(f" {name}", f"{name} ", strict=True)
