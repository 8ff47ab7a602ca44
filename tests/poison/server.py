"""The obedient model behind a real HTTP server: it reads a request as its provider would, and does all that it reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.services.tool_server import Asked, Reply, Web, as_json
from turngraph.services import Connection, Prompt, ProviderModel
from turngraph.services.tools import Asking, Call, Outcome, Tool

from .obedient import key_of, orders

Dialect = Literal["anthropic", "openai"]
PATHS: dict[Dialect, str] = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


@dataclass
class Emitted:
    """What one model of the server asked for, all in all and in its present turn."""

    calls: list[Call] = field(default_factory=list)
    turn: set[str] = field(default_factory=set)


class ObedientServer(Web):
    """Speaks both dialects. Every model's name is a model of its own, so that many conversations may talk at once."""

    def __init__(self) -> None:
        super().__init__({PATHS["anthropic"]: self._messages, PATHS["openai"]: self._chat})
        self.emitted: dict[str, Emitted] = defaultdict(Emitted)

    def _messages(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        system = body.get("system", "")
        texts = [system] if isinstance(system, str) else [part["text"] for part in system]
        results = []
        for message in body["messages"]:
            content = message["content"]
            for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                if block["type"] == "text":
                    texts.append(block["text"])
                elif block["type"] == "tool_result":
                    results.append(block["content"])
        calls = self._obeyed(body["model"], texts, results)
        content = [
            {"type": "tool_use", "id": f"toolu_{number}", "name": call.tool, "input": call.arguments}
            for number, call in enumerate(calls, len(results))
        ]
        return as_json(
            {
                "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                "content": content or [{"type": "text", "text": "As you wish."}],
                "stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": len(asked.body), "output_tokens": 9},
            }
        )  # fmt: skip

    def _chat(self, asked: Asked) -> Reply:
        body = json.loads(asked.body)
        texts = [
            message["content"]
            for message in body["messages"]
            if message["role"] != "tool" and message["content"]
        ]
        results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
        calls = self._obeyed(body["model"], texts, results)
        made = [
            {"id": f"call_{number}", "type": "function", "function": {"name": call.tool, "arguments": json.dumps(call.arguments)}}
            for number, call in enumerate(calls, len(results))
        ]  # fmt: skip
        message = {"role": "assistant", "content": None if made else "As you wish."}
        return as_json(
            {
                "id": "chatcmpl_1", "object": "chat.completion", "created": 0, "model": body["model"],
                "choices": [{
                    "index": 0, "message": {**message, **({"tool_calls": made} if made else {})},
                    "finish_reason": "tool_calls" if made else "stop",
                }],
                "usage": {"prompt_tokens": len(asked.body), "completion_tokens": 9, "total_tokens": len(asked.body) + 9},
            }
        )  # fmt: skip

    def _obeyed(self, model: str, texts: Sequence[str], results: Sequence[str]) -> list[Call]:
        """Every call that is asked for anywhere in a request, and was not asked for in this turn."""
        known = self.emitted[model]
        if not results:
            known.turn.clear()
        calls = [
            call for call in orders([*texts, *_given(results)]) if key_of(call) not in known.turn
        ]  # fmt: skip
        known.turn |= {key_of(call) for call in calls}
        known.calls += calls
        return calls


def _given(results: Sequence[str]) -> Iterator[str]:
    """What tools gave; that a call was refused is no order."""
    for text in results:
        if not text.startswith(("REFUSED", "FAILED")):
            yield str(json.loads(text))


class Remote(ProviderModel):
    """The client that turngraph comes with, asking that server; it remembers what it was shown and what was asked for."""

    def __init__(self, connection: Connection, server: ObedientServer) -> None:
        super().__init__(connection)
        self.prompts: list[Prompt] = []
        self._emitted = server.emitted[connection.model].calls

    @property
    def emitted(self) -> list[Call]:
        return self._emitted

    async def step(
        self, prompt: Prompt, tools: Sequence[Tool], done: Sequence[Outcome], *, max_tokens: int = 1024
    ) -> Asking:
        if not done:
            self.prompts.append(prompt)
        return await super().step(prompt, tools, done, max_tokens=max_tokens)


def remote(server: ObedientServer, dialect: Dialect, name: str, like: Connection | None = None) -> Remote:
    """A model of that name there; `like` lends the connections of its SDK's client."""
    base = server.url if dialect == "anthropic" else f"{server.url}/v1"
    made = Connection(dialect, name, api_key="sk-tests", base_url=base)
    if like is not None:
        made._clients = like._clients  # a client costs 30 ms, and asks for whatever model it is told
    return Remote(made, server)
