"""Do the tools work through the real clients, in both dialects: the call that arrives, its result that goes back, and what goes wrong?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.poison.server import Dialect
from tests.services.tool_server import Asked, Reply, Web, as_json
from turngraph.models import DatabaseManager, Scope
from turngraph.models.repositories import tool_executions
from turngraph.services import Connection, ProviderModel, ToolError
from turngraph.services.tools import Call, default_toolbox, tool
from turngraph.workflows import ConversationManager

reached: list[tuple[str, int]] = []


@tool(asked=("bake",), example="bake {loaves} {kind} loaves")
async def bake(kind: str, loaves: int) -> str:
    """Bakes bread."""
    if loaves > 3:
        raise ToolError("the oven takes three loaves")
    reached.append((kind, loaves))
    return f"{loaves} {kind}"


class Model(Web):
    """A provider of either dialect whose model makes the calls it is given, and then says what came of them."""

    def __init__(self, *calls: Call) -> None:
        super().__init__({"/v1/messages": self._messages, "/v1/chat/completions": self._chat})
        self.calls = calls

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.asked]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The tool results that were sent back with the last answer that was asked for."""
        found = []
        answers = [body for body in self.bodies if body.get("tools")]
        for message in answers[-1]["messages"]:
            if message["role"] == "tool":
                found.append(message)
            elif isinstance(message["content"], list):
                found += [block for block in message["content"] if block["type"] == "tool_result"]
        return found

    def _messages(self, asked: Asked) -> Reply:
        first = "tool_result" not in asked.body.decode()
        blocks = [
            {"type": "tool_use", "id": f"toolu_{n}", "name": call.tool, "input": call.arguments}
            for n, call in enumerate(self.calls)
        ]
        return as_json(
            {
                "id": "m", "type": "message", "role": "assistant", "model": "x", "stop_sequence": None,
                "content": blocks if first else [{"type": "text", "text": "There you are."}],
                "stop_reason": "tool_use" if first else "end_turn", "usage": {"input_tokens": 5, "output_tokens": 5},
            }
        )  # fmt: skip

    def _chat(self, asked: Asked) -> Reply:
        first = not any(message["role"] == "tool" for message in json.loads(asked.body)["messages"])
        calls = [
            {"id": f"call_{n}", "type": "function", "function": {"name": call.tool, "arguments": json.dumps(call.arguments)}}
            for n, call in enumerate(self.calls)
        ]  # fmt: skip
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        return as_json(
            {
                "id": "c", "object": "chat.completion", "created": 0, "model": "x",
                "choices": [{
                    "index": 0, "finish_reason": "tool_calls" if first else "stop",
                    "message": message if first else {"role": "assistant", "content": "There you are."},
                }],
                "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
            }
        )  # fmt: skip


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///here.db") as opened:
        yield opened


async def asked_for(
    db: DatabaseManager, dialect: Dialect, server: Model, message: str
) -> tuple[dict[str, Any], list[Any]]:
    """The reply to a message by that server's model, and the records of what was called."""
    base = server.url if dialect == "anthropic" else f"{server.url}/v1"
    llm = ProviderModel(Connection(dialect, "x", api_key="sk-tests", base_url=base))
    box = default_toolbox(bake)
    manager = ConversationManager("ada", db, llm=llm, tools=[one.name for one in box], toolbox=box)
    reply = await manager.send_message(message)
    await llm.aclose()
    rows = await db.read(lambda session: tool_executions.listed(session, Scope("default", "ada"))[::-1])
    return reply, rows


both = pytest.mark.parametrize("dialect", ["anthropic", "openai"])


@both
async def test_a_sum_is_calculated(dialect: Dialect, db: DatabaseManager) -> None:
    with Model(Call(tool="calculator", arguments={"expression": "17*23"})) as server:
        reply, (row,) = await asked_for(db, dialect, server, "What is 17*23?")
        assert reply["response"] == "There you are."
        assert (row.status, row.result["value"]) == ("done", 391) and row.call_id in ("toolu_0", "call_0")
        assert row.message_id == reply["message_id"]
        (result,) = server.results
        assert json.loads(result["content"])["value"] == 391
        # The model was told what the tool takes.
        (offered,) = [one for one in server.bodies[0]["tools"] if "calculator" in json.dumps(one)]
        schema = offered["input_schema"] if dialect == "anthropic" else offered["function"]["parameters"]
        assert schema["properties"]["expression"]["type"] == "string"


@both
async def test_a_tool_of_ones_own_is_reached_and_bad_arguments_are_not(
    dialect: Dialect, db: DatabaseManager
) -> None:
    reached.clear()
    good = Call(tool="bake", arguments={"kind": "rye", "loaves": 2})
    bad = Call(tool="bake", arguments={"kind": "rye", "loaves": "many"})
    with Model(good, bad) as server:
        reply, rows = await asked_for(db, dialect, server, "Please bake 2 rye loaves.")
        assert reached == [("rye", 2)]
        assert [(row.status, row.rule) for row in rows] == [
            ("done", "asked"),
            ("refused", "invalid_arguments"),
        ]
        told = [result["content"] for result in server.results]
        assert told[0] == '"2 rye"' and told[1].startswith("REFUSED (invalid_arguments)")
        assert "loaves: Input should be a valid integer" in reply["response"]


@both
async def test_what_goes_wrong_is_told_to_the_model_and_the_turn_completes(
    dialect: Dialect, db: DatabaseManager
) -> None:
    with Model(Call(tool="bake", arguments={"kind": "rye", "loaves": 9})) as server:
        reply, (row,) = await asked_for(db, dialect, server, "Please bake 9 rye loaves.")
        assert reply["generation_success"] and reply["response"] == "There you are."
        assert (row.status, row.error) == ("failed", "bake failed: the oven takes three loaves")
        (result,) = server.results
        assert result["content"] == "FAILED: bake failed: the oven takes three loaves"
        assert dialect == "openai" or result["is_error"] is True


@both
async def test_the_weather_comes_from_its_service_and_its_failure_is_the_tools(
    dialect: Dialect, db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "canary-of-a-key-4711"
    sun = {"weather": [{"description": "clear sky"}], "main": {"temp": 21.5}, "name": "Bergen"}
    with (
        Web({"/weather": as_json(sun)}) as service,
        Model(Call(tool="weather", arguments={"place": "Bergen"})) as server,
    ):
        monkeypatch.setenv("WEATHER_API_KEY", key)
        monkeypatch.setenv("WEATHER_BASE_URL", service.url)
        await asked_for(db, dialect, server, "What's the weather in Bergen?")
        assert service.asked[0].query["appid"] == key
        assert json.loads(server.results[0]["content"])["temperature"] == 21.5
        service.routes["/weather"] = as_json({"message": "internal"}, 500)
        _, rows = await asked_for(db, dialect, server, "What's the weather in Bergen?")
        assert [row.status for row in rows] == ["done", "failed"]
        assert rows[1].error == "weather failed: the weather service answered 500: internal"
    db.close()
    for file in Path().glob("here.db*"):
        assert key.encode() not in file.read_bytes()
