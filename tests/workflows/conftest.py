"""A database, a model and a manager for the workflows' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from turngraph.models import Conversation, DatabaseManager
from turngraph.models.base import now
from turngraph.services import ModelUnavailable, OfflineModel, Prompt, Reply
from turngraph.workflows import ConversationManager


class Broken(OfflineModel):
    """An offline model that fails while `down` is true, and remembers the prompts it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.prompts: list[Prompt] = []

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        self.prompts.append(prompt)
        if self.down:
            raise ModelUnavailable("the model is down")
        async for piece in super().stream(prompt, max_tokens=max_tokens):
            yield piece


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Iterator[DatabaseManager]:
    url = "sqlite:///talk.db" if request.param == "sqlite" else request.getfixturevalue("postgres_database")
    with DatabaseManager(url) as opened:
        yield opened


@pytest.fixture
def model() -> Broken:
    return Broken()


@pytest.fixture
def ada(db: DatabaseManager, model: Broken) -> ConversationManager:
    return ConversationManager("ada", db, llm=model)


@pytest.fixture
def age(db: DatabaseManager) -> Callable[[str, float], None]:
    """Makes a conversation's last activity that many hours old."""

    def work(conversation_id: str, hours: float) -> None:
        mine = Conversation.id == conversation_id
        with db.get_session() as session:
            session.execute(
                update(Conversation).where(mine).values(updated_at=now() - timedelta(hours=hours))
            )

    return work
