"""Is the conversation the same conversation with every kind of model: by rule, in Messages, in chat completions?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from turngraph.engine import Event, NodeStarted, RunFinished, Token
from turngraph.models import DatabaseManager
from turngraph.services import Connection, LanguageModel, OfflineModel, Policy, ProviderModel
from turngraph.workflows import ConversationManager, create_conversation_workflow

from ..services.provider.does import Does, fails
from ..services.provider.server import ProviderServer, Seen

KEY = "sk-canary-of-the-contract"
KINDS = ("offline", "anthropic", "openai")


def answers(seen: Seen) -> Does:
    """A model that knows one thing: what stands in its prompt about a dog."""
    asked = json.dumps(seen.body)
    known = "Biscuit" in asked
    return Does(pieces=("Your dog ", "is called ", "Biscuit.") if known else ("I was ", "not told."))


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer(answers) as started:
        yield started


@pytest.fixture
def db() -> Iterator[DatabaseManager]:
    with DatabaseManager("sqlite:///contract.db") as opened:
        yield opened


@pytest.fixture(params=KINDS)
async def model(request: pytest.FixtureRequest, server: ProviderServer) -> AsyncIterator[LanguageModel]:
    made = made_of(request.param, server)
    yield made
    await made.aclose()


def made_of(kind: str, server: ProviderServer) -> LanguageModel:
    if kind == "offline":
        return OfflineModel()
    connection = Connection(kind, "test-model", api_key=KEY, base_url=server.base_url(kind), timeout=30.0)
    return ProviderModel(connection, policy=Policy(backoff=0.01))


@pytest.fixture
def ada(db: DatabaseManager, model: LanguageModel) -> ConversationManager:
    return ConversationManager("ada", db, llm=model)


async def streamed(ada: ConversationManager, message: str) -> tuple[list[Event], dict[str, Any]]:
    events: list[Event] = []
    reply: dict[str, Any] = {}
    async for event in ada.stream_message(message):
        if isinstance(event, dict):
            reply = event
        else:
            events.append(event)
    return events, reply


async def test_a_turn_is_answered_streamed_stored_and_counted(
    ada: ConversationManager, model: LanguageModel
) -> None:
    events, reply = await streamed(ada, "My dog is called Biscuit and I prefer dark mode.")
    shown = [event.text for event in events if isinstance(event, Token)]
    assert len(shown) > 1 and "".join(shown) == reply["response"]
    assert (
        reply["generation_success"] is True
        and reply["model"].partition(":")[0] == model.name.partition(":")[0]
    )
    assert (reply["memories_extracted"], reply["preferences_updated"]) == (2, {"theme": "dark mode"})
    usage = reply["token_usage"]
    assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0
    assert usage["estimated"] is (model.name == "offline:rules")
    stored = ada.db.get_conversation_messages(reply["conversation_id"])
    assert [message.role for message in stored] == ["user", "assistant"]
    assert stored[1].content == reply["response"] and stored[1].token_count == usage["output_tokens"]


async def test_what_was_told_in_one_conversation_is_known_in_another(ada: ConversationManager) -> None:
    told = await ada.send_message("My dog is called Biscuit.")
    asked = await ada.send_message("What is my dog called?")
    assert asked["conversation_id"] != told["conversation_id"]
    assert "Biscuit" in asked["response"]
    assert told["message_id"] in [source["message_id"] for source in asked["sources"]]


async def test_a_conversation_goes_on_and_is_summarised_when_it_is_long(ada: ConversationManager) -> None:
    first = await ada.send_message("My dog is called Biscuit.")
    for number in range(6):
        padding = f"Remember that shelf {number} holds {number} green boxes. " * 8
        last = await ada.send_message(padding, first["conversation_id"], max_context_size=700)
    assert last["generation_success"] is True
    assert len(ada.db.get_conversation_messages(first["conversation_id"], limit=50)) == 14
    assert last["context_report"]["tokens"] <= 700


async def test_a_context_near_its_limit_is_counted_where_the_provider_counts(
    ada: ConversationManager, model: LanguageModel, server: ProviderServer
) -> None:
    far = await ada.send_message("My dog is called Biscuit.")
    assert far["context_report"]["counted"] is False and server.counted == 0
    near = await ada.send_message("We went for a walk. " * 400, max_context_size=900)
    counts = model.name.startswith("anthropic")
    assert (near["context_report"]["counted"], bool(server.counted)) == (counts, counts)
    assert near["context_report"]["tokens"] <= 900


async def test_every_way_of_the_graph_is_walked_alike(ada: ConversationManager) -> None:
    events, _ = await streamed(ada, "Hello, my name is Ada.")
    nodes = [event.node for event in events if isinstance(event, NodeStarted)]
    assert nodes == [
        "conversation_init",
        "memory_retrieval",
        "context_builder",
        "response_generation",
        "memory_storage",
        "preference_update",
        "session_management",
    ]
    assert isinstance(events[-1], RunFinished)


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize(
    ("does", "action", "stored"),
    [
        (Does(stop_reason="max_tokens"), "truncated", ["user", "assistant"]),
        (Does(pieces=(), stop_reason="refusal"), "refused", ["user", "assistant"]),
        (fails(529), "failed", ["user"]),
        (Does(then="cut", after=1), "failed", ["user"]),
    ],
)
async def test_how_an_answer_ends_decides_the_way(
    kind: str, does: Does, action: str, stored: list[str], server: ProviderServer, db: DatabaseManager
) -> None:
    server.script = [does]
    model = made_of(kind, server)
    ada = ConversationManager("ada", db, llm=model)
    events, reply = await streamed(ada, "Tell me a story about my dog.")
    (taken,) = [
        event.action
        for event in events
        if getattr(event, "node", "") == "response_generation" and hasattr(event, "action")
    ]
    assert taken == action
    messages = ada.db.get_conversation_messages(reply["conversation_id"])
    assert [message.role for message in messages] == stored
    assert reply["generation_success"] is (action == "truncated")
    await model.aclose()


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_the_first_piece_arrives_while_the_answer_is_still_made_and_cancelling_stops_it(
    kind: str, server: ProviderServer, db: DatabaseManager
) -> None:
    # After one piece the server is silent for ever: whatever arrives, arrives before the end.
    server.script = [Does(then="hang", after=1)]
    model = made_of(kind, server)
    graph = create_conversation_workflow(db, llm=model)
    arrived = asyncio.Event()

    async def listen() -> None:
        async for event in graph.stream({"user_id": "ada", "current_message": "Hello."}):
            if isinstance(event, Token):
                assert event.text == "Bis"
                arrived.set()

    task = asyncio.create_task(listen())
    await asyncio.wait_for(arrived.wait(), 20)
    assert not server.seen[0].left.is_set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.seen[0].left.wait, 10)
    await model.aclose()
