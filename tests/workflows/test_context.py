"""Context under a budget: older turns are summarised, and what was said in them stays known."""

from __future__ import annotations

import asyncio
import itertools

from sqlalchemy import select

from turngraph.models import ContextWindow, Conversation, MemoryIndex
from turngraph.models.repositories import messages
from turngraph.models.repositories.messages import NewMessage
from turngraph.services import estimate_tokens
from turngraph.workflows import create_conversation_workflow


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


async def test_windows_know_their_positions_and_what_they_were_built_from(ada, db):
    conversation = None
    for _ in range(4):
        conversation = (await ada.ingest(turns(120), conversation))["conversation_id"]
        await ada.refresh(conversation, 900)
    with db.get_session() as session:
        windows = {window.id: window for window in session.scalars(select(ContextWindow))}
    (active,) = [window for window in windows.values() if window.is_active]
    assert (active.summarised_from, len(active.messages) + active.summarised_to) == (1, 480)
    merged = 0
    for window in windows.values():
        assert 0 < window.summarised_from <= window.summarised_to and window.summary
        parts = [windows[id_] for id_ in window.built_from]
        merged += len(parts) > 1
        if parts:
            assert (parts[0].summarised_from, parts[-1].summarised_to) == (
                window.summarised_from, window.summarised_to,
            )  # fmt: skip
            for before, after in itertools.pairwise(parts):
                assert after.summarised_from == before.summarised_to + 1
    assert merged and max(estimate_tokens(window.summary) for window in windows.values()) <= 0.25 * 900


async def test_turns_that_were_never_shown_are_summarised_too(ada, db):
    early = [{"role": "user", "content": "My locker at the station has the number 4417."}, *turns(299)]
    conversation = (await ada.ingest(early))["conversation_id"]
    reply = await ada.send_message("Hello again.", conversation, max_context_size=8000)
    window = db.get_active_context(conversation)
    assert window.summarised_from == 1 and window.summarised_to >= 300 - 40
    assert "4417" in window.summary and reply["generation_success"]


async def test_pinned_facts_are_always_shown(ada, db, model):
    with db.get_session() as session:
        session.add(MemoryIndex(user_id="ada", content="I must never be given penicillin.", pinned=True))
        session.add(MemoryIndex(user_id="bob", content="Bob's secret.", pinned=True))
    conversation = (await ada.ingest(turns(60)))["conversation_id"]
    for message in ("Hello.", "word " * 2_000):
        await ada.send_message(message, conversation, max_context_size=700)
        shown = model.prompts[-1].system_text()
        assert "penicillin" in shown and "secret" not in shown
        assert model.prompts[-1].tokens() <= 700


async def test_an_over_long_message_is_cut_for_the_model_and_stored_whole(ada, db, model):
    message = " ".join(f"word{n}" for n in range(3_000))
    reply = await ada.send_message(message, max_context_size=800)
    assert "left out …]" in model.prompts[-1].message and model.prompts[-1].tokens() <= 800
    stored = db.get_conversation_messages(reply["conversation_id"])
    assert stored[0].content == message


async def test_the_report_of_a_turn_names_its_messages(ada, db, model):
    conversation = (await ada.ingest(turns(60)))["conversation_id"]
    graph = create_conversation_workflow(db, llm=model)
    result = await graph.run(
        {"user_id": "ada", "conversation_id": conversation, "current_message": "What is my dog called?",
         "max_context_size": 700}
    )  # fmt: skip
    report = result["context_report"]
    assert report.limit == 700 >= report.tokens == result["context_tokens"]
    ids = {message.id for message in db.get_conversation_messages(conversation, 100)}
    assert report.part("memories").sources and report.part("turns").sources
    assert {one for part in report.parts for one in part.sources} <= ids
    assert report.part("summary").positions == (1, result["summarised_to"])


async def test_a_provider_that_counts_more_is_given_less(ada, db, model):
    conversation = (await ada.ingest(turns(60)))["conversation_id"]
    text = "We went through the plan for the garden once more, step by step, until it was late. " * 10
    with db.get_session() as session:
        talk = session.scalars(select(Conversation)).one()
        usage = {"usage": {"input_tokens": 1, "output_tokens": 1, "estimated": False}}
        new = NewMessage(text, role="assistant", token_count=2 * estimate_tokens(text), metadata=usage)
        messages.add(session, talk, new)
    await ada.send_message("Hello.", conversation, max_context_size=900)
    assert model.prompts[-1].tokens() <= 450


async def test_two_turns_at_once_leave_one_window(ada, db):
    conversation = (await ada.ingest(turns(200)))["conversation_id"]
    replies = await asyncio.gather(
        *(ada.send_message(f"Hello {n}.", conversation, max_context_size=900) for n in range(4))
    )
    assert all(reply["generation_success"] for reply in replies)
    with db.get_session() as session:
        windows = session.scalars(select(ContextWindow)).all()
    assert [window.is_active for window in windows].count(True) == 1
    assert (
        max(window.summarised_to for window in windows) == db.get_active_context(conversation).summarised_to
    )


async def test_of_sixty_turns_one_window_is_active_and_every_other_one_has_its_summary(ada, db):
    said = [one["content"] for one in turns(120) if one["role"] == "user"]
    conversation = None
    for content in said[:60]:
        reply = await ada.send_message(content, conversation, max_context_size=900)
        conversation = reply["conversation_id"]
    whole = db.get_conversation_messages(conversation, 200)
    with db.get_session() as session:
        windows = session.scalars(select(ContextWindow).order_by(ContextWindow.created_at)).all()
    (active,) = [window for window in windows if window.is_active]
    assert active.messages[-1] == whole[-1].id and len(whole) == 120
    inactive = [window for window in windows if not window.is_active]
    assert len(inactive) > 2 and all(window.summary for window in inactive)
    assert all(1 <= window.summarised_from <= window.summarised_to <= 120 for window in inactive)
    first = windows[0]  # made before anything was summarised, of what it showed whole
    place = {message.id: message.position for message in whole}
    assert (first.summarised_from, first.summarised_to) == (
        place[first.messages[0]],
        place[first.messages[-1]],
    )
    assert "garden" in first.summary


def test_a_window_that_showed_only_small_talk_has_a_summary_too(db):
    talk = db.create_conversation("ada").id
    shown = [db.add_message(talk, "Hi!").id]
    db.create_context_window(talk, shown)
    db.create_context_window(talk)
    db.create_context_window(talk)
    with db.get_session() as session:
        windows = session.scalars(select(ContextWindow).order_by(ContextWindow.created_at)).all()
    assert [(one.summary, one.summarised_from, one.summarised_to, one.is_active) for one in windows] == [
        ("Hi!", 1, 1, False), (None, 0, 0, False), (None, 0, 0, True),
    ]  # fmt: skip
