"""Tools, structured replies, fail-over, outages, cancelling and the gate: does one client do it in both dialects?"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from turngraph.services import (
    Account,
    Attempt,
    BudgetExceeded,
    ClaudeAPIError,
    Connection,
    Known,
    ModelNotConfigured,
    ModelRefused,
    ModelRejected,
    ModelReplyInvalid,
    ModelUnavailable,
    Policy,
    Prompt,
    ProviderModel,
    Reply,
    Turn,
    charged,
)
from turngraph.services.llm.call import COUNT_MARGIN
from turngraph.services.tools import Call, Outcome, Tool, ToolModel

from .provider.does import Does, fails
from .provider.gates import Entry, RecordingGate
from .provider.server import ProviderServer

KEY = "sk-canary-of-the-model"
DIALECTS = ("anthropic", "openai")
PROMPT = Prompt(message="What is my dog called?")


async def at_once(seconds: float) -> None:
    """A sleep that takes no time."""


def connection(server: ProviderServer, dialect: str, **more: Any) -> Connection:
    given = {"api_key": KEY, "base_url": server.base_url(dialect), "timeout": 5.0, **more}
    return Connection(dialect, "test-model", **given)


def model(*connections: Connection, gate: Any = None, **policy: Any) -> ProviderModel:
    return ProviderModel(*connections, gate=gate, policy=Policy(sleep=at_once, **policy))


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- tools


class Where(BaseModel):
    """Where the weather is wanted."""

    city: str
    days: int = 1


LOOK = Tool("look", "Tells the weather.", Where, lambda arguments, key: "sun", effect=False)


def outcome(result: str | None = "sun", *, id_: str | None = "call_1", allowed: bool = True) -> Outcome:
    call = Call(tool="look", arguments={"city": "Oslo"}, id=id_)
    rule = "read_only" if allowed else "not_in_node"
    return Outcome(
        call=call,
        allowed=allowed,
        rule=rule,
        reason="no",
        trigger="user",
        result=result,  # type: ignore[arg-type]
    )


async def test_a_tool_call_comes_with_its_arguments_and_its_id(dialect: str) -> None:
    asks = Does(pieces=(), tool=("look", '{"city": "Oslo", "days": 2}'), stop_reason="tool_use")
    with ProviderServer(asks) as server:
        asked = model(connection(server, dialect))
        assert isinstance(asked, ToolModel)
        answer = await asked.step(PROMPT, [LOOK], [])
        await asked.aclose()
    (call,) = answer.calls
    assert (call.tool, call.arguments, call.id) == ("look", {"city": "Oslo", "days": 2}, "call_1")
    (tool,) = server.seen[0].body["tools"]
    named = tool["function"] if dialect == "openai" else tool
    schema = named["parameters" if dialect == "openai" else "input_schema"]
    assert (named["name"], named["description"]) == ("look", "Tells the weather.")
    assert schema["required"] == ["city"]


async def test_what_came_of_each_call_is_told_in_the_dialects_own_form(dialect: str) -> None:
    done = [outcome(), outcome("rain"), outcome(None, id_="it's odd!", allowed=False)]
    with ProviderServer(Does(pieces=("Sunny.",))) as server:
        asked = model(connection(server, dialect))
        answer = await asked.step(PROMPT, [LOOK], done)
        await asked.aclose()
    assert (answer.text, answer.calls) == ("Sunny.", [])
    said = [message for message in server.seen[0].body["messages"] if message["role"] != "system"]
    assert len(said) == 1 + 2 * len(done)
    if dialect == "openai":
        ids = [message["tool_calls"][0]["id"] for message in said[1::2]]
        assert [message["tool_call_id"] for message in said[2::2]] == ids
        assert json.loads(said[1]["tool_calls"][0]["function"]["arguments"]) == {"city": "Oslo"}
        told = [message["content"] for message in said[2::2]]
    else:
        ids = [message["content"][0]["id"] for message in said[1::2]]
        assert [message["content"][0]["tool_use_id"] for message in said[2::2]] == ids
        assert said[1]["content"][0]["input"] == {"city": "Oslo"}
        told = [message["content"][0]["content"] for message in said[2::2]]
        assert [message["content"][0].get("is_error", False) for message in said[2::2]] == [
            False,
            False,
            True,
        ]
    assert ids == ["call_1", "call_1_1", "itsodd"]
    assert told[0] == '"sun"' and told[1] == '"rain"' and told[2].startswith("REFUSED")


@pytest.mark.parametrize("arguments", ['{"city": ', "[1]", '"Oslo"', "{" * 3_000])
async def test_a_tool_call_with_broken_json_is_no_call_and_is_paid(arguments: str) -> None:
    asks = Does(pieces=(), tool=("look", arguments), stop_reason="tool_use")
    for name in DIALECTS:
        gate = RecordingGate()
        with ProviderServer(asks) as server:
            asked = model(connection(server, name), gate=gate)
            with pytest.raises(ModelReplyInvalid, match="no JSON object"):
                await asked.step(PROMPT, [LOOK], [])
            await asked.aclose()
        assert (gate.endings, len(server.seen)) == (["settled"], 1)


async def test_a_tool_call_that_was_cut_off_is_no_call(dialect: str) -> None:
    asks = Does(pieces=(), tool=("look", ""), stop_reason="max_tokens")
    with ProviderServer(asks) as server:
        asked = model(connection(server, dialect))
        with pytest.raises(ModelReplyInvalid, match="max_tokens"):
            await asked.step(PROMPT, [LOOK], [])
        await asked.aclose()


# --- structured replies


class Pet(BaseModel):
    """A pet."""

    name: str
    age: int


async def test_a_structured_reply_is_an_instance(dialect: str) -> None:
    with ProviderServer(Does(pieces=('{"name": "Biscuit", ', '"age": 3}'))) as server:
        asked = model(connection(server, dialect))
        assert await asked.structured(PROMPT, Pet) == Pet(name="Biscuit", age=3)
        await asked.aclose()
    body = server.seen[0].body
    form = body["response_format"]["json_schema"] if dialect == "openai" else body["output_config"]["format"]
    assert set(form["schema"]["required"]) == {"name", "age"}


async def test_where_a_schema_is_not_kept_it_stands_in_the_prompt() -> None:
    with ProviderServer(Does(pieces=('Sure!\n```json\n{"name": "Biscuit", "age": 3}\n```',))) as server:
        asked = ProviderModel(Connection("zai", "glm", api_key=KEY, base_url=server.url))
        assert await asked.structured(PROMPT, Pet) == Pet(name="Biscuit", age=3)
        await asked.aclose()
    assert '"age"' in server.seen[0].body["system"] and "output_config" not in server.seen[0].body


async def test_a_reply_of_another_form_says_what_is_wrong(dialect: str) -> None:
    with ProviderServer(Does(pieces=('{"name": "Biscuit", "age": "old"}',))) as server:
        asked = model(connection(server, dialect))
        with pytest.raises(ModelReplyInvalid, match="age Input should be a valid integer") as caught:
            await asked.structured(PROMPT, Pet)
        await asked.aclose()
    assert caught.value.attempts == 1


async def test_a_structured_reply_that_was_cut_off_says_so(dialect: str) -> None:
    with ProviderServer(Does(pieces=('{"name": "Bis',), stop_reason="max_tokens")) as server:
        asked = model(connection(server, dialect))
        with pytest.raises(ModelReplyInvalid, match="cut off at max_tokens"):
            await asked.structured(PROMPT, Pet)
        await asked.aclose()


async def test_extraction_and_summary_work_in_both_dialects(dialect: str) -> None:
    said = {
        "facts": [{"content": "I have a dog.", "category": "pets", "importance": 7, "subject": None}],
        "preferences": [],
    }
    with ProviderServer(Does(pieces=(json.dumps(said),)), Does(pieces=("A dog.",))) as server:
        asked = model(connection(server, dialect))
        turns = [Turn(role="user", content="I have a dog.")]
        assert [fact.importance for fact in (await asked.extract(turns)).facts] == [1.0]
        assert await asked.summarise(turns) == "A dog."
        assert (await asked.complete("Hello?", system="Be brief.")).text == "A dog."
        await asked.aclose()


async def test_what_is_known_is_numbered_and_what_is_over_comes_back_by_its_id(dialect: str) -> None:
    known = [Known(id="a", content="I work at\nKrupp."), Known(id="b", content="I play the cello.")]
    over = [
        {"number": number, "words": quoted}
        for number, quoted in [
            (1, "handed in my Badge"),
            (1, "badge."),
            (2, "I sold it"),
            (2, "and in"),
            (2, " "),
            (7, "badge"),
            (0, "badge"),
            (-1, "badge"),
        ]
    ]
    said = {"facts": [], "preferences": [], "over": over}
    without = {"facts": [], "preferences": []}
    broken = [without, {**without, "over": None}, {**without, "over": [1, {"number": 1}, "badge"]}]
    answers = [Does(pieces=(json.dumps(one),)) for one in (said, *broken)]
    with ProviderServer(*answers) as server:
        asked = model(connection(server, dialect))
        turns = [Turn(role="user", content="I handed in my badge.")]
        assert (await asked.extract(turns, known)).over == ["a"]
        for _ in broken:
            assert (await asked.extract(turns, known)).over == []
        await asked.aclose()
    sent = json.dumps(server.seen[0].body)
    assert "1. I work at Krupp.\\n2. I play the cello." in sent and "`over`" in sent


# --- fail-over


@pytest.fixture
def pair() -> Iterator[tuple[ProviderServer, ProviderServer]]:
    with ProviderServer() as first, ProviderServer(Does(pieces=("Rex", "."))) as second:
        yield first, second


async def pieces_of(asked: ProviderModel) -> tuple[list[str], Reply | ClaudeAPIError | None]:
    shown: list[str] = []
    try:
        async for piece in asked.stream(PROMPT):
            if isinstance(piece, Reply):
                return shown, piece
            shown.append(piece)
    except ClaudeAPIError as error:
        return shown, error
    finally:
        await asked.aclose()
    return shown, None


@pytest.mark.parametrize(
    ("does", "requests"),
    [
        (fails(529), 3),
        (fails(401), 1),
        (fails(404), 1),
        (Does(pieces=()), 1),
        (Does(body=b"<html>", content_type="text/html"), 1),
        (Does(then="stop", after=0), 3),
        (Does(instead="reset"), 3),
    ],
)
async def test_the_next_answers_where_the_first_does_not(pair: Any, does: Does, requests: int) -> None:
    first, second = pair
    first.script = [does]
    gate = RecordingGate()
    asked = model(connection(first, "anthropic"), connection(second, "openai"), gate=gate)
    shown, reply = await pieces_of(asked)
    assert isinstance(reply, Reply)
    assert (shown, reply.provider, reply.metadata["attempts"]) == (["Rex", "."], "openai", requests + 1)
    assert (len(first.seen), len(second.seen)) == (requests, 1)
    assert [entry.attempt.number for entry in gate.entries] == list(range(1, requests + 2))
    assert len({entry.attempt.call_id for entry in gate.entries}) == 1


async def test_text_that_was_shown_is_not_shown_again_by_another(pair: Any) -> None:
    first, second = pair
    first.script = [Does(then="cut", after=1)]
    shown, error = await pieces_of(model(connection(first, "openai"), connection(second, "anthropic")))
    assert isinstance(error, ModelUnavailable)
    assert (shown, len(second.seen)) == (["Bis"], 0)


async def test_a_refusal_is_not_shopped_around(pair: Any) -> None:
    first, second = pair
    first.script = [Does(pieces=(), stop_reason="refusal")]
    shown, error = await pieces_of(model(connection(first, "openai"), connection(second, "anthropic")))
    assert isinstance(error, ModelRefused)
    assert (shown, len(second.seen)) == ([], 0)


async def test_when_nobody_answers_the_error_tells_of_all(pair: Any) -> None:
    first, second = pair
    first.script, second.script = [fails(529)], [fails(403, said="not for you")]
    _, error = await pieces_of(model(connection(first, "anthropic"), connection(second, "openai")))
    assert isinstance(error, ModelRejected)
    assert (error.attempts, error.provider) == (4, "openai")
    assert len(error.__notes__) == 1 and "status 529" in error.__notes__[0]


async def test_a_provider_without_a_key_is_passed_over(pair: Any) -> None:
    first, second = pair
    asked = model(connection(first, "anthropic", api_key=" "), connection(second, "openai"))
    shown, reply = await pieces_of(asked)
    assert shown == ["Rex", "."] and isinstance(reply, Reply)
    _, error = await pieces_of(model(connection(first, "anthropic", api_key="a key")))
    assert isinstance(error, ModelNotConfigured) and first.seen == []


async def test_one_deadline_holds_over_all_of_them(pair: Any) -> None:
    first, second = pair
    first.script = [Does(instead="hang")]
    asked = model(connection(first, "anthropic"), connection(second, "openai"), deadline=0.5)
    _, error = await pieces_of(asked)
    assert isinstance(error, ModelUnavailable) and "deadline" in str(error)
    assert (len(first.seen), len(second.seen)) == (1, 0)


# --- an outage


@pytest.mark.parametrize("crowd", [10, 100])
@pytest.mark.parametrize("at_a_time", [1, 20])
async def test_an_outage_is_not_made_worse(dialect: str, crowd: int, at_a_time: int) -> None:
    with ProviderServer(fails(503)) as server:
        # The waits are short, and there: in them the others fail too, and the circuit opens.
        asked = ProviderModel(connection(server, dialect), policy=Policy(backoff=0.4))
        room = asyncio.Semaphore(at_a_time)

        async def one() -> ClaudeAPIError:
            async with room:
                with pytest.raises(ModelUnavailable) as caught:
                    await asked.reply(PROMPT)
                return caught.value

        errors = await asyncio.gather(*(one() for _ in range(crowd)))
        await asked.aclose()
        assert len(server.seen) <= 1.2 * crowd
        assert sum(error.attempts for error in errors) == len(server.seen)
        assert crowd == 10 or any("left alone" in str(error) for error in errors)


@pytest.mark.parametrize("well", [2, 4])
async def test_calls_that_fail_now_and_then_are_asked_again_within_the_budget(
    dialect: str, well: int
) -> None:
    with ProviderServer(lambda seen: fails(503) if seen.number % well else Does()) as server:
        asked, answered = model(connection(server, dialect)), 0
        for _ in range(150):
            with contextlib.suppress(ModelUnavailable):
                await asked.reply(PROMPT)
                answered += 1
        await asked.aclose()
    assert answered >= 150 // well and 150 < len(server.seen) <= 1.2 * 150


async def test_after_a_pause_one_call_tries_and_the_rest_follow(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, ahead = asyncio.get_running_loop(), 0.0
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + ahead)
    with ProviderServer(*[fails(503)] * 5, Does()) as server:
        asked = model(connection(server, dialect), attempts=1, deadline=30.0)
        for _ in range(7):
            with pytest.raises(ModelUnavailable):
                await asked.reply(PROMPT)
        assert len(server.seen) == 5
        ahead = 6.0
        assert (await asked.reply(PROMPT)).text == "Biscuit."
        assert (await asked.reply(PROMPT)).text == "Biscuit."
        await asked.aclose()
    assert len(server.seen) == 7


# --- cancelling


@pytest.mark.parametrize("when", ["before the answer", "in the answer"])
async def test_cancelling_stops_the_request_at_the_server_and_stays_booked(dialect: str, when: str) -> None:
    does = Does(instead="hang") if when == "before the answer" else Does(then="hang", after=1)
    gate, shown = RecordingGate(), asyncio.Event()
    with ProviderServer(does) as server:
        asked = model(connection(server, dialect, timeout=30.0), gate=gate)

        async def listen() -> None:
            async for _ in asked.stream(PROMPT):
                shown.set()

        task = asyncio.create_task(listen())
        while not server.seen or (when == "in the answer" and not shown.is_set()):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.seen[0].left.wait, 10)
        await asked.aclose()
    assert gate.endings == ["uncertain"] and len(server.seen) == 1


async def test_a_listener_that_goes_away_stops_the_request_at_the_server(dialect: str) -> None:
    gate = RecordingGate()
    with ProviderServer(Does(then="hang", after=1)) as server:
        asked = model(connection(server, dialect, timeout=30.0), gate=gate)
        stream: Any = asked.stream(PROMPT)
        assert await anext(stream) == "Bis"
        await stream.aclose()
        assert await asyncio.to_thread(server.seen[0].left.wait, 10)
        await asked.aclose()
    assert gate.endings == ["uncertain"]


# --- the gate


class Poor(RecordingGate):
    """Lets nothing through that may need more tokens than it has."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.bounds: list[int] = []

    async def enter(self, attempt: Attempt) -> Entry:
        self.bounds.append(attempt.input_bound)
        if attempt.input_bound > self.tokens:
            raise BudgetExceeded(f"ada has {self.tokens} tokens left")
        return await super().enter(attempt)


async def test_a_budget_that_is_used_up_costs_no_request_and_no_second_provider(pair: Any) -> None:
    first, second = pair
    asked = model(connection(first, "openai"), connection(second, "anthropic"), gate=Poor(0))
    _, error = await pieces_of(asked)
    assert isinstance(error, BudgetExceeded) and not error.retryable
    assert (first.seen, second.seen, error.attempts) == ([], [], 0)


async def test_where_the_bound_is_too_high_the_provider_is_asked_to_count() -> None:
    long = Prompt(message="word " * 1_000)
    gate = Poor(2_000)
    with ProviderServer() as server:
        asked = model(connection(server, "anthropic"), gate=gate)
        assert (await asked.reply(long)).text == "Biscuit."
        assert server.counted == 1 and gate.endings == ["settled"]
        high, counted = gate.bounds
        assert high > 5_000 and counted < 2_000 and counted > COUNT_MARGIN
        with pytest.raises(BudgetExceeded):
            await asked.reply(Prompt(message="word " * 10_000))
        await asked.aclose()
    assert (server.counted, len(server.seen)) == (2, 1)


async def test_calls_are_charged_to_an_account(dialect: str) -> None:
    gate, whose = RecordingGate(), Account(tenant="t", user="ada", conversation="c", run="r", node="n")
    with ProviderServer() as server:
        asked = model(connection(server, dialect), gate=gate)
        await charged(asked, whose).reply(PROMPT)
        await asked.reply(PROMPT)
        await asked.aclose()
    assert [entry.attempt.account for entry in gate.entries] == [whose, None]


# --- what is sent


async def test_what_is_sent_again_is_marked_for_the_cache_when_it_is_long() -> None:
    with ProviderServer(Does(cached=(3, 2))) as server:
        asked = model(connection(server, "anthropic"))
        long = Prompt(message="Hi", instructions="Be kind. " * 1_000, summary="They met.")
        reply = await asked.reply(long)
        await asked.reply(PROMPT)
        await asked.step(Prompt(message="Hi", summary="They met. " * 1_000), [LOOK], [])
        await asked.aclose()
    first, second, third = (request.body["system"] for request in server.seen)
    assert [("cache_control" in block) for block in first] == [True, False]
    assert first[0]["text"].endswith("Be kind. ") and "They met." in first[1]["text"]
    assert isinstance(second, str)  # short, and what was recalled differs the next time
    assert [("cache_control" in block) for block in third] == [True]
    usage = reply.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (11, 3, 2)


async def test_cached_tokens_are_told_in_both_dialects(dialect: str) -> None:
    with ProviderServer(Does(cached=(3, 2))) as server:
        asked = model(connection(server, dialect))
        _, reply = await pieces_of(asked)
    assert isinstance(reply, Reply)
    usage = reply.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (11, 3, 2)


async def test_the_environment_of_one_provider_goes_to_no_other(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "OPENAI_API_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
    ):
        monkeypatch.setenv(name, f"secret-{name}")
    provider = "ionet" if dialect == "openai" else "zai"
    with ProviderServer() as server:
        asked = ProviderModel(Connection(provider, "m", api_key=KEY, base_url=server.base_url(dialect)))
        await asked.reply(PROMPT)
        await asked.aclose()
    sent = json.dumps(server.seen[0].headers)
    assert KEY in sent and "secret-" not in sent


async def test_tokens_are_counted_by_the_provider_where_it_counts() -> None:
    with ProviderServer() as server:
        counting, guessing = model(connection(server, "anthropic")), model(connection(server, "openai"))
        assert await guessing.count_tokens(PROMPT) == PROMPT.tokens()
        assert server.counted == 0
        assert await counting.count_tokens(PROMPT) > 0
        assert server.counted == 1
        await counting.aclose()
        await guessing.aclose()


async def test_a_key_stays_out_of_what_is_printed(dialect: str) -> None:
    with ProviderServer(fails(401, said=f"{KEY} is wrong")) as server:
        asked = model(connection(server, dialect))
        with pytest.raises(ModelRejected) as caught:
            await asked.reply(PROMPT)
        await asked.aclose()
    assert KEY not in f"{caught.value!r}{asked!r}{asked.connections!r}{caught.value.__cause__!r}"
