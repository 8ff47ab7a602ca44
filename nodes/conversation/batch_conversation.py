"""Answers many records, several at a time, each one's failure its own."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel

from ...engine import Context, Graph, Node
from ...models import DatabaseManager
from .inputs import BatchInputs


class BatchConversationNode(Node):
    """Runs the conversation workflow for each record; records of one user go one after the other, in their order."""

    name = "batch_conversation"
    Inputs = BatchInputs

    class Outputs(BaseModel):
        batch_results: list[dict[str, Any]]
        batch_summary: dict[str, int]

    def __init__(self, limit: int = 8, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.limit = limit

    async def exec(
        self, inputs: BatchInputs, *, conversation: Graph, db: DatabaseManager, context: Context
    ) -> Outputs:
        results: list[dict[str, Any]] = [{} for _ in inputs.batch_conversations]
        by_user: dict[str, list[int]] = {}
        for number, record in enumerate(inputs.batch_conversations):
            by_user.setdefault(f"{record.get('tenant_id')}/{record.get('user_id')}", []).append(number)
        gate = asyncio.Semaphore(self.limit)

        async def one_after_the_other(numbers: list[int]) -> None:
            for number in numbers:
                async with gate:
                    results[number] = await _answer(
                        conversation, db, inputs.batch_conversations[number], number
                    )
                context.emit(results[number])

        async with asyncio.TaskGroup() as group:
            for numbers in by_user.values():
                group.create_task(one_after_the_other(numbers))
        failed = sum(not result["success"] for result in results)
        summary = {"total": len(results), "succeeded": len(results) - failed, "failed": failed}
        return self.Outputs(batch_results=results, batch_summary=summary)


async def _answer(
    conversation: Graph, db: DatabaseManager, record: dict[str, Any], number: int
) -> dict[str, Any]:
    given = {"current_message" if key == "message" else key: value for key, value in record.items()}
    try:
        result = await conversation.run(given, store=db)
    except Exception as error:  # whatever is wrong with one record costs that record only
        return {
            "record": number,
            "user_id": record.get("user_id"),
            "success": False,
            "error": f"{type(error).__name__}: {error}",
        }
    return {
        "record": number,
        "user_id": given["user_id"],
        "conversation_id": result["conversation_id"],
        "response": result["response"],
        "success": bool(result["generation_success"]),
        "memories_extracted": result["memories_extracted"],
    }
