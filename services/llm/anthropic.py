"""How is Anthropic Messages spoken: with Anthropic itself, z.ai, Ollama, llama.cpp?"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from ..errors import ModelReplyInvalid, ModelUnavailable
from ..tokens import estimate_tokens
from .dialect import event_stream, http_client, system_text, timeouts
from .prompt import readable
from .protocol import Usage
from .request import Answer, Fragments, Heard, Request, numbered

if TYPE_CHECKING:
    from .connection import Connection

CACHED_FROM = 1024
"""Fewer tokens than this are not worth a place in the provider's cache, and are not given one."""


class AnthropicDialect:
    """Anthropic Messages, through the SDK `anthropic`."""

    def sdk(self) -> Any:
        """The module `anthropic`."""
        import anthropic

        return anthropic

    def client(self, connection: Connection) -> Any:
        """A new client; its key and its address are ours, whatever the environment holds."""
        sdk = self.sdk()
        return sdk.AsyncAnthropic(
            api_key=connection.key,
            base_url=connection.base_url,
            timeout=timeouts(connection),
            max_retries=0,
            default_headers={"x-api-key": connection.key},
            http_client=http_client(sdk, connection),
        )

    def body(self, connection: Connection, request: Request) -> dict[str, Any]:
        """The request as Messages has it."""
        body: dict[str, Any] = {
            "model": connection.model,
            "messages": [*request.messages, *_done(request)],
            "max_tokens": request.max_tokens,
        }
        if system := system_text(connection, request):
            body["system"] = _system(request) if connection.provider.caches else system
        if request.tools:
            body["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.purpose,
                    "input_schema": tool.arguments.model_json_schema(),
                }
                for tool in request.tools
            ]
        if request.shape is not None and connection.provider.enforces:
            schema = self.sdk().transform_schema(request.shape)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return body

    async def answer(self, client: Any, body: dict[str, Any], heard: Heard) -> Answer:
        """The whole message."""
        message = await client.messages.create(**body)
        if isinstance(message, str):
            raise ModelReplyInvalid("expected JSON, found something else. Check the base URL.")
        heard.usage = _usage(message.usage)
        return Answer(
            text="".join(block.text for block in message.content if block.type == "text"),
            stop_reason=str(message.stop_reason or "end_turn"),
            model=str(message.model or body["model"]),
            id=str(message.id or ""),
            usage=heard.usage,
            calls=[_call(block) for block in message.content if block.type == "tool_use"],
        )

    async def stream(self, client: Any, body: dict[str, Any], heard: Heard) -> AsyncGenerator[str | Answer]:
        """The text as it comes, and the whole message last."""
        answer = Answer("", "", body["model"])
        fragments: dict[int, Fragments] = {}
        stream = await client.messages.create(**body, stream=True)
        async with stream:
            event_stream(stream.response)
            async for event in stream:
                piece = ""
                match event.type:
                    case "message_start":
                        answer.id, answer.model = (
                            str(event.message.id),
                            str(event.message.model or answer.model),
                        )
                        heard.usage = _usage(event.message.usage)
                    case "content_block_start" if event.content_block.type == "tool_use":
                        block = event.content_block
                        fragments[event.index] = Fragments(str(block.id), str(block.name))
                    case "content_block_start" if event.content_block.type == "text":
                        piece = event.content_block.text
                    case "content_block_delta" if event.delta.type == "text_delta":
                        piece = event.delta.text
                    case "content_block_delta" if event.delta.type == "input_json_delta":
                        fragments[event.index].arguments += event.delta.partial_json
                    case "message_delta":
                        answer.stop_reason = str(event.delta.stop_reason or answer.stop_reason)
                        if event.usage is not None:
                            answer.usage = heard.usage = _added(heard.usage or Usage(), event.usage)
                if piece:
                    answer.text += piece
                    yield piece
        if not answer.stop_reason:
            raise ModelUnavailable("the stream stopped before its end. Try again later.", retryable=True)
        answer.calls = list(fragments.values())
        yield answer

    async def count(self, client: Any, body: dict[str, Any]) -> int | None:
        """The input's tokens by the provider's own count."""
        asked = {key: value for key, value in body.items() if key != "max_tokens"}
        counted = await client.messages.count_tokens(**asked)
        return int(counted.input_tokens)


def _system(request: Request) -> str | list[dict[str, Any]]:
    """The system prompt, marked for the provider's cache where the same text is sure to be sent again.

    What is recalled differs from turn to turn, and writing to the cache costs more than it saves then. Within a tool
    loop all of it is sent again; between turns only the instructions are.
    """
    again = len(request.system) if request.tools else request.stable
    if not again or estimate_tokens(request.system[:again]) < CACHED_FROM:
        return request.system
    blocks: list[dict[str, Any]] = [
        {"type": "text", "text": request.system[:again], "cache_control": {"type": "ephemeral"}}
    ]
    if request.system[again:].strip():
        blocks.append({"type": "text", "text": request.system[again:]})
    return blocks


def _done(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for id_, tool, outcome in numbered(request.done):
        asked = {"type": "tool_use", "id": id_, "name": tool, "input": outcome.call.arguments}
        came: dict[str, Any] = {
            "type": "tool_result",
            "tool_use_id": id_,
            "content": readable(outcome.told()),
        }
        if not outcome.allowed or outcome.error is not None:
            came["is_error"] = True
        messages += [{"role": "assistant", "content": [asked]}, {"role": "user", "content": [came]}]
    return messages


def _call(block: Any) -> Fragments:
    return Fragments(str(block.id), str(block.name), json.dumps(block.input))


def _usage(told: Any) -> Usage | None:
    """The numbers of a message; what the cache was read or written for counts as input too."""
    return None if told is None else _added(Usage(), told)


def _added(before: Usage, told: Any) -> Usage:
    def number(name: str, otherwise: int) -> int:
        value = getattr(told, name, None)
        return otherwise if value is None else int(value)

    read = number("cache_read_input_tokens", before.cache_read_tokens)
    written = number("cache_creation_input_tokens", before.cache_write_tokens)
    plain = before.input_tokens - before.cache_read_tokens - before.cache_write_tokens
    return Usage(
        input_tokens=number("input_tokens", plain) + read + written,
        output_tokens=number("output_tokens", before.output_tokens),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
