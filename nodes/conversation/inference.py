"""What can be told from how somebody writes: formal or casual, brief or detailed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_FORMAL = re.compile(r"\b(please|thank you|appreciate|kindly|would you|could you)\b", re.IGNORECASE)
_CASUAL = re.compile(r"\b(hey|thanks|cool|awesome|gonna|wanna|yeah|lol)\b", re.IGNORECASE)
ENOUGH = 3
CLEARLY = 1.5
BRIEF, DETAILED = 50, 150


@dataclass(frozen=True, slots=True)
class Inferred:
    """A habit: how often it was seen, how sure that makes it, and in which messages."""

    key: str
    value: str
    category: str = "communication"
    observations: int = 0
    confidence: float = 0.0
    evidence: list[str] = field(default_factory=list)


def infer(written: Sequence[tuple[str, str]]) -> list[Inferred]:
    """The habits in some messages, given as (id, content); none before the third observation."""
    found = []
    formal = [id_ for id_, content in written if _FORMAL.search(content)]
    casual = [id_ for id_, content in written if _CASUAL.search(content)]
    for value, mine, others in (("formal", formal, casual), ("casual", casual, formal)):
        if len(mine) >= ENOUGH and len(mine) > CLEARLY * len(others):
            found.append(_habit("response_style", value, mine, len(mine) + len(others)))
    if len(written) >= ENOUGH:
        mean = sum(len(content) for _, content in written) / len(written)
        length = "brief" if mean < BRIEF else "detailed" if mean > DETAILED else None
        if length is not None:
            fitting = [id_ for id_, content in written if (len(content) < BRIEF) == (length == "brief")]
            if len(fitting) >= ENOUGH:
                found.append(_habit("response_length", length, fitting, len(written)))
    return found


def _habit(key: str, value: str, evidence: list[str], of: int) -> Inferred:
    return Inferred(
        key,
        value,
        observations=len(evidence),
        confidence=round(len(evidence) / of, 2),
        evidence=evidence[:10],
    )
