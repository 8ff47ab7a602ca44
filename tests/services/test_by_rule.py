"""Which tools does the model ask for that works by rule, and what does it say of what they gave?"""

from __future__ import annotations

from typing import Any

import pytest

from turngraph.services import OfflineModel, Prompt
from turngraph.services.tools import Allowance, Call, Outcome, Situation, Sources, decide, default_toolbox
from turngraph.services.tools.by_rule import calls_by_rule, told_by_rule

BOX = default_toolbox()
NAMES = [tool.name for tool in BOX]


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ("What is 17*23?", [("calculator", "17*23")]),
        ("what's (2+3)^4", [("calculator", "(2+3)^4")]),
        ("How much is 15% of 80?", [("calculator", "15% of 80")]),
        ("Calculate sqrt(2) * 10, please", [("calculator", "sqrt(2) * 10")]),
        ("12 / 4", [("calculator", "12 / 4")]),
        ("What's the weather in Bergen?", [("weather", "Bergen")]),
        ("Will it rain in New York tomorrow?", [("weather", "New York")]),
        (
            "What's the weather in Bergen, Oslo and New York?",
            [("weather", "Bergen"), ("weather", "Oslo"), ("weather", "New York")],
        ),
        ("Search the web for bee keeping in Norway.", [("web_search", "bee keeping in Norway")]),
        ("Google the tallest volcano.", [("web_search", "the tallest volcano")]),
        ("Please read https://example.org/a?b=1.", [("fetch", "https://example.org/a?b=1")]),
        (
            "What does https://example.org/2+2 say about the weather in Bergen?",
            [("fetch", "https://example.org/2+2")],
        ),
        ("What is my dog called?", []),
        ("My flat has 3 rooms.", []),
        ("What is 2026-03-12?", []),
        ("I was born on 12.3.1990", []),
        ("Look up what I said about Lena.", []),
        ("It is cold.", []),
        ("", []),
    ],
)
def test_what_a_message_asks_for_in_so_many_words(message: str, calls: list[tuple[str, str]]) -> None:
    found = calls_by_rule(message, NAMES)
    assert [(call.tool, next(iter(call.arguments.values()))) for call in found] == calls
    assert calls_by_rule(message, []) == []
    # What it asks for is what the user asked for.
    done: list[Outcome] = []
    for call in found:
        now = Situation({tool.name: tool for tool in BOX}, Allowance(message), Sources([]), done)
        done.append(decide(call, now).outcome)
    assert all(outcome.allowed for outcome in done), done


def outcome(tool: str, result: Any = None, error: str | None = None, allowed: bool = True) -> Outcome:
    rule: Any = "asked" if allowed else "not_asked"
    return Outcome(
        call=Call(tool=tool),
        allowed=allowed,
        rule=rule,
        reason="",
        trigger="user",
        result=result,
        error=error,
    )


def test_what_came_of_calls_is_told_in_sentences() -> None:
    page = {"url": "https://example.org/", "title": "Bees", "text": "They are well."}
    hits = {
        "query": "bees",
        "source": "tavily.com",
        "results": [{"title": "Bees", "url": "https://b.org", "text": "Well."}],
    }
    assert (
        told_by_rule([outcome("calculator", {"expression": "1/3", "exact": False, "value": 0.33})])
        == "1/3 ≈ 0.33"
    )
    assert told_by_rule([outcome("fetch", page)]) == "Bees (https://example.org/): They are well."
    assert (
        told_by_rule([outcome("web_search", hits)])
        == "Found for “bees” (tavily.com):\nBees (https://b.org): Well."
    )
    assert told_by_rule([outcome("web_search", {**hits, "results": []})]) == "Nothing was found for “bees”."
    assert told_by_rule([outcome("bake", "two loaves"), outcome("x", [1])]) == "bake: two loaves\nx: [1]"
    assert (
        told_by_rule([outcome("weather", error="weather failed: no")])
        == "That did not work: weather failed: no"
    )
    assert told_by_rule([outcome("weather", allowed=False)]) == ""


async def test_the_offline_model_asks_once_and_answers_as_ever_where_there_is_nothing_to_ask() -> None:
    model, tools = OfflineModel(), list(BOX)
    first = await model.step(Prompt(message="What is 2*3?"), tools, [])
    assert [call.tool for call in first.calls] == ["calculator"] and first.text == ""
    given = outcome("calculator", {"expression": "2*3", "exact": True, "value": 6})
    second = await model.step(Prompt(message="What is 2*3?"), tools, [given])
    assert (second.text, second.calls, second.usage.estimated) == ("2*3 = 6", [], True)
    plain = await model.step(Prompt(message="Hello"), tools, [])
    assert plain.text == (await model.reply(Prompt(message="Hello"))).text != "" and plain.calls == []
    refused = await model.step(Prompt(message="What is 2*3?"), tools, [outcome("calculator", allowed=False)])
    assert (refused.text, refused.calls) == ("", [])
