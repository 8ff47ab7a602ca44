"""Whose words become facts, and what does a new fact do to what was known?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from turngraph.engine import END, Graph
from turngraph.models import DatabaseManager, MemoryIndex, Scope
from turngraph.models.repositories import conversations, memories, messages
from turngraph.nodes import MemoryStorageNode
from turngraph.nodes.conversation import reading
from turngraph.services import (
    Extraction,
    Fact,
    Known,
    ModelUnavailable,
    OfflineModel,
    SettingError,
    StatedPreference,
    Turn,
    Usage,
    WordLlamaEmbedder,
)

SCOPE = Scope("default", "ada")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Given(BaseModel):
    """What the nodes before it would have written."""

    conversation_id: str
    message_id: str
    current_message: str
    recent_messages: list[Turn]
    user_id: str = "ada"
    response: str = "I live in Rome, said the assistant."
    model: str = "m"
    token_usage: Usage = Usage()
    sources: list[str] = []


class Finds(OfflineModel):
    """A model that finds what it is told to, or fails; it judges over what holds one of the words `over`."""

    def __init__(self, *facts: Fact, fails: bool = False, over: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.facts, self.fails, self.over = facts, fails, over
        self.read, self.known = list[Turn](), list[Known]()
        self.preferences = list[StatedPreference]()

    async def extract(self, turns: Any, known: Any = ()) -> Extraction:
        self.read, self.known = list(turns), list(known)
        if self.fails:
            raise ModelUnavailable("the model is away")
        over = [fact.id for fact in known if any(word in fact.content for word in self.over)]
        return Extraction(facts=list(self.facts), preferences=self.preferences, over=over)


@pytest.fixture
def db(tmp_path: Any) -> Any:
    with DatabaseManager(f"sqlite:///{tmp_path / 'storage.db'}") as database:
        yield database


async def say(
    db: DatabaseManager,
    text: str,
    *,
    day: int = 0,
    before: str = "",
    llm: Any = None,
    extraction: Any = None,
) -> Any:
    """Stores one message and what is remembered of it."""

    def open_(session: Any) -> tuple[str, str]:
        found = conversations.listed(session, SCOPE, limit=1)
        conversation = found[0] if found else conversations.begin(session, SCOPE)
        at = START + timedelta(days=day)
        stored, _ = messages.add(session, conversation, messages.NewMessage(text, at=at, awaits_reply=True))
        return conversation.id, stored.id

    conversation, message = db.write_now(open_)
    graph = Graph("storing", MemoryStorageNode(extraction) >> END, inputs=Given, store=db)
    graph = graph.bind(db=db, llm=llm or OfflineModel(), embedder=WordLlamaEmbedder())
    asked = [Turn(role="assistant", content=before)] if before else []
    given = Given(
        conversation_id=conversation, message_id=message, current_message=text, recent_messages=asked
    )
    return await graph.run(given.model_dump(), scope=SCOPE)


def held(db: DatabaseManager) -> list[tuple[str, bool]]:
    def read(session: Any) -> list[tuple[str, bool]]:
        return [
            (row.content, row.valid_to is None)
            for row in session.query(MemoryIndex).order_by(MemoryIndex.seq)
        ]

    return db.read_now(read)


async def test_a_fact_is_tied_to_its_message_and_holds_from_when_it_was_said(db: DatabaseManager) -> None:
    result = await say(db, "I live in Lyon.", day=3)
    assert result["memories_extracted"] == 1
    (row,) = db.read_now(lambda session: memories.listed(session, SCOPE))
    assert (row.slot, row.value, row.valid_from) == ("user/home", "Lyon", START + timedelta(days=3))
    sources = db.read_now(lambda session: memories.sources_of(session, SCOPE, [row.id]))
    assert [message.content for message in sources[row.id]] == ["I live in Lyon."]


async def test_a_new_home_closes_the_old_one_from_that_moment(db: DatabaseManager) -> None:
    await say(db, "I live in Lyon.")
    await say(db, "I moved to Nantes.", day=9)
    old, new = db.read_now(lambda session: memories.history(session, SCOPE, "user/home"))
    assert (old.valid_to, old.superseded_by) == (START + timedelta(days=9), new.id)


async def test_a_short_answer_is_read_with_what_was_asked_and_the_assistant_states_nothing(
    db: DatabaseManager,
) -> None:
    await say(db, "Cardiff now.", before="You live in Paris. Where do you live these days?")
    assert held(db) == [("I live in Cardiff now.", True)]


async def test_what_is_quoted_is_nobodys_fact(db: DatabaseManager) -> None:
    await say(db, "Translate this: 'I live in Rome and I am a baker.'")
    assert held(db) == []


async def test_what_a_model_finds_is_kept_where_the_user_said_it(db: DatabaseManager) -> None:
    await say(db, "I live in Lyon.")
    model = Finds(Fact(content="I moved to Nantes."), Fact(content="I live in Rome, and own 3 dogs."))
    await say(db, "we moved to Nantes", day=1, llm=model, extraction="model")
    assert held(db) == [("I live in Lyon.", False), ("I moved to Nantes.", True)]
    assert [turn.role for turn in model.read] == ["user"]


async def test_what_a_model_gives_that_cannot_be_stored_costs_nobody_their_answer(
    db: DatabaseManager,
) -> None:
    home = Fact(content="I live in Lyon.", category="c" * 1_000, subject="s" * 1_000)
    model = Finds(
        home, *[home] * 500, Fact(content="I live\0 in Lyon."), Fact(content="I live in \ud800 Lyon."),
        Fact(content="I live in Lyon. " * 20_000), Fact(content="In Lyon I live.", category="a\0b"), Fact(content="..."),
        Fact(content="I do live in Lyon.", subject="\0"),
    )  # fmt: skip
    kept = StatedPreference(key="tone", value="dry", category="c" * 1_000)
    model.preferences = [
        kept, StatedPreference(key="k" * 201, value="v"), StatedPreference(key="a\0", value="v"),
        StatedPreference(key="b", value="\0"), StatedPreference(key="c", value="v" * 100_000),
        StatedPreference(key="d", value=float("nan")), StatedPreference(key="e", value="v", category="\0"),
        StatedPreference(key=" ", value="v"),
    ]  # fmt: skip
    result = await say(db, "I live in Lyon.", llm=model, extraction="model")
    assert held(db) == [("I live in Lyon.", True)] and result["response"]
    (row,) = db.read_now(lambda session: memories.listed(session, SCOPE))
    assert row.category == "c" * 64
    assert [(wish.key, len(wish.category)) for wish in result["stated_preferences"]] == [("tone", 64)]


async def test_a_model_that_never_answers_is_not_waited_for_forever(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hangs(Finds):
        async def extract(self, turns: Any, known: Any = ()) -> Extraction:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(reading, "PATIENCE", 0.05)
    await asyncio.wait_for(say(db, "I live in Lyon.", llm=Hangs(), extraction="model"), 20)
    assert held(db) == [("I live in Lyon.", True)]


async def test_a_model_is_shown_what_holds_and_what_it_judges_over_is_closed(db: DatabaseManager) -> None:
    for text in ("I work at Krupp as a welder.", "My sister lives in Bonn.", "I play the cello."):
        await say(db, text)
    model = Finds(Fact(content="I handed in my badge and I repair violins."), over=("Krupp",))
    await say(db, "I handed in my badge, and these days I repair violins.", day=9, llm=model)
    assert [fact.content for fact in model.known] == [content for content, _ in held(db)[:3]]
    assert [holds for _, holds in held(db)] == [False, True, True, True]
    old, new = db.read_now(lambda session: session.query(MemoryIndex).order_by(MemoryIndex.seq).all()[::3])
    assert (old.valid_to, old.superseded_by) == (START + timedelta(days=9), new.id)
    await say(db, "Yes, the badge is gone for good.", day=10, llm=model)
    assert "Krupp" not in " ".join(fact.content for fact in model.known)


async def test_what_a_model_judges_over_without_a_new_fact_is_over(db: DatabaseManager) -> None:
    await say(db, "I have a canary called Tweet.")
    await say(db, "The cage stands empty now.", day=2, llm=Finds(over=("Tweet",)))
    assert held(db) == [("I have a canary called Tweet.", False)]


async def test_a_model_that_would_end_nearly_all_is_not_believed(db: DatabaseManager) -> None:
    for animal in ("cat", "dog", "hen", "goose", "mule", "pony"):
        await say(db, f"I have a {animal}.")
    await say(db, "We all went for a walk.", day=2, llm=Finds(over=("I have",)))
    assert len(held(db)) == 6 and all(holds for _, holds in held(db))


async def test_a_model_cannot_end_what_it_was_not_shown(db: DatabaseManager) -> None:
    await say(db, "I live in Lyon.")
    (row,) = db.read_now(lambda session: memories.listed(session, SCOPE))
    eve = Scope("default", "eve")
    hers, _ = db.write_now(lambda session: memories.remember(session, eve, "I live in Lyon."))

    class Guesses(Finds):
        async def extract(self, turns: Any, known: Any = ()) -> Extraction:
            return Extraction(over=[hers.id, "nothing", *(fact.id for fact in known)])

    await say(db, "We are packing boxes.", day=2, llm=Guesses())
    ends = dict(
        db.read_now(lambda session: [(one.id, one.valid_to) for one in session.query(MemoryIndex).all()])
    )
    assert ends[hers.id] is None and ends[row.id] == START + timedelta(days=2)


async def test_a_message_that_only_asks_is_not_read_by_a_model(db: DatabaseManager) -> None:
    model = Finds(fails=True)
    await say(db, "Hello! Where do I live? And what was my dog called?", llm=model)
    assert model.read == []


async def test_the_settings_say_who_reads(db: DatabaseManager, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Finds()
    monkeypatch.setenv("TURNGRAPH_EXTRACTION", "rules")
    await say(db, "I live in Lyon.", llm=model)
    assert held(db) == [("I live in Lyon.", True)] and model.read == []
    monkeypatch.setenv("TURNGRAPH_EXTRACTION", "magic")
    with pytest.raises(SettingError, match="TURNGRAPH_EXTRACTION"):
        await say(db, "I live in Rome.", llm=model)


async def test_a_model_that_fails_leaves_it_to_the_rules(db: DatabaseManager) -> None:
    await say(db, "I live in Lyon.", llm=Finds(fails=True), extraction="model")
    assert held(db) == [("I live in Lyon.", True)]


def test_extraction_is_by_rules_or_by_a_model() -> None:
    with pytest.raises(ValueError, match="extraction is"):
        MemoryStorageNode("magic")  # type: ignore[arg-type]
