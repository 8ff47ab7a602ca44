"""Are turns that were cut off taken up by who comes next, once, and those of the living left alone?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from turngraph.models import DatabaseManager, Message, Owner, RunRow, TurnRow
from turngraph.models.base import now
from turngraph.models.durable import ShapeRow
from turngraph.models.repositories import preferences
from turngraph.models.repositories.turns import MOST
from turngraph.models.turn import AGAIN, answering
from turngraph.services import OfflineModel, Prompt, Reply
from turngraph.workflows import ConversationManager

MESSAGE = "My canoe is called Otter."


class Endless(OfflineModel):
    """Says when it was asked, and never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        self.asked.set()
        await asyncio.Event().wait()
        yield "never"


async def begun(db: DatabaseManager) -> asyncio.Task[Any]:
    """A turn that is in the midst of its answer."""
    model = Endless()
    task = asyncio.create_task(ConversationManager("ada", db, llm=model).send_message(MESSAGE))
    await model.asked.wait()
    return task


async def cut_off(db: DatabaseManager) -> None:
    task = await begun(db)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def waiting(db: DatabaseManager) -> list[str]:
    with db.get_session() as session:
        return list(session.scalars(select(Message.content).where(Message.awaits_reply)))


def turns_of(db: DatabaseManager) -> list[TurnRow]:
    with db.get_session() as session:
        return list(session.scalars(select(TurnRow)))


def owner_is(db: DatabaseManager, **values: Any) -> None:
    with db.get_session() as session:
        session.execute(update(Owner).values(**values))


async def test_a_turn_that_was_cut_off_is_answered_before_the_first_message_and_told(db):
    await cut_off(db)
    assert waiting(db) == [MESSAGE] and len(turns_of(db)) == 1
    ada = ConversationManager("ada", db)
    reply = await ada.send_message("Hello.")
    (found,) = reply["recovered_sessions"]
    assert found["waiting"][0]["content"] == MESSAGE and "Otter" in found["response"]
    assert waiting(db) == [] and turns_of(db) == []
    assert "recovered_sessions" not in await ada.send_message("Hello again.")
    whole = await ada.conversation(found["conversation_id"])
    assert [(one["position"], one["role"]) for one in whole["messages"]] == [(1, "user"), (2, "assistant")]


async def test_a_turn_that_this_process_answers_is_left_alone(db):
    task = await begun(db)
    other = ConversationManager("ada", db)
    assert await other.take_up() == [] and waiting(db) == [MESSAGE]
    found = await other.recover()
    assert [one.waiting for one in found["recovered_sessions"]] == [[]] and waiting(db) == [MESSAGE]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await ConversationManager("ada", db).take_up()) == 1 and waiting(db) == []


async def test_one_on_another_machine_is_left_alone_while_its_lease_holds(db):
    await cut_off(db)
    owner_is(db, host="elsewhere", lease_until=now() + timedelta(seconds=60))
    assert await ConversationManager("ada", db).take_up() == []
    assert [
        one.waiting for one in (await ConversationManager("ada", db).recover())["recovered_sessions"]
    ] == [[]]
    owner_is(db, lease_until=now() - timedelta(seconds=1))
    assert len(await ConversationManager("ada", db).take_up()) == 1 and waiting(db) == []


async def test_one_whose_process_is_no_more_needs_no_lease_to_run_out(db):
    await cut_off(db)
    owner_is(db, pid=2**22 + 1, lease_until=now() + timedelta(seconds=60))
    assert len(await ConversationManager("ada", db).take_up()) == 1 and waiting(db) == []


async def test_what_was_said_long_ago_waits_for_somebody_to_ask(db):
    await cut_off(db)
    with db.get_session() as session:
        session.execute(update(Message).values(timestamp=now() - timedelta(hours=25)))
    ada = ConversationManager("ada", db)
    assert await ada.take_up() == [] and waiting(db) == [MESSAGE] and turns_of(db) == []
    await ada.recover()
    assert waiting(db) == []


async def test_what_fails_is_no_turn_that_was_cut_off_nor_tried_for_ever(db, model, ada):
    model.down = True
    await ada.send_message(MESSAGE)
    assert turns_of(db) == [] and waiting(db) == [MESSAGE]
    await cut_off(db)
    (found,) = await ConversationManager("ada", db, llm=model).take_up()
    assert found.response is None and turns_of(db) == []
    asked = len(model.prompts)
    assert await ConversationManager("ada", db, llm=model).take_up() == [] and len(model.prompts) == asked


async def test_two_take_it_up_at_once_and_one_does(db):
    await cut_off(db)
    found = await asyncio.gather(*(ConversationManager("ada", db).take_up() for _ in range(4)))
    assert sum(map(len, found)) == 1 and waiting(db) == []


async def test_nobody_elses_turn_is_taken_up(db):
    await cut_off(db)
    assert await ConversationManager("eve", db).take_up() == []
    assert await ConversationManager("ada", db, "other").take_up() == []
    assert waiting(db) == [MESSAGE]


async def test_a_token_is_answered_as_long_as_its_block_lasts(db):
    async with answering(db) as one, answering(db) as two:
        assert one != two and one.partition(".")[0] == two.partition(".")[0]


async def test_owners_that_died_long_ago_do_not_pile_up(db):
    for name, days in (("lately", 0.5), ("long ago", 2), ("with a run", 2)):
        with db.get_session() as session:
            session.add(Owner(id=name, lease_until=now() - timedelta(days=days)))
    with db.get_session() as session:
        session.add(ShapeRow(id=1, shape="{}"))
        session.flush()
        session.add(
            RunRow(id="r", graph="g", shape_id=1, status="running", owner_id="with a run", inputs="{}")
        )
    await ConversationManager("ada", db).send_message("Hello.")
    with db.get_session() as session:
        names = set(session.scalars(select(Owner.id)))
    assert {"lately", "with a run"} < names and "long ago" not in names and len(names) == 3


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("since", ["nothing", "something else"])
async def test_what_was_cut_off_after_its_reply_is_learned_late_and_answered_no_more(db, monkeypatch, since):
    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(preferences, "put", killed)
    with pytest.raises(Killed):
        await ConversationManager("ada", db).send_message("I prefer dark mode.")
    monkeypatch.undo()
    assert waiting(db) == [] and len(turns_of(db)) == 1 and db.get_user_preferences("ada") == {}
    if since == "something else":
        db.add_message(turn_conversation(db), "I prefer light mode.")
        db.update_user_preference("ada", "theme", "light")
    for _ in range(2):
        assert await ConversationManager("ada", db).take_up() == []
        assert turns_of(db) == []
        assert db.get_user_preferences("ada")["theme"] == ("dark mode" if since == "nothing" else "light")


def turn_conversation(db: DatabaseManager) -> str:
    with db.get_session() as session:
        return session.scalars(select(Message.conversation_id)).first() or ""


async def test_a_message_at_which_every_process_dies_keeps_nobody_from_talking(db):
    await cut_off(db)
    for number in range(1, MOST + 1):
        model = Endless()
        task = asyncio.create_task(ConversationManager("ada", db, llm=model).send_message("Hello."))
        await model.asked.wait()
        (turn,) = turns_of(db)
        assert turn.token.count(AGAIN) == number
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    ada = ConversationManager("ada", db)
    reply = await ada.send_message("Hello.")
    assert "recovered_sessions" not in reply and turns_of(db) == []
    assert waiting(db) == [MESSAGE]
