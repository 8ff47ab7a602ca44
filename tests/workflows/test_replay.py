"""A conversation can be replayed: the answer is made anew, and nothing of it stays."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import func, select

from turngraph.models import Base, DatabaseManager
from turngraph.services import OfflineModel, Prompt, Reply
from turngraph.workflows import create_conversation_workflow


def counted(db: DatabaseManager) -> dict[str, int]:
    with db.get_session() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


async def test_a_turn_is_replayed_without_a_trace(db: DatabaseManager):
    graph = create_conversation_workflow(db)
    given = {"user_id": "ada", "current_message": "My dog is called Rex."}
    first = await graph.run(given, store=db.runs, run_id="r")
    before = counted(db)
    same = await graph.replay("r", store=db.runs)
    assert same.differences == {} and {step.how for step in same.steps} == {"recalled"}
    anew = await graph.replay("r", again=[*graph.nodes][1:], store=db.runs)
    assert {step.how for step in anew.steps[1:]} == {"ran"}
    assert anew.result["conversation_id"] == first["conversation_id"] and anew.result["response"]
    assert counted(db) == before


class Shouts(OfflineModel):
    """Answers as the offline model does, in capitals."""

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        async for piece in super().stream(prompt, max_tokens=max_tokens):
            yield piece.model_copy(update={"text": piece.text.upper()}) if isinstance(piece, Reply) else piece


async def test_another_model_answers_otherwise(db: DatabaseManager):
    given = {"user_id": "ada", "current_message": "My dog is called Rex."}
    await create_conversation_workflow(db).run(given, store=db.runs, run_id="r")
    before = counted(db)
    other = create_conversation_workflow(db).bind(llm=Shouts())
    found = await other.replay("r", again=["response_generation"], store=db.runs)
    was, now = found.differences["response"]
    assert now == was.upper() != was
    assert [step.path.split("/")[1] for step in found.steps if step.how == "recalled"][:2] == [
        "conversation_init", "memory_retrieval",
    ]  # fmt: skip
    assert counted(db) == before
