"""Answers a list of messages as a batch: it is killed in the middle, goes on, and does nothing twice; a record that is broken costs itself and no other.

python -m turngraph.demos.batch_conversations
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from turngraph.demos._stage import Stage, arguments
from turngraph.workflows import BatchReport, create_batch_conversation_workflow, run_batch


def records(stage: Stage) -> list[dict[str, Any] | str]:
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
        '{"user_id": "dora", "message": ',  # broken: no JSON
        {"user_id": dora, "message": "I sell bicycles in Utrecht."},
        {"user_id": dora, "message": "I sell bicycles in Utrecht."},  # said twice: two records
    ]


BROKEN = {3, 5, 7, 8}  # by their lines


def told(report: BatchReport) -> str:
    """A report in a line."""
    return (
        f"{report.total} records: {report.done} done, {report.failed} failed, {report.skipped} skipped; "
        f"{report.already} of them before; {report.status}"
    )


async def play(stage: Stage, file: Path) -> None:
    given = records(stage)
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in given))
    name = f"demo{stage.suffix}"

    stage.scene(f"{len(given)} records, {len(BROKEN)} of them broken, and it is stopped after three")
    stop = asyncio.Event()
    first = await run_batch(
        file, db=stage.db, name=name, concurrency=1, llm=stage.llm, embedder=stage.embedder, stop=stop,
        tell=lambda report: stop.set() if report.finished >= 3 else None,
    )  # fmt: skip
    stage.note(told(first))
    stage.check("it was stopped in the middle", first.status == "stopped" and first.finished < len(given))

    stage.scene("The same command again does what is left")
    out = file.with_suffix(".out.jsonl")
    report = await run_batch(file, db=stage.db, name=name, llm=stage.llm, embedder=stage.embedder, out=out)
    stage.note(told(report))
    outcomes = [json.loads(line) for line in out.read_text().splitlines()]
    rows = [
        (
            str(found["line"]),
            found["outcome"],
            found["result"]["response"] if found["outcome"] == "done" else found["reason"],
        )
        for found in outcomes
    ]
    stage.table(("line", "outcome", "answer, or what was wrong"), rows)
    stage.check("what was done before was not done again", report.already == first.finished)
    stage.check(
        "each record has exactly one outcome", [found["line"] for found in outcomes] == list(range(1, 11))
    )
    stage.check("exactly the broken records failed", {error["line"] for error in report.errors} == BROKEN)
    answers = {found["line"]: found["result"]["response"] for found in outcomes if found["outcome"] == "done"}
    stage.check("Ada's question was answered from her own record", "green" in answers.get(4, ""))
    stage.check("and Bob's from his", "library" in answers.get(6, ""))

    stage.scene("And once more")
    again = await run_batch(file, db=stage.db, name=name, llm=stage.llm, embedder=stage.embedder)
    stage.note(told(again))
    stage.check("there was nothing left to do", again.already == again.total == len(given))
    dora = await stage.manager("dora").conversations()
    stage.check("what Dora said twice is there twice, and no more", len(dora) == 2)

    stage.scene("A short list needs no file, and no outcomes that are kept")
    workflow = create_batch_conversation_workflow(stage.db, llm=stage.llm, embedder=stage.embedder)
    asked = [{"user_id": stage.person("dora"), "message": "Where do I sell bicycles?"}]
    result = await workflow.run({"batch_conversations": asked})
    stage.note(result["batch_results"][0]["response"])
    stage.check("what was said in a batch is remembered", "Utrecht" in result["batch_results"][0]["response"])


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage, tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(stage, Path(folder) / "records.jsonl"))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
