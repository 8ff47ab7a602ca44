"""Context under a budget: older turns are summarised, and what was said in them stays known."""

from __future__ import annotations

from sqlalchemy import select

from turngraph.models import ContextWindow
from turngraph.services import estimate_tokens


def turns(count: int) -> list[dict[str, str]]:
    long = "We went through the plan for the garden, the fence, the shed and the apple trees once more, step by step."
    said = [{"role": ("user", "assistant")[n % 2], "content": f"Turn {n}: {long}"} for n in range(count)]
    said[0] = {"role": "user", "content": "My dog is called Biscuit and he is nine years old."}
    return said


async def test_a_long_conversation_is_compressed_and_still_answered(ada, db, model):
    taken = await ada.ingest(turns(60))
    conversation = taken["conversation_id"]
    reply = await ada.send_message("What is my dog called?", conversation, max_context_size=700)
    assert "Biscuit" in reply["response"]
    prompt = model.prompts[-1]
    assert prompt.tokens() <= 700 and prompt.summary
    window = db.get_active_context(conversation)
    assert window is not None and window.summary == prompt.summary and window.summarised_to > 30
    with db.get_session() as session:
        windows = session.scalars(select(ContextWindow)).all()
    assert [w.is_active for w in windows].count(True) == 1 and any(w.summary for w in windows)


async def test_what_is_summarised_is_not_read_again(ada, db, model):
    conversation = (await ada.ingest(turns(60)))["conversation_id"]
    await ada.send_message("Hello.", conversation, max_context_size=700)
    to = db.get_active_context(conversation).summarised_to
    await ada.send_message("And again.", conversation, max_context_size=4000)
    whole = db.get_conversation_messages(conversation, limit=100)
    shown = {turn.message_id for turn in model.prompts[-1].turns}
    assert not shown & {message.id for message in whole if message.position <= to}


async def test_refresh_makes_a_window_within_its_budget(ada, db):
    conversation = (await ada.ingest(turns(50)))["conversation_id"]
    result = await ada.refresh(conversation, 900)
    window = db.get_active_context(conversation)
    assert result["context_window"]["id"] == window.id
    assert 0 < window.token_count <= 900 and window.messages
    texts = [m.content for m in db.get_conversation_messages(conversation, 100) if m.id in window.messages]
    assert sum(map(estimate_tokens, texts)) + estimate_tokens(window.summary or "") <= 900


async def test_a_message_over_the_budget_by_itself_is_answered(ada, model):
    reply = await ada.send_message("word " * 3000, max_context_size=500)
    assert reply["generation_success"] is True
    assert model.prompts[-1].turns == [] and model.prompts[-1].memories == []


async def test_the_window_slides_with_the_newest_turns(ada, db):
    conversation = (await ada.ingest(turns(6)))["conversation_id"]
    await ada.send_message("One more.", conversation)
    newest = db.get_conversation_messages(conversation, 20)
    assert db.get_active_context(conversation).messages == [message.id for message in newest]
