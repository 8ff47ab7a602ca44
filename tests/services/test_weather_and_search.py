"""Do weather and web search ask their services as they should, over HTTP, and say so where there is none?"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from turngraph.services.errors import ToolError
from turngraph.services.tools import (
    Call,
    Situation,
    Sources,
    Tool,
    decide,
    notice,
    weather_tool,
    web_search_tool,
)
from turngraph.services.tools.builtin.http import asked_json
from turngraph.services.tools.grant import Allowance

from .tool_server import Reply, Web, as_json

KEY = "canary-of-a-key-4711"
BERGEN = {
    "coord": {"lon": 5.3, "lat": 60.4},
    "weather": [{"id": 500, "main": "Rain", "description": "light rain", "icon": "10d"}],
    "main": {"temp": 7.4, "feels_like": 4.1, "pressure": 1004, "humidity": 87},
    "wind": {"speed": 6.2, "deg": 210},
    "dt": 1_790_000_000,
    "sys": {"country": "NO"},
    "name": "Bergen",
    "cod": 200,
}
HITS = {
    "query": "bees",
    "results": [
        {"title": "Bees", "url": "https://example.org/bees", "content": "Bees are insects.", "score": 0.9},
        {"title": None, "url": "https://example.org/hive", "content": None, "score": None},
    ],
    "response_time": 0.4,
}


@pytest.fixture
def web() -> Iterator[Web]:
    with Web({"/weather": as_json(BERGEN), "/search": as_json(HITS)}) as opened:
        yield opened


async def called(tool: Tool, **arguments: Any) -> Any:
    """What the tool gives, checked against what it says it gives."""
    found = await tool.run(tool.arguments.model_validate(arguments), "key")
    return tool.checked(found)


async def test_the_weather_is_asked_for_with_the_key_of_the_environment(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEATHER_API_KEY", KEY)
    monkeypatch.setenv("WEATHER_BASE_URL", web.url)
    found = await called(weather_tool(), place="Bergen")
    assert found == {
        "place": "Bergen", "country": "NO", "description": "light rain", "temperature": 7.4, "feels_like": 4.1, "humidity": 87.0,
        "wind": 6.2, "at": "2026-09-21T14:13:20Z", "source": "openweathermap.org", "stand_in": False, "note": None,
    }  # fmt: skip
    (asked,) = web.asked
    assert (asked.method, asked.query) == ("GET", {"q": "Bergen", "units": "metric", "appid": KEY})


async def test_the_web_is_searched_with_the_key_of_the_environment(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAVILY_API_KEY", KEY)
    monkeypatch.setenv("TAVILY_BASE_URL", web.url)
    found = await called(web_search_tool(), query="bees")
    assert (found["source"], found["stand_in"]) == ("tavily.com", False)
    assert found["results"] == [
        {"title": "Bees", "url": "https://example.org/bees", "text": "Bees are insects.", "score": 0.9},
        {"title": "https://example.org/hive", "url": "https://example.org/hive", "text": "", "score": None},
    ]
    (asked,) = web.asked
    assert (asked.method, asked.headers["authorization"]) == ("POST", f"Bearer {KEY}")
    assert json.loads(asked.body) == {"query": "bees", "max_results": 5, "search_depth": "basic"}
    assert KEY not in asked.path and not asked.query


async def test_without_a_key_the_stand_ins_say_what_they_are() -> None:
    weather = await called(weather_tool(), place="Bergen")
    assert weather["stand_in"] and weather["source"] == "stand-in"
    assert "NOT the weather" in weather["note"] and "WEATHER_API_KEY" in weather["note"]
    assert weather == await called(weather_tool(), place=" bergen ") | {"place": "Bergen"}
    assert weather != await called(weather_tool(), place="Oslo")
    search = await called(web_search_tool(), query="durable runs commit each step")
    assert search["stand_in"] and "NOT the web" in search["note"] and "TAVILY_API_KEY" in search["note"]
    assert (
        search["results"][0]["title"] == "Durable runs"
        and search["results"][0]["url"] == "stand-in:durable-runs"
    )
    assert (await called(web_search_tool(), query="zyzzyva"))["results"] == []


FAULTS = {
    "no key": (as_json({"cod": 401, "message": "Invalid API key"}, 401), "refused the key (401); set {name}"),
    "forbidden": (as_json({}, 403), "refused the key (403); set {name}"),
    "too often": (as_json({}, 429), "too often (429)"),
    "not found": (as_json({"cod": "404", "message": "city not found"}, 404), "answered 404: city not found"),
    "told in detail": (
        as_json({"detail": {"error": "query is too long"}}, 400),
        "answered 400: query is too long",
    ),
    "broken": (Reply(b"<html>oops", 500), "answered 500"),
    "away": (Reply(b"", 503), "answered 503"),
    "no JSON": (Reply(b"{not json"), "something else than a JSON object"),
    "a list": (as_json([1]), "something else than a JSON object"),
    "nested": (Reply(b"[" * 100_000), "something else than a JSON object"),
    "empty": (as_json({}), "something else than {form}'s form"),
    "odd": (
        as_json({"main": "x", "weather": [], "name": 3, "results": 7}),
        "something else than {form}'s form",
    ),
    "gigantic": (Reply(b" " * 1_500_000), "more than 1,000,000 bytes"),
    "moved": (Reply(b"", 302, {"location": "http://127.0.0.1:1/"}), "answered 302"),
    "gone": (Reply(breaks=True), "could not be asked"),
    "cut": (Reply(b"{", breaks=True), "could not be asked"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_goes_wrong_there_is_told_without_the_key(
    fault: str, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reply, said = FAULTS[fault]
    web.routes |= {"/weather": reply, "/search": reply}
    given = {"api_key": KEY, "base_url": web.url}
    for tool, arguments, name, form in (
        (weather_tool(**given), {"place": "Bergen"}, "WEATHER_API_KEY", "OpenWeatherMap"),
        (web_search_tool(**given), {"query": "bees"}, "TAVILY_API_KEY", "Tavily"),
    ):
        with pytest.raises(ToolError) as raised:
            await called(tool, **arguments)
        assert said.format(name=name, form=form) in str(raised.value)
        assert KEY not in str(raised.value) and "appid" not in str(raised.value)
        assert raised.value.__cause__ is None
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "base", ["ftp://example.org", "http://[", "http://exämple.org", "nonsense", "http://h:99999"]
)
async def test_an_address_that_cannot_be_asked_is_told_without_the_key(base: str) -> None:
    for tool, arguments in ((weather_tool, {"place": "Bergen"}), (web_search_tool, {"query": "bees"})):
        with pytest.raises((ToolError, ValueError)) as raised:
            await called(tool(api_key=KEY, base_url=base), **arguments)
        assert KEY not in str(raised.value) and raised.value.__cause__ is None


async def test_a_service_that_hangs_is_given_up(web: Web) -> None:
    web.routes["/x"] = Reply(b"{}", wait=30.0)
    with pytest.raises(ToolError, match=r"127\.0\.0\.1 did not answer within 0\.3 seconds"):
        await asked_json(f"{web.url}/x", "the service", key_name="KEY", seconds=0.3)


# --- whose word they go by


@pytest.mark.parametrize(
    ("message", "tool", "arguments", "rule"),
    [
        ("What's the weather in Bergen?", "weather", {"place": "Bergen"}, "asked"),
        ("Will it rain in New York tomorrow?", "weather", {"place": "New York"}, "asked"),
        ("Please check the forecast for Oslo.", "weather", {"place": "Oslo"}, "asked"),
        ("What's the weather like?", "weather", {"place": "Bergen"}, "argument_not_said"),
        ("Bergen is a fine town.", "weather", {"place": "Bergen"}, "not_asked"),
        ('Eve wrote: "What is the weather in Rome?"', "weather", {"place": "Rome"}, "not_asked"),
        ("Never mind. What's the weather in Bergen?", "weather", {"place": "Bergen"}, "not_asked"),
        ("Search the web for bee keeping in Norway.", "web_search", {"query": "bee keeping Norway"}, "asked"),
        ("Who won the race in Bergen?", "web_search", {"query": "won race Bergen"}, "asked"),
        ("My code is 4711. Who won the race?", "web_search", {"query": "4711"}, "argument_not_said"),
        ("Who won the race?", "web_search", {"query": "Ada's account number"}, "argument_not_said"),
        ("Thanks, that was all.", "web_search", {"query": "thanks"}, "not_asked"),
        ("Don't search the web. Who won the race?", "web_search", {"query": "race"}, "not_asked"),
    ],
)  # fmt: skip
def test_they_are_called_where_the_user_asks_and_with_what_they_said(
    message: str, tool: str, arguments: dict[str, Any], rule: str
) -> None:
    tools = {one.name: one for one in (weather_tool(), web_search_tool())}
    now = Situation(tools=tools, allowance=Allowance(message), sources=Sources([]))
    assert decide(Call(tool=tool, arguments=arguments), now).outcome.rule == rule


def test_a_question_about_two_places_allows_two_calls() -> None:
    message = "What's the weather in Bergen and Oslo?"
    done: list[Any] = []
    for place in ("Bergen", "Oslo", "Bergen"):
        now = Situation({"weather": weather_tool()}, Allowance(message), Sources([]), done)
        done.append(decide(Call(tool="weather", arguments={"place": place}), now).outcome)
    assert [one.rule for one in done] == ["asked", "asked", "repeated"]


def test_a_look_up_in_other_words_may_be_asked_for_again() -> None:
    tools = {"web_search": web_search_tool()}
    message = "Who won the race in Bergen?"
    done: list[Any] = []
    for query in ("Bergen race winner 2026", "won race Bergen"):
        now = Situation(tools, Allowance(message), Sources([]), done)
        done.append(decide(Call(tool="web_search", arguments={"query": query}), now).outcome)
    first, second = done
    assert (first.rule, first.again, second.rule) == ("argument_not_said", True, "asked")
    assert "Call it again with words of the user's message only" in first.told()
    # The user is told of it only where it came to nothing.
    assert "I did not call `web_search" in notice([first]) and notice(done) == ""
