"""Answers a whole list of messages at once; a record that is broken costs itself and no other.

python -m turngraph.demos.batch_conversations
"""

from __future__ import annotations

import asyncio
from typing import Any

from turngraph.demos._stage import Stage, arguments
from turngraph.workflows import create_batch_conversation_workflow


def records(stage: Stage) -> list[dict[str, Any]]:
    """What is to be answered. Those of one user are answered one after the other, in their order."""
    ada, bob, dora = stage.person("ada"), stage.person("bob"), stage.person("dora")
    return [
        {"user_id": ada, "message": "My bicycle is a green Peugeot from 1978."},
        {"user_id": bob, "message": "My bicycle was stolen on Monday, near the library."},
        {"user_id": dora, "message": "   "},  # broken: says nothing
        {"user_id": ada, "message": "What colour is my bicycle?"},
        {"message": "Who am I?"},  # broken: nobody says it
        {"user_id": bob, "message": "Where was my bicycle stolen?"},
        {"user_id": dora, "mesage": "Hello!"},  # broken: a misspelt key
        {"user_id": dora, "message": "I sell bicycles in Utrecht."},
    ]


BROKEN = {2, 4, 6}


async def play(stage: Stage) -> None:
    given = records(stage)

    stage.scene(f"{len(given)} records, {len(BROKEN)} of them broken")
    workflow = create_batch_conversation_workflow(stage.db, llm=stage.llm, embedder=stage.embedder)
    result = await workflow.run({"batch_conversations": given})
    results, summary = result["batch_results"], result["batch_summary"]

    rows = [
        (
            str(found["record"]),
            record.get("user_id", "-"),
            record.get("message", "-"),
            found["response"] if found["success"] else found["error"],
        )
        for record, found in zip(given, results, strict=True)
    ]
    stage.table(("#", "user", "message", "answer, or what was wrong"), rows)
    stage.note(f"batch_summary: {summary}")

    answers = {found["record"]: found["response"] for found in results if found["success"]}
    errors = {found["record"]: found["error"] for found in results if not found["success"]}
    stage.check("exactly the broken records failed", set(errors) == BROKEN)
    stage.check("each with its reason", all("ValidationError" in error for error in errors.values()))
    stage.check("all others were answered", len(answers) == len(given) - len(BROKEN))
    stage.check(
        "the results stand in the order of the records",
        [found["record"] for found in results] == list(range(len(given))),
    )
    stage.check("Ada's question was answered from her own record", "green" in answers.get(3, ""))
    stage.check("and Bob's from his", "library" in answers.get(5, ""))
    stage.check("the summary counts right", summary == {"total": 8, "succeeded": 5, "failed": 3})

    stage.scene("Afterwards")
    dora = await stage.manager("dora").conversations()
    stage.check("of Dora's three records, only the good one left a conversation", len(dora) == 1)
    reply = await stage.say(stage.manager("dora"), "Where do I sell bicycles?")
    stage.check("and what she said in it is remembered", "Utrecht" in reply["response"])


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
