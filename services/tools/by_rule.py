"""Which tools does the model that works by rule ask for, and how does it tell what they gave?

It knows the tools that come with turngraph, and reads nothing but the message of this turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from ..text import shortened
from .call import Call, Outcome

_SUM: Final = re.compile(
    r"(?:\b(?:what(?:'s| is)|how much is|calculate|compute|work out|evaluate)\s+|^\s*)"
    r"(?P<sum>(?:[\d\s.,()+*/×÷^%−-]|\bof\b|\b(?:sqrt|abs|round|log|log10|ln|exp|sin|cos|tan|factorial|max|min)\b(?=\())+)",
    re.IGNORECASE,
)
_OPERATOR: Final = re.compile(r"[\d)]\s*(?:[-+*/×÷^−]|%|\bof\b)|[a-z]\(", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_WEATHER: Final = re.compile(
    r"\b(?:weather|forecast|temperature|rain(?:ing)?|snow(?:ing)?|sunny|cold|warm|windy)\b", re.IGNORECASE
)
_PLACE: Final = re.compile(
    r"\b(?:in|at|for)\s+(?P<place>[^\W\d_][\w'’-]*(?:\s+(?!and\b|or\b|today|tomorrow|now|right|this|next|please)[^\W\d_][\w'’-]*){0,3})"
)
_MORE: Final = re.compile(r"^\s*(?:,|and|or)\s+(?:in\s+)?(?P<place>[A-ZÀ-Þ][\w'’-]*(?:\s+[A-ZÀ-Þ][\w'’-]*)*)")
_SEARCH: Final = re.compile(
    r"\b(?:search (?:the (?:web|internet)|online)(?: for)?|google|look up)\s+(?P<query>[^.?!\n]{1,200})", re.IGNORECASE
)  # fmt: skip
_OURS: Final = re.compile(r"\b(?:i|my|me|mine|we|our|us|you|your)\b", re.IGNORECASE)
_URL: Final = re.compile(r"https?://[^\s<>\"'“”]+")


def calls_by_rule(message: str, granted: Collection[str]) -> list[Call]:
    """The calls that a message asks for in so many words, of the tools that are granted."""
    found: dict[str, Callable[[str], Iterator[dict[str, Any]]]] = {
        "fetch": _pages, "weather": _places, "web_search": _queries, "calculator": _sums
    }  # fmt: skip
    calls = [
        Call(tool=name, arguments=one)
        for name, find in found.items()
        if name in granted
        for one in find(message)
    ]
    # An address may hold a sum, and a search any words: the first that fits is what was meant.
    return [one for one in calls if one.tool == calls[0].tool]


def told_by_rule(done: Sequence[Outcome]) -> str:
    """What came of the calls, in sentences; nothing of those that were refused, which the reply tells anyway."""
    lines = []
    for outcome in done:
        if not outcome.allowed:
            continue
        if outcome.error is not None:
            lines.append(f"That did not work: {outcome.error}")
        elif isinstance(outcome.result, dict) and outcome.call.tool in _TELLS:
            lines.append(_TELLS[outcome.call.tool](outcome.result))
        else:
            said = outcome.result if isinstance(outcome.result, str) else outcome.told()
            lines.append(f"{outcome.call.tool}: {shortened(said, 500)}")
    return "\n".join(lines)


def _sums(message: str) -> Iterator[dict[str, Any]]:
    for match in _SUM.finditer(message):
        written = match["sum"].strip(" .,\n")
        if _OPERATOR.search(written) and re.search(r"\d", written) and not _DATE.fullmatch(written):
            yield {"expression": written}


def _places(message: str) -> Iterator[dict[str, Any]]:
    if not _WEATHER.search(message) or not (match := _PLACE.search(message)):
        return
    yield {"place": match["place"]}
    rest = message[match.end() :]
    while more := _MORE.match(rest):
        yield {"place": more["place"]}
        rest = rest[more.end() :]


def _queries(message: str) -> Iterator[dict[str, Any]]:
    for match in _SEARCH.finditer(message):
        if not _OURS.search(match["query"]):  # what they said themselves is no matter for the web
            yield {"query": match["query"].strip(" \"'“”")}


def _pages(message: str) -> Iterator[dict[str, Any]]:
    for match in _URL.finditer(message):
        yield {"url": match[0].rstrip(".,;:!?)]}")}


def _calculated(found: dict[str, Any]) -> str:
    return f"{found['expression']} {'=' if found['exact'] else '≈'} {found['value']}"


def _weather(found: dict[str, Any]) -> str:
    where = ", ".join(part for part in (found["place"], found.get("country")) if part)
    said = f"{where}: {found['description']}, {found['temperature']:g} °C ({found['source']})."
    return f"{said} {found['note']}" if found.get("note") else said


def _results(found: dict[str, Any]) -> str:
    lines = [f"{one['title']} ({one['url']}): {shortened(one['text'], 200)}" for one in found["results"]]
    head = (
        f"Found for “{found['query']}” ({found['source']}):"
        if lines
        else f"Nothing was found for “{found['query']}”."
    )
    return "\n".join([head, *lines, *([found["note"]] if found.get("note") else [])])


def _page(found: dict[str, Any]) -> str:
    return f"{found.get('title') or found['url']} ({found['url']}): {shortened(found['text'], 500)}"


_TELLS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "calculator": _calculated, "fetch": _page, "weather": _weather, "web_search": _results
}  # fmt: skip
