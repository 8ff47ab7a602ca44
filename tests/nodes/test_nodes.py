"""Each of the eight nodes of the seed runs alone in a graph of one, in Python and from YAML."""

from __future__ import annotations

from typing import Any

import pytest

from turngraph.engine import END, Graph, Token, load
from turngraph.models import DatabaseManager
from turngraph.nodes import (
    ContextBuilderNode,
    ConversationInitNode,
    MemoryRetrievalNode,
    MemoryStorageNode,
    PreferenceUpdateNode,
    ResponseGenerationNode,
    SemanticSearchNode,
    SessionManagementNode,
)
from turngraph.services import OfflineModel, Prompt, StatedPreference, Usage, default_embedder
from turngraph.workflows import ConversationManager, registry
from turngraph.workflows.services import bound

EIGHT = (
    ConversationInitNode, MemoryRetrievalNode, ContextBuilderNode, ResponseGenerationNode,
    MemoryStorageNode, PreferenceUpdateNode, SessionManagementNode, SemanticSearchNode,
)  # fmt: skip


@pytest.fixture
async def turn():
    """A database with one turn in it, and the inputs that the nodes of a second one would find."""
    with DatabaseManager("sqlite:///nodes.db") as db:
        said = await ConversationManager("ada", db).send_message("I keep bees.")
        yield (
            db,
            {
                "user_id": "ada",
                "current_message": "What do I keep?",
                "conversation_id": said["conversation_id"],
                "message_id": said["message_id"],
                "recent_messages": [],
                "context_summary": None,
                "built_context": Prompt(message="What do I keep?"),
                "response": "Bees.",
                "model": "offline:rules",
                "token_usage": Usage(),
                "sources": [],
                "stated_preferences": [StatedPreference(key="theme", value="dark mode", category="ui")],
                "search_query": "bees",
            },
        )


@pytest.mark.parametrize("kind", EIGHT, ids=lambda kind: kind.__name__)
async def test_a_node_runs_alone(kind, turn):
    db, inputs = turn
    graph = bound(_graph_of(kind), db, OfflineModel(), default_embedder())
    result = await graph.run(inputs)
    outputs = getattr(kind, "Outputs", None)
    assert outputs is None or set(outputs.model_fields) <= set(result)


@pytest.mark.parametrize("kind", EIGHT, ids=lambda kind: kind.__name__)
async def test_and_from_yaml(kind, turn):
    db, inputs = turn
    ends = "".join(f", {action}: END" for action in _actions(kind))
    graph = load(
        f"graph: one\nnodes: {{it: {kind.__name__}}}\nedges: {{it: {{default: END{ends}}}}}", registry
    )
    assert (await graph.bind(db=db).run(inputs, store=db)).status == "done"


def _actions(kind: Any) -> list[str]:
    from turngraph.engine.contract import contract_of

    return [action for action in contract_of(kind).actions if action != "default"]


def _graph_of(kind: Any) -> Graph:
    node = kind()
    return Graph("one", node >> END, *(node - action >> END for action in _actions(kind)))


async def test_generation_streams_its_tokens(turn):
    db, inputs = turn
    graph = bound(_graph_of(ResponseGenerationNode), db, OfflineModel(), default_embedder())
    texts = [event.text async for event in graph.stream(inputs) if isinstance(event, Token)]
    assert len(texts) > 1


async def test_search_scopes(turn):
    db, inputs = turn
    search = bound(Graph("s", SemanticSearchNode() >> END), db, OfflineModel(), default_embedder())
    base = {"user_id": "ada", "search_query": "bees"}
    inside = await search.run(
        {**base, "search_scope": "conversation", "conversation_id": inputs["conversation_id"]}
    )
    assert {hit["message"]["conversation_id"] for hit in inside["memories"]} == {inputs["conversation_id"]}
    facts = await search.run({**base, "search_scope": "memories"})
    assert facts["memories"] and all(hit["message"] is None for hit in facts["memories"])
    from turngraph.engine import ValidationError
    from turngraph.models import NotFound

    with pytest.raises(ValidationError, match="search_scope"):
        await search.run({**base, "search_scope": "everywhere"})
    with pytest.raises(ValidationError, match="needs a conversation_id"):
        await search.run({**base, "search_scope": "conversation"})
    with pytest.raises(NotFound):
        await search.run({**base, "search_scope": "conversation", "conversation_id": "bobs"})
