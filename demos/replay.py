"""Compares two versions of a workflow: past conversations are run again through the new one, and the answers laid side by side.

python -m turngraph.demos.replay [--page PAGE.html]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from turngraph.demos._stage import Stage, arguments
from turngraph.engine import Graph, dump, load
from turngraph.workflows import compare, create_conversation_workflow, registry, stored_conversations

# The new version recalls nothing where the old one recalls eight things, and looks into no other conversation.
CHANGE = (
    "MemoryRetrievalNode",
    "{node: MemoryRetrievalNode, with: {max_memories: 0, recent_conversations: 0}}",
)


def forgetful(stage: Stage) -> Graph:
    """The conversation workflow, changed in its YAML."""
    text = dump(create_conversation_workflow())
    text = text.replace(f"memory_retrieval: {CHANGE[0]}", f"memory_retrieval: {CHANGE[1]}")
    return load(text, registry).bind(llm=stage.llm, embedder=stage.embedder)


async def play(stage: Stage, page: Path) -> None:
    ada = stage.manager("ada")

    stage.scene("Three conversations, as they were held")
    first = await stage.say(ada, "My parrot is called Coco and my sister Petra lives in Lisbon.")
    await stage.say(ada, "What is my parrot called?", first["conversation_id"])
    await stage.say(ada, "I am allergic to peanuts.")
    last = await stage.say(ada, "What am I allergic to?")
    kept = stage.db.get_conversation_stats(ada.user_id)

    def past() -> Iterator[Any]:
        return stored_conversations(stage.db, "default", [f"user={ada.user_id}"])

    stage.scene("The same workflow answers the same")
    same = create_conversation_workflow(stage.db, llm=stage.llm, embedder=stage.embedder)
    report = await compare(past(), same, db=stage.db, name=f"same{stage.suffix}", concurrency=1)
    stage.note(
        f"{report.done} conversations run again, {_different(report.results)} answers differ from what is stored"
    )
    stage.check("every conversation was run again", report.done == 3 and report.failed == 0)

    stage.scene("A version that recalls nothing does not")
    changed = forgetful(stage)
    report = await compare(past(), changed, against=same, db=stage.db, name=f"less{stage.suffix}", page=page)
    turns = [turn for result in report.results for turn in result["turns"]]
    stage.table(
        ("message", "before", "now"),
        [
            (turn["message"], turn["before"] or "", "the same" if turn["same"] else turn["after"] or "")
            for turn in turns
        ],
    )
    text = page.read_text(encoding="utf-8")
    stage.note(f"side by side in {page.name}, {len(text):,} characters")
    stage.check("all four turns were compared", len(turns) == 4)
    stage.check("only what another conversation told is missing", _different(report.results) == 1)
    stage.check("the words that differ are marked", "<del>" in text and "<ins>" in text)
    stage.check(
        "each answer stands on the page", all(turn["message"].split("'")[0] in text for turn in turns)
    )
    stage.check(
        "the page counts as the report does", f"{_different(report.results)} answered differently" in text
    )
    stage.check("nothing that is stored has changed", stage.db.get_conversation_stats(ada.user_id) == kept)
    stage.check("the last answer is still the one that was given", "peanuts" in last["response"])


def _different(results: list[dict[str, object]]) -> int:
    return sum(int(str(result["different"])) for result in results)


def main() -> int:
    parser: argparse.ArgumentParser = arguments(__doc__)
    parser.add_argument("--page", type=Path, help="write the comparison there, and keep it")
    options = parser.parse_args()
    with Stage(options) as stage, tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(stage, options.page or Path(folder) / "replay.html"))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
