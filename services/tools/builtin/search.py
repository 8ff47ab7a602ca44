"""What does the web say about something? As Tavily finds it, with a key; without one a stand-in that says it is one."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from ...errors import ToolError
from ...settings import setting
from ...text import is_question, sentences, stem
from ...text import words as words_of
from ..said import Said, words
from ..toolbox import Tool
from .http import asked_json

STAND_IN: Final = (
    "This is NOT the web: no search engine is set up, and only a few pages that come with turngraph were looked through. Set "
    "TAVILY_API_KEY (a key of tavily.com) for the real one, and tell the user so."
)
MOST: Final = 5
_LONGEST_TEXT: Final = 2_000
_SEARCHES: Final = re.compile(r"\b(?:search|google|look up|look for|find)\b", re.IGNORECASE)

PAGES: Final = (
    ("What turngraph is", "turngraph is an async engine for workflows as graphs of nodes, and on it a conversation memory that does not forget."),
    ("Durable runs", "A durable run commits each step with its effects in one transaction, so that a process that dies is taken up by another."),
    ("Tools and memory", "A tool with an effect is called only where the user of this turn asks for it; what is remembered never authorises a call."),
    ("Web search", "With TAVILY_API_KEY set the tool web_search asks the search engine Tavily, and gives titles, addresses and excerpts."),
    ("Weather", "With WEATHER_API_KEY set the tool weather asks OpenWeatherMap for the weather at a place."),
    ("Forgetting", "What a user asks to be forgotten is out of reach at once, and a signed receipt says what went."),
)  # fmt: skip


def query_said(value: Any, message: str) -> bool:
    """Whether a query is in the user's words, of those sentences that ask something; the others stay in the house."""
    return words(
        value, " ".join(one for one in sentences(message) if is_question(one) or _SEARCHES.search(one))
    )


class Query(BaseModel):
    """What to search for."""

    query: Annotated[
        str, Said(query_said), Field(min_length=1, max_length=400, description="Keywords out of the user's question, in their words."),
    ]  # fmt: skip


class Found(BaseModel):
    """One result, with its source."""

    title: str
    url: str
    text: str
    score: float | None = None


class Results(BaseModel):
    """What was found, the best first. `stand_in` says that the web was not searched."""

    query: str
    results: list[Found]
    source: str
    stand_in: bool = False
    note: str | None = None


def web_search_tool(*, api_key: str | None = None, base_url: str | None = None) -> Tool:
    """The tool `web_search`. Key and server are those given, else TAVILY_API_KEY and TAVILY_BASE_URL when it is called."""

    async def run(arguments: Query, key: str) -> Results:
        known = setting("search_api_key", api_key)
        if not known:
            return stand_in(arguments.query)
        return await search(arguments.query, known, setting("search_base_url", base_url) or "")

    return Tool(
        "web_search", "Searches the web for something that the user asks about.", Query, run,
        asked=("search|google", "look|look-up up|for", "find", "?"), example="search the web for {query}", timeout=20.0,
        result=Results,
    )  # fmt: skip


async def search(query: str, key: str, base_url: str) -> Results:
    """What Tavily's `/search` finds."""
    what = "the search engine"
    found = await asked_json(
        f"{base_url.rstrip('/')}/search", what, key_name="TAVILY_API_KEY", seconds=15.0,
        send={"query": query, "max_results": MOST, "search_depth": "basic"}, headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    try:
        results = [
            Found(title=one.get("title") or one["url"], url=one["url"], text=str(one.get("content") or "")[:_LONGEST_TEXT], score=one.get("score"))
            for one in found["results"][:MOST]
        ]  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ToolError(f"{what} answered with something else than Tavily's form") from None
    return Results(query=query, results=results, source="tavily.com")


def stand_in(query: str) -> Results:
    """The stand-in: a few pages about turngraph itself, those first that share the most words."""
    wanted = {stem(word) for word in words_of(query)}
    ranked = sorted(
        ((len(wanted & {stem(word) for word in words_of(f"{title} {text}")}), title, text) for title, text in PAGES),
        key=lambda one: -one[0],
    )  # fmt: skip
    results = [
        Found(title=title, url=f"stand-in:{title.lower().replace(' ', '-')}", text=text, score=shared / max(1, len(wanted)))
        for shared, title, text in ranked[:MOST]
        if shared
    ]  # fmt: skip
    return Results(query=query, results=results, source="stand-in", stand_in=True, note=STAND_IN)
