"""What does a behaviour look like on the wire, in each of the two dialects?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from .does import Does

Dialect = Literal["anthropic", "openai"]
STOPS = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls", "refusal": "content_filter"}


def error(dialect: Dialect, does: Does) -> dict[str, Any]:
    """The body of an error."""
    if dialect == "anthropic":
        return {"type": "error", "error": {"type": does.kind, "message": does.said}}
    return {"error": {"message": does.said, "type": does.kind, "code": None, "param": None}}


def whole(dialect: Dialect, does: Does, model: str, tokens: tuple[int, int]) -> dict[str, Any]:
    """An answer in one body."""
    text = "".join(does.pieces)
    if dialect == "anthropic":
        content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        if does.tool:
            content.append(_tool_use(does, _parsed(does.tool[1])))
        return _message(does, model, content, does.stop_reason, tokens)
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": does.refusal}
    if does.tool:
        message["tool_calls"] = [_tool_call(does)]
    choice = {"index": 0, "message": message, "finish_reason": STOPS[does.stop_reason], "logprobs": None}
    return _completion("chat.completion", model, [choice], _usage(does, tokens))


def events(dialect: Dialect, does: Does, model: str, tokens: tuple[int, int]) -> Iterator[tuple[str, bool]]:
    """An answer as a stream: each event's text, and whether it is a piece of the answer."""
    made = _messages_events if dialect == "anthropic" else _chat_events
    return made(does, model, tokens)


def broken(dialect: Dialect, does: Does) -> str:
    """An error in the middle of a stream."""
    body = error(dialect, does)
    return _event("error", body) if dialect == "anthropic" else f"data: {json.dumps(body)}\n\n"


def _messages_events(does: Does, model: str, tokens: tuple[int, int]) -> Iterator[tuple[str, bool]]:
    def event(name: str, **data: Any) -> str:
        return _event(name, {"type": name, **data})

    first = _message(does, model, [], None, (tokens[0], 1))
    yield event("message_start", message=first), False
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""}), False
    yield event("ping"), False
    for piece in does.pieces:
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}), True
    yield event("content_block_stop", index=0), False
    if does.tool:
        yield event("content_block_start", index=1, content_block=_tool_use(does, {})), False
        for part in _halves(does.tool[1]):
            delta = {"type": "input_json_delta", "partial_json": part}
            yield event("content_block_delta", index=1, delta=delta), False
        yield event("content_block_stop", index=1), False
    delta = {"stop_reason": does.stop_reason, "stop_sequence": None}
    usage = {"usage": {"output_tokens": tokens[1]}} if does.tells else {}
    yield event("message_delta", delta=delta, **usage), False
    yield event("message_stop"), False


def _chat_events(does: Does, model: str, tokens: tuple[int, int]) -> Iterator[tuple[str, bool]]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return f"data: {json.dumps(_completion('chat.completion.chunk', model, [choice], None))}\n\n"

    yield chunk({"role": "assistant", "content": ""}), False
    for piece in does.pieces:
        yield chunk({"content": piece}), True
    if does.refusal:
        yield chunk({"refusal": does.refusal}), False
    if does.tool:
        call = _tool_call(does)
        for number, part in enumerate(_halves(does.tool[1])):
            function = {"arguments": part} | ({"name": does.tool[0]} if number == 0 else {})
            given = {"index": 0, "function": function} | (
                {"id": call["id"], "type": "function"} if number == 0 else {}
            )
            yield chunk({"tool_calls": [given]}), False
    yield chunk({}, STOPS[does.stop_reason]), False
    if does.tells:
        last = _completion("chat.completion.chunk", model, [], _usage(does, tokens))
        yield f"data: {json.dumps(last)}\n\n", False
    yield "data: [DONE]\n\n", False


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _message(
    does: Does, model: str, content: list[dict[str, Any]], stop: str | None, tokens: tuple[int, int]
) -> dict[str, Any]:
    read, written = does.cached
    usage = {
        "input_tokens": tokens[0] - read - written,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": tokens[1],
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content}
    told = {"usage": usage} if does.tells else {}
    return {**message, "stop_reason": stop, "stop_sequence": None, **told}


def _completion(kind: str, model: str, choices: list[dict[str, Any]], usage: Any) -> dict[str, Any]:
    return {"id": "cmpl_1", "object": kind, "created": 1, "model": model, "choices": choices, "usage": usage}


def _usage(does: Does, tokens: tuple[int, int]) -> dict[str, Any] | None:
    if not does.tells:
        return None
    return {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "total_tokens": sum(tokens),
        "prompt_tokens_details": {"cached_tokens": does.cached[0], "cache_write_tokens": does.cached[1]},
    }


def _tool_use(does: Does, arguments: Any) -> dict[str, Any]:
    assert does.tool is not None
    return {"type": "tool_use", "id": "call_1", "name": does.tool[0], "input": arguments}


def _tool_call(does: Does) -> dict[str, Any]:
    assert does.tool is not None
    name, arguments = does.tool
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]
