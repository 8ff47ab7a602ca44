"""How is OpenAI's chat spoken: with OpenAI, io.net, Gemini's compatible endpoint, vLLM?"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..errors import ModelNotConfigured, ModelReplyInvalid, ModelUnavailable
from .dialect import event_stream, http_client, system_text, timeouts
from .prompt import readable
from .protocol import Usage
from .request import Answer, Fragments, Heard, Request, numbered

if TYPE_CHECKING:
    from .connection import Connection

_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


class OpenAiDialect:
    """OpenAI chat completions, through the SDK `openai` of the extra of that name."""

    def sdk(self) -> Any:
        """The module `openai`; ModelNotConfigured where it is not installed."""
        try:
            import openai
        except ImportError as error:
            raise ModelNotConfigured(
                'The package openai is not installed. Install it: pip install "turngraph[openai]"'
            ) from error
        return openai

    def client(self, connection: Connection) -> Any:
        """A new client; its key and its address are ours, whatever the environment holds."""
        sdk = self.sdk()
        client = sdk.AsyncOpenAI(
            api_key=connection.key,
            base_url=connection.base_url,
            timeout=timeouts(connection),
            max_retries=0,
            http_client=http_client(sdk, connection),
        )
        if connection.provider.name != "openai":
            # Taken from the environment, they are nobody else's business.
            client.organization = client.project = None
        return client

    def body(self, connection: Connection, request: Request) -> dict[str, Any]:
        """The request as chat completions has it."""
        written = system_text(connection, request)
        system = [{"role": "system", "content": written}] if written else []
        body: dict[str, Any] = {
            "model": connection.model,
            "messages": [*system, *request.messages, *_done(request)],
            connection.provider.limit: request.max_tokens,
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.purpose,
                        "parameters": tool.arguments.model_json_schema(),
                    },
                }
                for tool in request.tools
            ]
        if request.shape is not None and connection.provider.enforces:
            body["response_format"] = self._format(request.shape)
        return body

    def _format(self, shape: type[BaseModel]) -> dict[str, Any]:
        # A tool's parameters are the one public way to the schema in the form that `strict` wants.
        schema = self.sdk().pydantic_function_tool(shape)["function"]["parameters"]
        named = {"name": shape.__name__.strip("_"), "schema": schema, "strict": True}
        return {"type": "json_schema", "json_schema": named}

    async def answer(self, client: Any, body: dict[str, Any], heard: Heard) -> Answer:
        """The whole completion."""
        completion = await client.chat.completions.create(**body)
        if isinstance(completion, str):
            raise ModelReplyInvalid("expected JSON, found something else. Check the base URL.")
        heard.usage = _usage(completion.usage)
        choice = completion.choices[0]
        message = choice.message
        stop = "refusal" if message.refusal else _stop(choice.finish_reason)
        return Answer(
            text=message.content or "",
            stop_reason=stop,
            model=str(completion.model or body["model"]),
            id=str(completion.id or ""),
            usage=heard.usage,
            calls=[
                Fragments(str(call.id), str(call.function.name), call.function.arguments or "")
                for call in message.tool_calls or []
                if call.type == "function"
            ],
        )

    async def stream(self, client: Any, body: dict[str, Any], heard: Heard) -> AsyncGenerator[str | Answer]:
        """The text as it comes, and the whole completion last."""
        answer = Answer("", "", body["model"])
        fragments: dict[int, Fragments] = {}
        refused = False
        stream = await client.chat.completions.create(
            **body, stream=True, stream_options={"include_usage": True}
        )
        async with stream:
            event_stream(stream.response)
            async for chunk in stream:
                answer.id, answer.model = str(chunk.id or answer.id), str(chunk.model or answer.model)
                choice = chunk.choices[0] if chunk.choices else None
                if choice is not None:
                    delta = choice.delta
                    if delta.content:
                        answer.text += delta.content
                        yield delta.content
                    for call in delta.tool_calls or []:
                        _collect(fragments.setdefault(call.index, Fragments()), call)
                    if choice.finish_reason:
                        answer.stop_reason = _stop(choice.finish_reason)
                    refused = refused or bool(delta.refusal)
                if chunk.usage is not None:
                    heard.usage = _usage(chunk.usage)
                    # Some tell it with every piece; only what comes with or after the stop is the last word.
                    answer.usage = heard.usage if answer.stop_reason else None
        if not answer.stop_reason:
            raise ModelUnavailable("the stream stopped before its end. Try again later.", retryable=True)
        if refused:
            answer.stop_reason = "refusal"
        answer.calls = [part for _, part in sorted(fragments.items())]
        yield answer

    async def count(self, client: Any, body: dict[str, Any]) -> int | None:
        """None: this API does not count."""
        return None


def _stop(reason: Any) -> str:
    return _STOPS.get(str(reason or "stop"), str(reason))


def _collect(into: Fragments, call: Any) -> None:
    into.id = into.id or str(call.id or "")
    if call.function is not None:
        into.tool += call.function.name or ""
        into.arguments += call.function.arguments or ""


def _done(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for id_, tool, outcome in numbered(request.done):
        arguments = json.dumps(outcome.call.arguments)
        call = {"id": id_, "type": "function", "function": {"name": tool, "arguments": arguments}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": id_, "content": readable(outcome.told())})
    return messages


def _usage(told: Any) -> Usage | None:
    if told is None:
        return None
    details = told.prompt_tokens_details
    return Usage(
        input_tokens=int(told.prompt_tokens or 0),
        output_tokens=int(told.completion_tokens or 0),
        cache_read_tokens=int(getattr(details, "cached_tokens", None) or 0),
        cache_write_tokens=int(getattr(details, "cache_write_tokens", None) or 0),
    )
