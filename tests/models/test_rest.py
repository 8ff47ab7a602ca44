"""Does what was told beside a fact that ended stay, tied to where it was said, and go when that is forgotten?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from turngraph.models import DatabaseManager, MemoryIndex, MemorySource, Target, forget
from turngraph.services import OfflineModel
from turngraph.workflows import ConversationManager

BEFORE = "I live in Leeds with my two sons"
AFTER = "We moved to York last week"
REST = "With my two sons."


@pytest.fixture
def db(tmp_path: Path) -> Iterator[DatabaseManager]:
    with DatabaseManager(f"sqlite:///{tmp_path / 'rest.db'}") as database:
        yield database


async def holding(db: DatabaseManager) -> dict[str, list[str]]:
    """What holds, each with the messages it came from."""

    def work(session: Session) -> dict[str, list[str]]:
        rows = session.scalars(select(MemoryIndex).where(MemoryIndex.valid_to.is_(None)))
        return {
            row.content: list(
                session.scalars(select(MemorySource.message_id).where(MemorySource.memory_id == row.id))
            )
            for row in rows
        }

    return await db.read(work)


async def test_who_moves_house_keeps_whom_they_live_with(db: DatabaseManager) -> None:
    user = ConversationManager("ada", db, llm=OfflineModel())
    first = await user.send_message(BEFORE)
    told = await holding(db)
    await user.send_message(AFTER, first["conversation_id"])
    now = await holding(db)
    assert f"{BEFORE}." not in now
    assert now[REST] == told[f"{BEFORE}."]


async def test_the_rest_goes_with_the_message_that_told_it(db: DatabaseManager) -> None:
    user = ConversationManager("ada", db, llm=OfflineModel())
    first = await user.send_message(BEFORE)
    (message,) = (await holding(db))[f"{BEFORE}."]
    await user.send_message(AFTER, first["conversation_id"])
    await forget(db, user.scope, Target("message", message))
    assert REST not in await holding(db)
