"""Do the samples of the customer's conversation-memory-workbook.md and recap-workbooks.md run?

Each test names the section it is from and keeps the sample's own lines; docs/from-the-seeds.md says what
had to change. Tests that take `db` run on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import QueuePool, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column
from tenacity import retry, stop_after_attempt, wait_exponential

from turngraph.engine import END, Graph, Node, Registry, ValidationError, dump, load
from turngraph.models import (
    Base,
    Conversation,
    DatabaseError,
    DatabaseManager,
    MemoryIndex,
    Message,
    get_db_manager,
)
from turngraph.nodes import (
    ContextBuilderNode,
    ContextCompressionNode,
    ConversationInitNode,
    ConversationInputs,
    MemoryRetrievalNode,
    MemoryStorageNode,
    PreferenceUpdateNode,
    ResponseGenerationNode,
    SessionManagementNode,
)
from turngraph.services import (
    ClaudeAPIClient,
    ClaudeAPIError,
    ModelUnavailable,
    Prompt,
    Turn,
    default_embedder,
    language_model,
)
from turngraph.workflows import (
    ConversationManager,
    create_batch_conversation_workflow,
    create_context_refresh_workflow,
    create_conversation_workflow,
    create_memory_search_workflow,
    create_session_recovery_workflow,
)
from turngraph.workflows import registry as conversation_registry

logger = logging.getLogger(__name__)


@pytest.fixture
def default_db(isolated: None) -> Iterator[DatabaseManager]:
    """What `get_db_manager()` gives in an empty folder, closed afterwards."""
    with get_db_manager() as db:
        yield db


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, isolated: None) -> Iterator[DatabaseManager]:
    """A manager of its own on both databases; it is also what `get_db_manager()` gives meanwhile."""
    url = "sqlite:///my_conversations.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    with get_db_manager(url) as db:
        yield db


def rows(db: DatabaseManager, query: str) -> list[tuple[Any, ...]]:
    """What plain SQL says, past everything of ours."""
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


# --- conversation-memory-workbook.md: Database Integration


def test_the_default_database_is_a_file_in_the_folder(default_db: DatabaseManager) -> None:
    """SQLite (Default)."""
    db = get_db_manager()
    assert db.get_user_preferences("user123") == {}
    assert Path("conversation_memory.db").is_file()


def test_a_database_is_named_by_its_url(db: DatabaseManager) -> None:
    """SQLite (Default), "Or specify custom path", and PostgreSQL."""
    conversation = db.create_conversation("user123")
    assert rows(db, "SELECT id, status FROM conversations") == [(conversation.id, "active")]
    assert not Path("conversation_memory.db").exists()


def test_the_database_url_of_an_env_file_is_used() -> None:
    """Environment Variables."""
    Path(".env").write_text("DATABASE_URL=postgresql://user:pass@db:5432/conversations\nLOG_LEVEL=INFO\n")
    with get_db_manager() as db:
        assert (db.dialect, "@db:5432/conversations" in db.url, "pass" in db.url) == (
            "postgresql",
            True,
            False,
        )


# --- Core Components 3: Graphs


async def test_the_conversation_workflow_answers(db: DatabaseManager) -> None:
    """Conversation Workflow."""
    db.create_conversation("user123", conversation_id="conv456")
    workflow = create_conversation_workflow()
    result = await workflow.run(
        {
            "user_id": "user123",
            "current_message": "Hello!",
            "conversation_id": "conv456",  # Optional
        }
    )
    assert (result["conversation_id"], result["conversation_status"]) == ("conv456", "resumed")
    assert result["generation_success"] is True
    assert rows(db, "SELECT role, content FROM messages ORDER BY position") == [
        ("user", "Hello!"),
        ("assistant", result["response"]),
    ]


async def test_the_search_workflow_finds_what_was_said(db: DatabaseManager) -> None:
    """Memory Search Workflow."""
    await ConversationManager("user123").send_message("I write my services in Python.")
    search = create_memory_search_workflow()
    results = await search.run({"user_id": "user123", "search_query": "Python programming"})
    assert results["memories"][0]["content"] == "I write my services in Python."


async def test_the_refresh_workflow_keeps_the_context_within_its_size(db: DatabaseManager) -> None:
    """Context Refresh Workflow, and Context Management: older messages are summarised."""
    db.create_conversation("user123", conversation_id="conv456")
    for number in range(60):
        db.add_message("conv456", f"The shelf with number {number} holds the books on history. " * 8)
    refresh = create_context_refresh_workflow()
    refreshed = await refresh.run(
        {"user_id": "user123", "conversation_id": "conv456", "max_context_size": 4000}
    )
    window = db.get_active_context("conv456")
    assert window is not None
    assert refreshed["context_window"] == window.to_dict()
    assert 0 < window.token_count <= 4000
    assert window.summary
    assert 0 < len(window.messages) < 60
    assert rows(db, "SELECT count(*) FROM messages") == [(60,)]


async def test_the_recovery_workflow_answers_what_was_left_unanswered(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session Recovery Workflow, and Session Recovery of the recap."""
    monkeypatch.setenv("TURNGRAPH_MODEL", "anthropic")  # and there is no key: the turn is interrupted
    lost = await ConversationManager("user123").send_message("My boat is called Marlin.")
    monkeypatch.delenv("TURNGRAPH_MODEL")
    assert lost["generation_success"] is False
    recovery = create_session_recovery_workflow()
    recovered = await recovery.run({"user_id": "user123", "recovery_window": 24})  # hours
    [session] = recovered["recovered_sessions"]
    assert (recovered["recovered"], session.conversation_id) == (True, lost["conversation_id"])
    assert rows(db, "SELECT role, content FROM messages ORDER BY position") == [
        ("user", "My boat is called Marlin."),
        ("assistant", session.response),
    ]


# --- Usage Examples


async def test_a_basic_conversation(default_db: DatabaseManager, capsys: pytest.CaptureFixture[str]) -> None:
    """Basic Conversation."""
    manager = ConversationManager("user123")
    response = await manager.send_message("I prefer Python and dark mode interfaces.")
    print(response["response"])  # Claude's response
    print(response["memories_extracted"])  # Number of memories stored
    print(response["preferences_updated"])  # Preferences learned
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == rows(default_db, "SELECT content FROM messages WHERE role = 'assistant'")[0][0]
    assert printed[1] == str(rows(default_db, "SELECT count(*) FROM memory_index")[0][0]) == "1"
    stored = {
        key: json.loads(value) for key, value in rows(default_db, "SELECT key, value FROM user_preferences")
    }
    assert printed[2] == str(response["preferences_updated"])
    assert (
        stored == response["preferences_updated"] == {"programming_language": "Python", "theme": "dark mode"}
    )


async def test_a_conversation_is_resumed_in_another_manager(default_db: DatabaseManager) -> None:
    """Resume Conversation."""
    first = await ConversationManager("user123").send_message("I prefer Python and dark mode interfaces.")
    manager = ConversationManager("user123")
    response = await manager.send_message(
        "What was I telling you about earlier?", conversation_id=first["conversation_id"]
    )
    assert response["conversation_status"] == "resumed"
    assert "Python and dark mode" in response["response"]
    assert [source["message_id"] for source in response["sources"]] == [first["message_id"]]
    assert rows(default_db, "SELECT conversation_id, count(*) FROM messages GROUP BY 1") == [
        (first["conversation_id"], 4)
    ]


async def test_memories_are_searched(default_db: DatabaseManager, capsys: pytest.CaptureFixture[str]) -> None:
    """Search Memories."""
    manager = ConversationManager("user123")
    await manager.send_message("I prefer Python and dark mode interfaces.")
    memories = await manager.search_memories("Python")
    for memory in memories["memories"]:
        print(f"Found: {memory['content']}")
        print(f"Relevance: {memory['importance_score']}")
    printed = capsys.readouterr().out
    [(content, importance)] = rows(default_db, "SELECT content, importance_score FROM memory_index")
    assert content == "I prefer Python and dark mode interfaces."
    assert f"Found: {content}\nRelevance: {importance}\n" in printed


async def test_the_database_is_asked_directly(db: DatabaseManager) -> None:
    """Direct Database Access."""
    db.create_conversation("user123", conversation_id="conv456")
    for said in ("My database is PostgreSQL 16.", "My dog is called Rex.", *(f"Line {n}." for n in range(6))):
        await ConversationManager("user123").send_message(said, "conv456")
    db.update_user_preference("user123", "language", "German")
    embedding_vector = default_embedder().embed(["Which database do I use?"])[0]

    db = get_db_manager()
    # Get user preferences
    preferences = db.get_user_preferences("user123")
    # Get conversation messages
    messages = db.get_conversation_messages("conv456", limit=10)
    # Search memories with embeddings
    memories = db.search_memories(
        user_id="user123", query_embedding=embedding_vector, category="technical", limit=5
    )
    assert preferences["language"] == "German"
    assert sorted((key,) for key in preferences) == rows(db, "SELECT key FROM user_preferences ORDER BY key")
    assert [message.position for message in messages] == list(range(7, 17))  # the newest ten
    newest = rows(db, "SELECT content FROM messages ORDER BY position DESC LIMIT 10")
    assert [(message.content,) for message in messages] == newest[::-1]
    assert memories[0].content == "My database is PostgreSQL 16."
    assert {memory.category for memory in memories} == {"technical"}


async def test_a_batch_answers_each_user(db: DatabaseManager) -> None:
    """Batch Processing, here and in the recap."""
    workflow = create_batch_conversation_workflow()
    done = await workflow.run(
        {
            "batch_conversations": [
                {"user_id": "user1", "message": "Hello from user 1"},
                {"user_id": "user2", "message": "Hello from user 2"},
            ]
        }
    )
    assert done["batch_summary"] == {"total": 2, "succeeded": 2, "failed": 0}
    assert [result["user_id"] for result in done["batch_results"]] == ["user1", "user2"]
    assert rows(db, "SELECT user_id, content FROM messages WHERE role = 'user' ORDER BY user_id") == [
        ("user1", "Hello from user 1"),
        ("user2", "Hello from user 2"),
    ]


# --- Database Operations


def test_tables_are_created_on_first_use() -> None:
    """Creating Tables."""
    with DatabaseManager("sqlite:///my_db.db") as db:
        assert db.get_conversation_stats("user123")["total"] == 0
    engine = create_engine("sqlite:///my_db.db")
    ours = {name for name in Base.metadata.tables if name != "crm_calls"}
    assert ours <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_rows_are_queried_in_a_session(db: DatabaseManager) -> None:
    """Querying."""
    talks = [db.create_conversation("user123", title) for title in ("one", "two", "three")]
    for number in range(12):
        db.add_message(talks[number % 2].id, f"message {number}")
    with db.get_session() as session:
        session.get_one(Conversation, ("default", "user123", talks[2].id)).status = "paused"

    with db.get_session() as session:
        # Get active conversations
        active = session.query(Conversation).filter(Conversation.status == "active").all()
        # Get recent messages
        recent = session.query(Message).order_by(Message.timestamp.desc()).limit(10).all()
    assert {conversation.title for conversation in active} == {"one", "two"}
    assert [message.content for message in recent] == [f"message {number}" for number in range(11, 1, -1)]


def test_old_conversations_are_archived(db: DatabaseManager) -> None:
    """Maintenance: archive old conversations."""
    old, new = db.create_conversation("user123"), db.create_conversation("user456")
    db.add_message(old.id, "long ago")
    with db.get_session() as session:
        found = session.get_one(Conversation, ("default", "user123", old.id))
        found.updated_at -= timedelta(days=31)
    archived_count = db.cleanup_old_conversations(days=30)
    assert archived_count == 1
    assert dict(rows(db, "SELECT id, status FROM conversations")) == {old.id: "archived", new.id: "active"}
    assert rows(db, "SELECT count(*) FROM messages") == [(1,)]


def test_the_database_is_vacuumed(db: DatabaseManager) -> None:
    """Maintenance: vacuum database. PostgreSQL wants it outside a transaction."""
    conversation = db.create_conversation("user123")
    for number in range(50):
        db.add_message(conversation.id, f"{number} " * 1000)
    with db.get_session() as session:
        session.query(Message).filter(Message.position > 1).delete()
    if db.dialect == "sqlite":
        assert rows(db, "PRAGMA freelist_count")[0][0] > 0
        with db.engine.connect() as conn:
            conn.execute(text("VACUUM"))
        assert rows(db, "PRAGMA freelist_count") == [(0,)]
    else:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("VACUUM"))
    assert rows(db, "SELECT count(*) FROM messages") == [(1,)]


# --- Advanced Features


def extract_entities(conversation: str) -> list[str]:
    return [word.strip(".,!?") for word in conversation.split()[1:] if word[0].isupper()]


def calculate_importance(info: str) -> float:
    return min(1.0, len(info) / 10)


class CustomMemoryExtractor(Node):
    """Custom Memory Extraction: exec extracts, and what is stored moved to post, which has the session."""

    class Inputs(BaseModel):
        user_id: str
        current_message: str

    async def exec(self, conversation: Inputs) -> list[str]:
        # Custom extraction logic
        important_info = extract_entities(conversation.current_message)
        return important_info

    def post(
        self,
        state: MutableMapping[str, Any],
        conversation: Inputs,
        important_info: list[str],
        *,
        session: Session,
    ) -> None:
        # Store in memory index
        for info in important_info:
            memory = MemoryIndex(
                user_id=conversation.user_id,
                content=info,
                content_type="entity",
                importance_score=calculate_importance(info),
            )
            session.add(memory)


class AdaptiveContextBuilder(ContextBuilderNode):
    """Custom Context Strategies: the size is chosen by the topic, the rest is the builder's own."""

    async def exec(self, inputs: ContextBuilderNode.Inputs) -> ContextBuilderNode.Outputs:
        # Adaptive context sizing
        max_tokens = 6000 if is_complex_topic(inputs) else 3000
        # Build optimized context
        return await super().exec(inputs.model_copy(update={"max_context_size": max_tokens}))


def is_complex_topic(inputs: ContextBuilderNode.Inputs) -> bool:
    return len(inputs.current_message.split()) > 10


def conversation_with_extractor() -> Graph:
    """The conversation graph, written out, with one node more."""
    init, build, compress = ConversationInitNode(), ContextBuilderNode(), ContextCompressionNode()
    generate, session = ResponseGenerationNode(), SessionManagementNode()
    return Graph(
        "conversation",
        init >> MemoryRetrievalNode() >> build >> generate >> MemoryStorageNode() >> CustomMemoryExtractor(),
        "custom_memory_extractor" >> PreferenceUpdateNode() >> session >> END,
        init - "answered" >> END,
        build - "over_budget" >> compress >> build,
        generate - "truncated" >> "memory_storage",
        generate - "refused" >> "memory_storage",
        generate - "over_budget" >> session,
        generate - "failed" >> session,
        inputs=ConversationInputs,
    )


def conversation_yaml(*changes: tuple[str, str]) -> str:
    """The YAML of the conversation graph with some lines changed."""
    document = dump(create_conversation_workflow())
    for old, new in changes:
        assert document.count(old) == 1
        document = document.replace(old, new)
    return document


ADD_EXTRACTOR = (
    ("edges:\n", "  custom_memory_extractor: CustomMemoryExtractor\nedges:\n"),
    (
        "  memory_storage: preference_update\n",
        "  memory_storage: custom_memory_extractor\n  custom_memory_extractor: preference_update\n",
    ),
)


@pytest.fixture
def registry(db: DatabaseManager) -> Registry:
    """The names of the workbook's own nodes beside those that come with turngraph."""
    registry = Registry(conversation_registry)
    registry.add(CustomMemoryExtractor, AdaptiveContextBuilder)
    for name, service in (("db", lambda: db), ("llm", language_model), ("embedder", default_embedder)):
        registry.service(name, service)
    return registry


@pytest.mark.parametrize("form", ["python", "yaml"])
async def test_a_custom_extractor_joins_the_conversation(
    form: str, db: DatabaseManager, registry: Registry
) -> None:
    """Custom Memory Extraction, and Contributing: add new node types."""
    if form == "python":
        services = {"db": db, "llm": language_model(), "embedder": default_embedder()}
        workflow = conversation_with_extractor().bind(**services)
    else:
        workflow = load(conversation_yaml(*ADD_EXTRACTOR), registry)
    result = await workflow.run(
        {"user_id": "user123", "current_message": "We met Ada and Grace in Berlin."}, store=db
    )
    assert result["generation_success"] is True
    entities = "SELECT user_id, content, importance_score FROM memory_index WHERE content_type = 'entity'"
    assert sorted(rows(db, entities)) == [
        ("user123", "Ada", 0.3),
        ("user123", "Berlin", 0.6),
        ("user123", "Grace", 0.5),
    ]


def test_the_yaml_of_the_extended_graph_says_the_same_as_the_python(registry: Registry) -> None:
    """Contributing: create custom workflows."""
    from_yaml = load(conversation_yaml(*ADD_EXTRACTOR), registry)
    assert from_yaml.shape_hash == conversation_with_extractor().shape_hash


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("Hello!", 3000),
        ("Compare the isolation levels of PostgreSQL with those of SQLite, one by one, please.", 6000),
    ],
)
async def test_an_adaptive_context_builder_takes_the_place_of_ours(
    message: str, limit: int, db: DatabaseManager, registry: Registry
) -> None:
    """Custom Context Strategies."""
    changed = ("context_builder: ContextBuilderNode", "context_builder: AdaptiveContextBuilder")
    workflow = load(conversation_yaml(changed), registry)
    result = await workflow.run({"user_id": "user123", "current_message": message}, store=db)
    assert (result["context_limit"], result["generation_success"]) == (limit, True)


class CrmClient:
    """Keeps what it is told, as a CRM would."""

    def __init__(self) -> None:
        self.told: dict[str, Mapping[str, Any]] = {}

    async def update_customer_interaction(
        self, customer_id: str, interaction_data: Mapping[str, Any]
    ) -> None:
        self.told[customer_id] = interaction_data


async def test_a_conversation_is_synced_to_a_crm(db: DatabaseManager) -> None:
    """Integration with External Systems."""
    crm_client = CrmClient()

    async def sync_to_crm(conversation_id: str) -> None:
        conv = db.get_conversation(conversation_id)
        await crm_client.update_customer_interaction(
            customer_id=conv.user_id, interaction_data=conv.to_dict()
        )

    response = await ConversationManager("user123").send_message("My order has not arrived.")
    await sync_to_crm(response["conversation_id"])
    told = json.loads(json.dumps(crm_client.told["user123"]))
    assert (told["conversation_id"], told["status"]) == (response["conversation_id"], "active")
    assert [message["content"] for message in told["messages"]] == [
        "My order has not arrived.",
        response["response"],
    ]


@pytest.fixture(scope="module")
def crm_calls() -> Iterator[Any]:
    """A user's own table; it is taken off Base again, so that other tests do not create it too."""

    class CrmCall(Base):
        __tablename__ = "crm_calls"

        id: Mapped[int] = mapped_column(primary_key=True)
        customer_id: Mapped[str]
        conversation_id: Mapped[str]

    yield CrmCall
    Base.metadata.remove(CrmCall.__table__)  # type: ignore[arg-type]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_nodes_post_writes_a_users_own_table(
    fails: bool, crm_calls: Any, db: DatabaseManager
) -> None:
    """Contributing: implement additional database models."""

    class LogCrmCall(Node):
        class Inputs(BaseModel):
            user_id: str
            conversation_id: str

        def post(self, state: object, inputs: Inputs, result: None, *, session: Session) -> None:
            session.add(crm_calls(customer_id=inputs.user_id, conversation_id=inputs.conversation_id))
            session.flush()
            if fails:
                raise RuntimeError("the CRM is down")

    graph = Graph("log", LogCrmCall() >> END, inputs=LogCrmCall.Inputs, store=db)
    try:
        await graph.run({"user_id": "user123", "conversation_id": "conv456"})
    except RuntimeError:
        assert fails
    with db.get_session() as session:
        stored = session.scalars(select(crm_calls.customer_id)).all()
    assert stored == ([] if fails else ["user123"])  # its step is one transaction


# --- Error Handling


@pytest.mark.parametrize(
    ("data", "model", "logged"),
    [
        (
            {"user_id": "user123", "current_message": ""},
            "offline",
            "Invalid input: current_message: expected",
        ),
        (
            {"user_id": "user123", "current_message": "Hi"},
            "anthropik",
            "Claude API error: There is no language",
        ),
        (
            {"user_id": "user123", "current_message": "Hi", "conversation_id": "conv456"},
            "offline",
            "Database error: no conversation 'conv456' belongs to user 'user123'",
        ),
    ],
)
async def test_each_error_goes_to_its_handler(
    data: dict[str, str],
    model: str,
    logged: str,
    db: DatabaseManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Error Handling."""
    monkeypatch.setenv("TURNGRAPH_MODEL", model)
    workflow = create_conversation_workflow()
    try:
        await workflow.run(data)
    except ValidationError as e:
        logger.error(f"Invalid input: {e}")
    except ClaudeAPIError as e:
        logger.error(f"Claude API error: {e}")
    except DatabaseError as e:
        logger.error(f"Database error: {e}")
    [message] = [record.getMessage() for record in caplog.records if record.name == __name__]
    assert message.startswith(logged)
    assert rows(db, "SELECT count(*) FROM messages") == [(0,)]


async def test_a_model_that_fails_in_a_turn_does_not_raise(
    db: DatabaseManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Error Handling: the fallback is built in, the message is stored, and the result says so."""
    monkeypatch.setenv("TURNGRAPH_MODEL", "anthropic")  # and there is no key
    result = await create_conversation_workflow().run({"user_id": "user123", "current_message": "Hi"})
    assert (result["generation_success"], result["reply_metadata"]["error"]) == (False, "ModelNotConfigured")
    assert rows(db, "SELECT role, content FROM messages") == [("user", "Hi")]


# --- Performance Optimization


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_connection_pool_has_the_size_asked_for(kind: str, request: pytest.FixtureRequest) -> None:
    """Connection Pooling."""
    postgresql = kind == "postgresql"
    url = request.getfixturevalue("postgres_database") if postgresql else "sqlite:///pooled.db"
    with DatabaseManager(url, pool_size=20, max_overflow=40) as db:
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.size(), pool._max_overflow) == (20, 40)
        sessions = [db.engine.connect() for _ in range(30)]
        assert pool.checkedout() == 30
        for session in sessions:
            session.close()


def test_messages_are_inserted_in_bulk(db: DatabaseManager) -> None:
    """Batch Operations."""
    conversation = db.create_conversation("user123")
    db.add_message(conversation.id, "the first")
    with db.get_session() as session:
        messages = [Message(conversation_id=conversation.id, content=f"message {n}") for n in range(100)]
        session.bulk_save_objects(messages)
        session.commit()
    stored = rows(db, "SELECT position, user_id, role, content FROM messages ORDER BY position")
    assert stored[0] == (1, "user123", "user", "the first")
    assert stored[1:] == [(n + 2, "user123", "user", f"message {n}") for n in range(100)]
    assert db.get_conversation_messages(conversation.id, limit=2)[-1].content == "message 99"


def test_a_custom_index_on_messages_is_created_as_written(db: DatabaseManager) -> None:
    """Indexing, the first statement; the database opens as before with it."""
    db.create_conversation("user123")
    with db.engine.begin() as connection:
        connection.execute(text("CREATE INDEX idx_user_timestamp ON messages(user_id, timestamp DESC)"))
    [index] = [
        one for one in inspect(db.engine).get_indexes("messages") if one["name"] == "idx_user_timestamp"
    ]
    assert index["column_names"] == ["user_id", "timestamp"]
    url = db.engine.url.render_as_string(hide_password=False)
    db.close()
    with DatabaseManager(url) as again:
        assert again.get_conversation_stats("user123")["total"] == 1


async def test_no_index_on_vectors_is_needed_and_none_can_be_had(db: DatabaseManager) -> None:
    """Indexing, the second statement: no database takes it, and a search needs none."""
    await ConversationManager("user123").send_message("My dog is called Rex.")
    statement = text("CREATE INDEX idx_memory_embedding ON memory_index USING gin(embedding)")
    refused = "near" if db.dialect == "sqlite" else "no default operator class"
    with pytest.raises(DBAPIError, match=refused), db.engine.begin() as connection:
        connection.execute(statement)
    found = await ConversationManager("user123").search_memories("dog")
    assert found["memories"][0]["content"] == "My dog is called Rex."


# --- Monitoring & Analytics


async def test_statistics_are_what_sql_counts(
    db: DatabaseManager, capsys: pytest.CaptureFixture[str]
) -> None:
    """Monitoring & Analytics."""
    user_id = "user123"
    manager = ConversationManager(user_id)
    first = await manager.send_message("My dog is called Rex.")
    await manager.send_message("My database is PostgreSQL 16.", first["conversation_id"])
    second = await manager.send_message("Good morning!")
    await manager.complete(second["conversation_id"])
    await ConversationManager("user456").send_message("My cat is called Tom.")

    # Get conversation statistics
    stats = db.get_conversation_stats(user_id)
    print(f"Total conversations: {stats['total']}")
    print(f"Average messages: {stats['avg_messages']}")
    print(f"Active sessions: {stats['active']}")
    # Memory usage
    memory_stats = db.get_memory_stats(user_id)
    print(f"Total memories: {memory_stats['total']}")
    print(f"Categories: {memory_stats['categories']}")

    mine = "FROM {} WHERE user_id = 'user123'"
    [(total,)] = rows(db, "SELECT count(*) " + mine.format("conversations"))
    [(said,)] = rows(db, "SELECT count(*) " + mine.format("messages"))
    categories = dict(
        rows(db, "SELECT category, count(*) " + mine.format("memory_index") + " GROUP BY category")
    )
    assert (total, said, categories) == (2, 6, {"personal": 1, "technical": 1})
    *printed, last = capsys.readouterr().out.splitlines()
    assert printed == [
        f"Total conversations: {total}",
        f"Average messages: {said / total}",
        "Active sessions: 1",
        f"Total memories: {sum(categories.values())}",
    ]
    assert last.startswith("Categories: {")
    assert memory_stats["categories"] == categories


# --- Testing

PYTEST_SAMPLE = """
import pytest
from turngraph.models import DatabaseManager
from turngraph.workflows import create_conversation_workflow

@pytest.fixture
def test_db():
    # Use in-memory SQLite for tests
    db = DatabaseManager("sqlite:///:memory:")
    yield db
    # Cleanup handled automatically

async def test_conversation_flow(test_db):
    workflow = create_conversation_workflow()
    result = await workflow.run({
        "user_id": "test_user",
        "current_message": "Test message"
    })
    assert result["generation_success"] == True
"""


def test_the_pytest_sample_passes_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Testing: without an argument the workflow uses the database that was opened last, the one in memory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    Path("test_sample.py").write_text(PYTEST_SAMPLE)
    run = [sys.executable, "-P", "-m", "pytest", "-q", "-W", "error", "-o", "asyncio_mode=auto"]
    run += ["-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider", "test_sample.py"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "1 passed" in done.stdout
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"test_sample.py"}


# --- recap-workbooks.md: Shared Claude Utilities, Production Patterns


class Claude:
    """A server on this machine that speaks as Claude does: overloaded so many times, then it answers."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                failed = len(outer.asked) <= outer.failures
                body = json.dumps(OVERLOADED if failed else ANSWER).encode()
                self.close_connection = True
                self.send_response(529 if failed else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Claude:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-test",
    "content": [{"type": "text", "text": "It is a sentence."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 11, "output_tokens": 7},
}


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claude]:
    """Claude, failing twice, where the settings say it is."""
    with Claude(failures=2) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.http.server_port}")
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, which take none here."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float, result: Any = None) -> Any:
        waited.append(seconds)
        return await sleep(0, result)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return waited


async def test_the_claude_client_backs_off_and_tries_again(claude: Claude, waits: list[float]) -> None:
    """Multi-Provider Claude Client."""
    client = ClaudeAPIClient(provider="anthropic")
    # Built-in retry logic
    response = await client.call_claude(prompt="Analyze this...", max_retries=3, backoff_factor=2.0)
    await client.aclose()
    assert response == "It is a sentence."
    assert [asked["messages"][0]["content"] for asked in claude.asked] == ["Analyze this..."] * 3
    first, second = (seconds for seconds in waits if seconds > 0)
    assert 1.5 <= first <= 2.0  # backoff_factor, less a jitter
    assert 3.0 <= second <= 4.0  # doubled


async def test_the_claude_client_gives_up_after_its_attempts(claude: Claude, waits: list[float]) -> None:
    """Multi-Provider Claude Client: max_retries counts all attempts."""
    async with ClaudeAPIClient(provider="anthropic") as client:
        with pytest.raises(ModelUnavailable, match="529"):
            await client.call_claude(prompt="Analyze this...", max_retries=2, backoff_factor=2.0)
    assert len(claude.asked) == 2


async def test_tenacity_around_a_call_is_the_users_own_retry(claude: Claude, waits: list[float]) -> None:
    """Error Recovery."""
    client = ClaudeAPIClient(provider="anthropic")

    @retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=1, min=4, max=10), reraise=True)
    async def reliable_claude_call() -> str:
        # Automatic retry with backoff
        return await client.call_claude("Analyze this...", max_retries=1)

    assert await reliable_claude_call() == "It is a sentence."
    await client.aclose()
    assert [seconds for seconds in waits if seconds > 0] == [4, 4]
    assert len(claude.asked) == 3


async def test_a_context_over_its_limit_is_compressed() -> None:
    """Context Management."""
    MAX_TOKENS = 500
    messages = [Turn(role="user", content=f"My sister number {n} lives in town {n}. " * 5) for n in range(30)]
    context = Prompt(message="Where do they live?", turns=messages)
    context_tokens = context.tokens()

    # Automatic compression when needed
    assert context_tokens > MAX_TOKENS
    summary = await language_model().summarise(messages, max_tokens=MAX_TOKENS // 2)
    context = Prompt(message="Where do they live?", summary=summary)
    assert summary
    assert context.tokens() <= MAX_TOKENS


def test_real_database_operations(db: DatabaseManager) -> None:
    """Database Integration Deep Dive."""
    vector, query_vector = default_embedder().embed(["Hello!", "Hello there!"])
    # Create conversation
    conv = db.create_conversation(user_id="user123")
    # Store messages with embeddings
    message = db.add_message(conversation_id=conv.id, content="Hello!", embedding=vector, token_count=5)
    # A message is not a memory yet: those are taken from turns by the workflow, or added
    with db.get_session() as session:
        for content, near in (("Goodbye!", -vector), ("Hello!", vector)):
            session.add(MemoryIndex(user_id="user123", content=content, embedding=near))
    # Search memories semantically
    memories = db.search_memories(user_id="user123", query_embedding=query_vector, limit=10)

    assert rows(db, "SELECT id, content, token_count, embedding_dim FROM messages") == [
        (message.id, "Hello!", 5, len(vector))
    ]
    assert [memory.content for memory in memories] == ["Hello!", "Goodbye!"]


async def test_memories_are_found_by_the_likeness_of_their_vectors(db: DatabaseManager) -> None:
    """Database Integration Deep Dive: search memories semantically."""
    for said in ("My dog is called Rex.", "My database is PostgreSQL 16."):
        await ConversationManager("user123").send_message(said)
    [query_vector] = default_embedder().embed(["the name of a pet"])
    memories = db.search_memories(user_id="user123", query_embedding=query_vector, limit=10)
    assert [memory.content for memory in memories] == [
        "My dog is called Rex.",
        "My database is PostgreSQL 16.",
    ]
    assert len(memories) == rows(db, "SELECT count(*) FROM memory_index")[0][0]
