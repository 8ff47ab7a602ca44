"""One message, the whole way through and back: stored, answered, remembered, once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from turngraph.engine import NodeFinished, Token, ValidationError
from turngraph.models import Conversation, ConversationClosed, MemoryIndex, MemorySource, Message, NotFound
from turngraph.workflows import ConversationManager, create_conversation_workflow


def rows(db, model):
    with db.get_session() as session:
        return session.scalar(select(func.count()).select_from(model))


def conversation_of(db, conversation_id):
    return [(m.position, m.role, m.content) for m in db.get_conversation_messages(conversation_id)]


async def test_what_was_said_is_answered_in_another_conversation_with_its_source(ada, db):
    first = await ada.send_message("My dog is called Biscuit and I prefer dark mode.")
    assert first["memories_extracted"] >= 1 and "theme" in first["preferences_updated"]
    assert rows(db, MemoryIndex) == first["memories_extracted"] == rows(db, MemorySource)
    second = await ada.send_message("What is my dog called?")
    assert second["conversation_id"] != first["conversation_id"]
    assert "Biscuit" in second["response"]
    assert [source["message_id"] for source in second["sources"]] == [first["message_id"]]
    assert second["sources"][0]["conversation_id"] == first["conversation_id"]
    assert second["user_preferences"]["theme"] == first["preferences_updated"]["theme"]


async def test_no_other_user_or_tenant_learns_of_it(ada, db, model):
    await ada.send_message("My dog is called Biscuit and I prefer dark mode.")
    for other in (
        ConversationManager("bob", db, llm=model),
        ConversationManager("ada", db, "other", llm=model),
    ):
        reply = await other.send_message("What is my dog called?")
        assert "Biscuit" not in str(reply) and reply["user_preferences"] == {}
        assert "Biscuit" not in str(await other.search_memories("dog"))


async def test_the_graph_walks_in_the_order_of_the_picture(ada):
    walked = [
        event.node async for event in ada.stream_message("Hello there.") if isinstance(event, NodeFinished)
    ]
    assert walked == [
        "conversation_init", "memory_retrieval", "context_builder", "response_generation",
        "memory_storage", "preference_update", "session_management",
    ]  # fmt: skip


async def test_the_answer_streams_and_its_pieces_make_up_what_is_stored(ada, db):
    events = [event async for event in ada.stream_message("My cat is called Miso.")]
    reply = events[-1]
    assert "".join(event.text for event in events if isinstance(event, Token)) == reply["response"]
    assert conversation_of(db, reply["conversation_id"])[-1] == (2, "assistant", reply["response"])


async def test_a_conversation_goes_on_in_order(ada, db):
    first = await ada.send_message("I am planning a trip to Lisbon in May.")
    again = await ada.send_message("What was I telling you about earlier?", first["conversation_id"])
    assert again["conversation_status"] == "resumed" and "Lisbon" in again["response"]
    said = conversation_of(db, first["conversation_id"])
    assert [(position, role) for position, role, _ in said] == [
        (1, "user"), (2, "assistant"), (3, "user"), (4, "assistant"),
    ]  # fmt: skip


async def test_a_message_sent_twice_under_its_id_is_stored_and_answered_once(ada, db, model):
    first = await ada.send_message("My sister lives in Oslo.", id="m1")
    again = await ada.send_message("My sister lives in Oslo.", id="m1")
    assert again["response"] == first["response"] and again["conversation_id"] == first["conversation_id"]
    assert len(model.prompts) == 1 and rows(db, Message) == 2


async def test_sent_at_once_under_one_id_it_is_stored_once_and_answered_alike(ada, db):
    replies = await asyncio.gather(*(ada.send_message("My sister lives in Oslo.", id="m1") for _ in range(6)))
    assert len({reply["conversation_id"] for reply in replies}) == 1
    assert len({reply["response"] for reply in replies}) == 1
    assert (rows(db, Conversation), rows(db, Message)) == (1, 2)


async def test_the_same_words_without_an_id_are_two_messages(ada, db):
    first = await ada.send_message("yes")
    await ada.send_message("yes", first["conversation_id"])
    with db.get_session() as session:
        hashes = session.scalars(select(Message.content_hash).where(Message.content == "yes")).all()
    assert len(hashes) == 2 and len(set(hashes)) == 1


async def test_failed_generation_is_told_and_the_message_stays_once(ada, db, model):
    model.down = True
    failed = await ada.send_message("My boat is called Vela.", id="m1")
    assert failed["generation_success"] is False and "stored" in failed["response"]
    assert (failed["memories_extracted"], failed["preferences_updated"]) == (0, {})
    assert conversation_of(db, failed["conversation_id"]) == [(1, "user", "My boat is called Vela.")]
    model.down = False
    answered = await ada.send_message("My boat is called Vela.", id="m1")
    assert answered["generation_success"] is True
    assert [role for _, role, _ in conversation_of(db, failed["conversation_id"])] == ["user", "assistant"]


async def test_many_messages_at_once_leave_no_gap(ada, db):
    first = await ada.send_message("Hello.")
    await asyncio.gather(
        *(ada.send_message(f"Message number {n}.", first["conversation_id"]) for n in range(8))
    )
    positions = [position for position, _, _ in conversation_of(db, first["conversation_id"])]
    assert positions == list(range(1, 19))
    one = await asyncio.gather(
        *(ada.send_message("Once only.", first["conversation_id"], id="same") for _ in range(4))
    )
    with db.get_session() as session:
        stored = session.scalar(select(func.count()).select_from(Message).where(Message.client_id == "same"))
        replies = session.scalar(
            select(func.count()).select_from(Message).where(Message.reply_to == one[0]["message_id"])
        )
    assert (stored, replies, len({reply["response"] for reply in one})) == (1, 1, 1)


@pytest.mark.parametrize(
    "message", ["", "   \n", "x" * 1_000_000, "half \ud83d a character", "a NUL \x00 in it", None, 5]
)
async def test_bad_input_is_refused_and_nothing_is_stored(ada, db, message):
    with pytest.raises(ValidationError) as caught:
        await ada.send_message(message)
    assert "current_message" in str(caught.value)
    assert (rows(db, Conversation), rows(db, Message)) == (0, 0)


async def test_foreign_and_unknown_conversations_read_as_not_found(ada, db, model):
    mine = await ada.send_message("Hello.")
    bob = ConversationManager("bob", db, llm=model)
    for manager, conversation in ((ada, "no-such-id"), (bob, mine["conversation_id"])):
        with pytest.raises(NotFound, match="no conversation"):
            await manager.send_message("Hi.", conversation)
        with pytest.raises(NotFound):
            await manager.pause(conversation)
    assert rows(db, Message) == 2


async def test_what_a_message_does_to_a_conversation_that_is_not_active(ada, db):
    started = (await ada.send_message("Hello."))["conversation_id"]
    await ada.pause(started)
    assert (await ada.send_message("Still there?", started))["final_session_status"] == "active"
    for close in (ada.complete, ada.archive):
        await close(started)
        before = rows(db, Message)
        with pytest.raises(ConversationClosed, match="reopen it first"):
            await ada.send_message("And now?", started)
        assert rows(db, Message) == before
        await ada.reopen(started)
    assert (await ada.send_message("Back again.", started, session_action="complete"))[
        "final_session_status"
    ] == "completed"


async def test_session_metrics_equal_a_recomputation(ada, db):
    first = await ada.send_message("My dog is called Biscuit and I prefer dark mode.")
    metrics = (await ada.send_message("I work as a nurse.", first["conversation_id"]))["session_metrics"]
    with db.get_session() as session:
        inside = session.scalars(select(Message).order_by(Message.position)).all()
        memories = session.scalar(select(func.count(func.distinct(MemorySource.memory_id))))
    assert metrics == {
        "turns": 2,
        "messages": 4,
        "duration": (inside[-1].timestamp - inside[0].timestamp).total_seconds(),
        "tokens": sum(message.token_count for message in inside),
        "memories": memories,
        "preferences": len(db.get_user_preferences("ada")),
    }


async def test_habits_are_inferred_from_the_third_message_on_and_used_in_the_next(ada, db, model):
    formal = [
        "Could you please help me plan the week?",
        "Thank you, I appreciate it.",
        "Would you kindly go on?",
    ]
    for message in formal[:2]:
        reply = await ada.send_message(message)
    assert "response_style" not in db.get_user_preferences("ada")
    reply = await ada.send_message(formal[2])
    assert reply["preferences_updated"]["response_style"] == "formal"
    await ada.send_message("I live in Bergen.")
    note = next(note for note in model.prompts[-1].preferences if note.key == "response_style")
    assert (note.value, note.source) == ("formal", "inferred")
    assert "formal" in model.prompts[-1].system_text()


async def test_recent_conversations_bring_their_newest_turns_and_can_be_turned_off(ada, model, monkeypatch):
    for topic in ("I bought a red bicycle.", "We paint the kitchen on Sunday.", "The cat caught a mouse."):
        await ada.send_message(topic)
    await ada.send_message("Hello again!")
    recent = model.prompts[-1].recent
    assert [turn.content for turn in recent if turn.role == "user"] == [
        "The cat caught a mouse.", "We paint the kitchen on Sunday.", "I bought a red bicycle.",
    ]  # fmt: skip
    monkeypatch.setenv("TURNGRAPH_RECENT_CONVERSATIONS", "0")
    await ada.send_message("Hello once more!")
    assert model.prompts[-1].recent == []


async def test_a_message_may_carry_name_time_id_and_metadata(ada, db):
    from datetime import UTC, datetime

    at = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
    reply = await ada.send_message("Hi.", id="x-1", name="Ada L.", at=at, metadata={"ticket_id": "T-9"})
    stored = db.get_conversation_messages(reply["conversation_id"])[0]
    assert (stored.client_id, stored.name, stored.timestamp, stored.meta) == (
        "x-1",
        "Ada L.",
        at,
        {"ticket_id": "T-9"},
    )


async def test_sql_and_full_text_syntax_is_plain_text(ada, db):
    for message in (
        "'; DROP TABLE messages; --",
        'a" OR "b NEAR( * ^ col:',
        "(((",
        "--",
        "100% _under",
        "NOT AND OR",
    ):
        reply = await ada.send_message(message)
        assert conversation_of(db, reply["conversation_id"])[0][2] == message
        await ada.search_memories(message)


async def test_the_workflow_runs_from_the_seeds_keys(db):
    result = await create_conversation_workflow().run(
        {"user_id": "test_user", "current_message": "Test message"}
    )
    assert result["generation_success"] is True and result["response"] and result["conversation_id"]


async def test_unknown_input_keys_are_refused(db):
    with pytest.raises(ValidationError, match="curent_message"):
        await create_conversation_workflow(db).run({"user_id": "u", "curent_message": "Hi"})


async def test_recovery_answers_what_was_left_unanswered_within_the_window(ada, db, model, age):
    model.down = True
    late = await ada.send_message("My canoe is called Otter.")
    old = await ada.send_message("My kayak is called Seal.")
    age(late["conversation_id"], 23.9)
    age(old["conversation_id"], 24.1)
    model.down = False
    recovered = await ada.recover(24)
    assert [s.conversation_id for s in recovered["recovered_sessions"]] == [late["conversation_id"]]
    assert "Otter" in recovered["recovered_sessions"][0].response
    assert [role for _, role, _ in conversation_of(db, late["conversation_id"])] == ["user", "assistant"]
    again = await ada.recover(24)
    assert [s.unanswered for s in again["recovered_sessions"]] == [None]
    assert rows(db, Message) == 3


async def test_recovery_of_several_goes_on_when_one_fails_again(ada, db, model):
    model.down = True
    for message in ("One fish.", "Two fish."):
        await ada.send_message(message)
    first = await ada.recover()
    assert [s.response for s in first["recovered_sessions"]] == [None, None]
    model.down = False
    second = await ada.recover()
    assert all(s.response for s in second["recovered_sessions"]) and len(second["recovered_sessions"]) == 2
    assert (await ada.recover(0.0001))["recovered"] is True


async def test_all_that_waits_is_answered_in_the_order_it_was_said(ada, db, model):
    model.down = True
    first = (await ada.send_message("Message number 0."))["conversation_id"]
    for n in range(1, 14):
        await ada.send_message(f"Message number {n}.", first)
    model.down = False
    await ada.recover()
    said = [prompt.message for prompt in model.prompts[14:]]
    assert said == [f"Message number {n}." for n in range(14)]
    assert rows(db, Message) == 28
    assert (await ada.recover())["recovered_sessions"][0].waiting == []


async def test_nothing_to_recover(ada):
    assert (await ada.recover())["recovered_sessions"] == []
