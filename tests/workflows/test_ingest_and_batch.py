"""History taken in, and lists of records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from turngraph.engine import ValidationError
from turngraph.models import ConversationClosed
from turngraph.workflows import create_batch_conversation_workflow, create_workflow


async def test_ingested_messages_keep_what_they_carry_and_are_found(ada, db):
    history = [
        {
            "role": "user",
            "name": "Caroline",
            "content": "I adopted a puppy.",
            "id": "D1:1",
            "at": "2023-05-08T13:56:00Z",
        },
        {"role": "user", "name": "Mel", "content": "How lovely!", "id": "D1:2", "metadata": {"session": 1}},
    ]
    taken = await ada.ingest(history, "imported-1", title="Friends")
    assert taken == {"conversation_id": "imported-1", "messages_stored": 2, "messages_skipped": 0}
    first, second = db.get_conversation_messages("imported-1")
    assert (first.name, first.client_id, first.timestamp) == (
        "Caroline",
        "D1:1",
        datetime(2023, 5, 8, 13, 56, tzinfo=UTC),
    )
    assert second.meta == {"session": 1} and first.embedding_dim == len(first.embedding)
    again = await ada.ingest(history, "imported-1")
    assert (again["messages_stored"], again["messages_skipped"]) == (0, 2)
    hit = (await ada.search_memories("new pet"))["memories"][0]
    assert hit["content"] == "I adopted a puppy." and set(hit) >= {
        "score",
        "importance_score",
        "message",
        "parts",
    }
    assert hit["message"] == {
        "id": first.id,
        "client_id": "D1:1",
        "conversation_id": "imported-1",
        "position": 1,
    }


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"content": ""}, "message 2: content"),
        ({"role": "user"}, "message 2: has no content"),
        ({"content": "x", "rol": "user"}, "did you mean 'role'"),
        ({"content": "x", "role": "robot"}, "found 'robot'"),
        ({"content": "x", "at": "yesterday"}, "at: expected a time"),
        ({"content": "x", "metadata": {"a": "\x00"}}, "metadata"),
        ({"content": "x\ud800"}, "half a character"),
    ],
)
async def test_one_bad_message_refuses_the_whole_and_stores_nothing(ada, bad, says):
    with pytest.raises(ValidationError, match=says):
        await ada.ingest([{"content": "fine"}, bad])
    assert await ada.conversations() == []


async def test_a_closed_conversation_takes_no_history(ada):
    conversation = (await ada.ingest([{"content": "Hello."}]))["conversation_id"]
    await ada.archive(conversation)
    with pytest.raises(ConversationClosed):
        await ada.ingest([{"content": "More."}], conversation)


async def test_two_users_may_import_the_same_ids(ada, db, model):
    from turngraph.workflows import ConversationManager

    bob = ConversationManager("bob", db, llm=model)
    for manager, said in ((ada, "I keep bees."), (bob, "I keep goats.")):
        await manager.ingest([{"content": said, "id": "1"}], "same-id")
    assert [m["content"] for m in (await ada.conversation("same-id"))["messages"]] == ["I keep bees."]
    assert [m["content"] for m in (await bob.conversation("same-id"))["messages"]] == ["I keep goats."]


async def test_a_batch_answers_each_record_and_a_bad_one_costs_itself(db, model):
    batch = create_batch_conversation_workflow(db, llm=model)
    records = [
        {"user_id": "user1", "message": "Hello from user 1"},
        {"user_id": "user2"},
        {"user_id": "user2", "message": "Hello from user 2"},
        {"user_id": "user2", "message": "\x00"},
    ]
    result = await batch.run({"batch_conversations": records})
    assert [r["success"] for r in result["batch_results"]] == [True, False, True, False]
    assert result["batch_summary"] == {"total": 4, "succeeded": 2, "failed": 2}
    assert "current_message" in result["batch_results"][1]["error"]
    assert db.get_conversation_stats("user2")["total"] == 1


async def test_records_of_one_user_keep_their_order(db, model):
    batch = create_batch_conversation_workflow(db, llm=model)
    first = await create_workflow("conversation", db, llm=model).run(
        {"user_id": "u", "current_message": "Start."}
    )
    records = [
        {"user_id": "u", "message": f"n{n}", "conversation_id": first["conversation_id"]} for n in range(6)
    ]
    await batch.run({"batch_conversations": records})
    said = [m.content for m in db.get_conversation_messages(first["conversation_id"]) if m.role == "user"]
    assert said == ["Start.", *(f"n{n}" for n in range(6))]
