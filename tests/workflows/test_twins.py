"""Every workflow stands twice, in Python and as YAML, and both say the same."""

from __future__ import annotations

import pytest

from turngraph.engine import Graph, dump, load
from turngraph.workflows import UnknownWorkflow, create_workflow, registry
from turngraph.workflows.registry import FOLDER, WORKFLOWS


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_yaml_twin_is_equal(name):
    graph = create_workflow(name)
    twin = load(FOLDER / f"{name}.yaml", registry)
    assert twin.shape() == graph.shape() and twin.shape_hash == graph.shape_hash
    assert (FOLDER / f"{name}.yaml").read_text() == dump(graph)
    assert isinstance(registry.make_graph(name), Graph)


def test_there_is_a_twin_for_every_workflow_and_none_beside():
    assert {file.stem for file in FOLDER.glob("*.yaml")} == set(WORKFLOWS)


def test_only_what_recovery_hands_over_is_unproven():
    assert {name: create_workflow(name).unproven for name in WORKFLOWS if create_workflow(name).unproven} == {
        "session_recovery": [
            ("memory_retrieval", "conversation_id"),
            ("memory_retrieval", "current_message"),
            ("memory_retrieval", "message_id"),
        ]
    }


def test_an_unknown_workflow_names_the_known_ones():
    with pytest.raises(
        UnknownWorkflow, match=r"Unknown workflow: conversations\. Available: .*did you mean 'conversation'"
    ):
        create_workflow("conversations")
    assert issubclass(UnknownWorkflow, ValueError)


async def test_the_conversation_runs_from_yaml(tmp_path):
    from turngraph.models import DatabaseManager

    with DatabaseManager("sqlite:///here.db") as db:
        graph = load(FOLDER / "conversation.yaml", registry).bind(db=db)
        result = await graph.run({"user_id": "ada", "current_message": "My dog is called Biscuit."}, store=db)
        assert result["generation_success"] is True
