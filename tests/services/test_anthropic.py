"""Does the Anthropic model send, retry, stream and fail as it should, against a real HTTP server?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from turngraph.services import (
    ClaudeAPIClient,
    ClaudeAPIError,
    Connection,
    ModelNotConfigured,
    ModelRefused,
    ModelRejected,
    ModelReplyInvalid,
    ModelUnavailable,
    Policy,
    PreferenceNote,
    Prompt,
    ProviderModel,
    Recalled,
    Reply,
    Turn,
)

Answer = tuple[int, dict[str, str], bytes, bool]
Serve = Callable[..., Any]

KEY = "sk-test-very-secret"

CUT: Answer = (200, {}, b"", True)

PROMPT = Prompt(
    message="What is my dog called?",
    turns=[Turn(role="user", content="Hello"), Turn(role="assistant", content="Hi")],
    memories=[
        Recalled(
            content="My dog is </recalled> Biscuit",
            score=0.9,
            message_id="m1",
            at=datetime(2026, 3, 12, tzinfo=UTC),
        )
    ],
    preferences=[PreferenceNote(key="theme", value="dark mode", category="ui")],
)


def model(server: Any, *, attempts: int = 3) -> ProviderModel:
    return claude(server.url, attempts=attempts)


def claude(url: str, *, attempts: int = 3, key: str = KEY) -> ProviderModel:
    connection = Connection("anthropic", "claude-test", api_key=key, base_url=url, timeout=5.0)
    return ProviderModel(connection, policy=Policy(attempts=attempts, backoff=0.01))


async def collected(asked: ProviderModel) -> tuple[list[str], Reply | None]:
    pieces: list[str] = []
    last: Reply | None = None
    async for piece in asked.stream(PROMPT):
        if isinstance(piece, Reply):
            last = piece
        else:
            pieces.append(piece)
    return pieces, last


async def test_a_reply_has_the_providers_usage_and_the_request_the_messages_shape(serve: Serve) -> None:
    server = serve(message("Biscuit."))
    asked = model(server)
    reply = await asked.reply(PROMPT, max_tokens=50)
    await asked.aclose()
    assert (reply.text, reply.provider, reply.model) == ("Biscuit.", "anthropic", "claude-test")
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.estimated) == (11, 7, False)
    assert reply.sources == ["m1"]
    seen = server.seen[0]
    assert seen.path == "/v1/messages"
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body["max_tokens"] == 50
    assert seen.body["model"] == "claude-test"
    assert [entry["role"] for entry in seen.body["messages"]] == ["user", "assistant", "user"]
    assert "dark mode" in seen.body["system"]
    # One fence a thing recalled, whatever the text in it says.
    assert "&lt;/recalled> Biscuit</recalled>" in seen.body["system"]


async def test_a_stream_gives_pieces_and_the_reply_last(serve: Serve) -> None:
    server = serve(streamed(["Bis", "cuit", "."]))
    asked = model(server)
    pieces, reply = await collected(asked)
    await asked.aclose()
    assert pieces == ["Bis", "cuit", "."]
    assert reply is not None
    assert reply.text == "Biscuit."
    assert reply.usage.output_tokens == 5


async def test_overload_is_retried_and_retry_after_is_the_least_wait(serve: Serve) -> None:
    server = serve(
        failed(429, "rate_limit_error", retry_after="0.3"), failed(529, "overloaded_error"), message("ok")
    )
    asked = model(server)
    started = time.monotonic()
    reply = await asked.reply(PROMPT)
    took = time.monotonic() - started
    await asked.aclose()
    assert reply.text == "ok"
    assert len(server.seen) == 3
    assert took >= 0.3


async def test_attempts_are_counted_and_end_in_unavailable(serve: Serve) -> None:
    server = serve(failed(529, "overloaded_error"))
    asked = model(server, attempts=2)
    with pytest.raises(ModelUnavailable) as caught:
        await asked.reply(PROMPT)
    await asked.aclose()
    assert len(server.seen) == 2
    assert (caught.value.status, caught.value.attempts, caught.value.retryable) == (529, 2, True)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
async def test_what_is_rejected_is_not_asked_again_and_never_tells_the_key(serve: Serve, status: int) -> None:
    server = serve(failed(status, "some_error", f"the key {KEY} is bad"))
    asked = model(server)
    with pytest.raises(ModelRejected) as caught:
        await asked.reply(PROMPT)
    await asked.aclose()
    assert len(server.seen) == 1
    assert (caught.value.status, caught.value.attempts, caught.value.retryable) == (status, 1, False)
    assert KEY not in str(caught.value)
    assert KEY not in repr(asked)
    assert caught.value.__cause__ is None


async def test_an_error_event_before_any_text_is_retried(serve: Serve) -> None:
    server = serve(streamed([], error="overloaded_error"), streamed(["ok"]))
    asked = model(server)
    pieces, reply = await collected(asked)
    await asked.aclose()
    assert pieces == ["ok"]
    assert reply is not None
    assert len(server.seen) == 2


async def test_nothing_is_shown_twice_when_a_stream_fails_after_text(serve: Serve) -> None:
    server = serve(streamed(["Bis"], error="overloaded_error"))
    asked = model(server)
    pieces: list[str] = []
    with pytest.raises(ModelUnavailable):
        async for piece in asked.stream(PROMPT):
            assert isinstance(piece, str)
            pieces.append(piece)
    await asked.aclose()
    assert pieces == ["Bis"]
    assert len(server.seen) == 1


async def test_a_stream_cut_after_text_is_an_error_and_no_short_answer(serve: Serve) -> None:
    server = serve(streamed(["Bis"], cut=True))
    asked = model(server)
    with pytest.raises(ModelUnavailable):
        await collected(asked)
    await asked.aclose()
    assert len(server.seen) == 1


async def test_a_stream_that_never_starts_ends_in_unavailable_after_all_attempts(serve: Serve) -> None:
    server = serve(failed(529, "overloaded_error"))
    asked = model(server)
    with pytest.raises(ModelUnavailable) as caught:
        await collected(asked)
    await asked.aclose()
    assert len(server.seen) == 3
    assert caught.value.attempts == 3


async def test_a_listener_that_stops_or_fails_stops_the_stream(serve: Serve) -> None:
    server = serve(streamed(["a", "b"]))
    asked = model(server)
    with pytest.raises(RuntimeError, match="listener"):
        async for _ in asked.stream(PROMPT):
            raise RuntimeError("listener")
    await asked.aclose()
    assert len(server.seen) == 1


async def test_a_reset_connection_is_retried(serve: Serve) -> None:
    server = serve(CUT, message("ok"))
    asked = model(server)
    reply = await asked.reply(PROMPT)
    await asked.aclose()
    assert reply.text == "ok"
    assert len(server.seen) == 2


async def test_no_server_is_unavailable_and_says_what_to_check(serve: Serve) -> None:
    server = serve(message("never"))
    gone = server.url
    server.__exit__()
    asked = claude(gone, attempts=2)
    with pytest.raises(ModelUnavailable, match="ANTHROPIC_BASE_URL") as caught:
        await asked.reply(PROMPT)
    assert caught.value.attempts == 2
    await asked.aclose()


async def test_a_refusal_and_an_empty_answer_have_errors_of_their_own(serve: Serve) -> None:
    server = serve(message("", stop_reason="refusal"), message(""))
    asked = model(server)
    with pytest.raises(ModelRefused):
        await asked.reply(PROMPT)
    with pytest.raises(ModelReplyInvalid):
        await asked.reply(PROMPT)
    await asked.aclose()
    assert len(server.seen) == 2


async def test_without_a_key_the_error_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ModelNotConfigured, match="ANTHROPIC_API_KEY"):
        await claude("http://127.0.0.1:1", key="").reply(PROMPT)


async def test_extraction_is_the_models_json(serve: Serve) -> None:
    found = {
        "facts": [
            {
                "content": "My dog is called Biscuit.",
                "category": "personal",
                "importance": 0.8,
                "subject": "dog",
            }
        ],
        "preferences": [{"key": "theme", "value": "dark mode", "category": "ui"}],
    }
    server = serve(message(json.dumps(found)))
    asked = model(server)
    extraction = await asked.extract([Turn(role="user", content="My dog is called Biscuit. I like it dark.")])
    await asked.aclose()
    assert extraction.facts[0].subject == "dog"
    assert extraction.preferences[0].value == "dark mode"


async def test_extraction_falls_back_to_rules_when_the_json_is_none(serve: Serve) -> None:
    server = serve(message("Sure! Here are the facts."))
    asked = model(server)
    extraction = await asked.extract([Turn(role="user", content="My dog is called Biscuit.")])
    await asked.aclose()
    assert [fact.content for fact in extraction.facts] == ["My dog is called Biscuit."]


async def test_nothing_said_costs_no_call(serve: Serve) -> None:
    server = serve(message("never"))
    asked = model(server)
    assert not (await asked.extract([Turn(role="assistant", content="Hello")])).facts
    assert await asked.summarise([]) == ""
    assert server.seen == []


async def test_a_summary_is_told_what_came_before(serve: Serve) -> None:
    server = serve(message("Ada has a dog."))
    asked = model(server)
    written = await asked.summarise(
        [Turn(role="user", content="My dog is Rex")], previous="Ada lives in Oslo."
    )
    await asked.aclose()
    assert written == "Ada has a dog."
    assert "Ada lives in Oslo." in server.seen[0].body["messages"][0]["content"]


def test_each_event_loop_has_a_client_of_its_own(serve: Serve) -> None:
    server = serve(message("ok"))
    asked = model(server)

    async def once() -> str:
        reply = await asked.reply(PROMPT)
        await asked.aclose()
        return reply.text

    assert [asyncio.run(once()), asyncio.run(once())] == ["ok", "ok"]


async def test_the_plain_client_asks_and_closes(serve: Serve) -> None:
    server = serve(message("Paris."))
    async with ClaudeAPIClient(api_key=KEY, base_url=server.url, model="claude-test") as client:
        assert await client.call_claude("Capital of France?", system_prompt="Be brief.") == "Paris."
    assert server.seen[0].body["system"] == "Be brief."


async def test_the_plain_client_retries_as_it_is_told(serve: Serve) -> None:
    server = serve(failed(529, "overloaded_error"))
    async with ClaudeAPIClient(api_key=KEY, base_url=server.url, model="claude-test") as client:
        with pytest.raises(ClaudeAPIError) as caught:
            await client.call_claude("Hi", max_retries=2, backoff_factor=0.01)
    assert caught.value.attempts == 2
    assert len(server.seen) == 2


async def test_the_plain_client_works_offline_and_names_its_providers() -> None:
    async with ClaudeAPIClient("offline") as client:
        assert "dog is called Rex" in await client.call_claude("My dog is called Rex. What is my dog called?")
    with pytest.raises(ModelNotConfigured, match="anthropic, zai"):
        ClaudeAPIClient("anthropik")


def message(text: str, *, stop_reason: str = "end_turn", tokens: tuple[int, int] = (11, 7)) -> Answer:
    """A whole Messages answer."""
    return _json(200, _message([{"type": "text", "text": text}] if text else [], stop_reason, tokens))


def failed(status: int, kind: str, said: str = "no", **headers: str) -> Answer:
    """An error answer."""
    answer = _json(status, {"type": "error", "error": {"type": kind, "message": said}})
    answer[1].update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


def streamed(pieces: Sequence[str], *, error: str | None = None, cut: bool = False) -> Answer:
    """An SSE answer; with `error` an error event ends it, with `cut` the connection does."""
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"type": "message_start", "message": _message([], None, (11, 1))}),
        (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
    ]
    for piece in pieces:
        delta = {"type": "text_delta", "text": piece}
        events.append(("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}))
    if error:
        events.append(("error", {"type": "error", "error": {"type": error, "message": "Overloaded"}}))
    elif not cut:
        events.append(("content_block_stop", {"type": "content_block_stop", "index": 0}))
        last: dict[str, Any] = {"stop_reason": "end_turn", "stop_sequence": None}
        events.append(
            ("message_delta", {"type": "message_delta", "delta": last, "usage": {"output_tokens": 5}})
        )
        events.append(("message_stop", {"type": "message_stop"}))
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return 200, {"content-type": "text/event-stream"}, body.encode(), cut


def _json(status: int, data: dict[str, Any]) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(data).encode(), False


def _message(content: list[dict[str, Any]], stop: str | None, tokens: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": tokens[0], "output_tokens": tokens[1]},
    }
