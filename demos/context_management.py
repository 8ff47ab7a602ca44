"""A long conversation under a small budget of tokens: what the model is shown, where it is from, and what still holds.

A language model is shown only so much. Here it is 600 tokens, of which the instructions alone take some 130.

    python -m turngraph.demos.context_management
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from turngraph.demos._stage import Stage, arguments, plural
from turngraph.models import MemoryIndex
from turngraph.workflows import create_conversation_workflow

BUDGET = 600
EARLY = "My locker at the station in Oban has the number 4417."
VITAL = "I am allergic to penicillin."
DAYS = (
    ("Oban", "the ferry was late and we ate chips on the pier"),
    ("Mull", "it rained, and we bought a kettle from a retired captain"),
    ("Iona", "the abbey was closed but a monk let us in through the garden"),
    ("Staffa", "we saw two hundred puffins and one very angry gull"),
    ("Coll", "there was no phone signal, and nobody missed it"),
    ("Tiree", "we learned to windsurf, which means that we fell into the sea"),
    ("Barra", "our plane landed on the beach between two tides"),
    ("Eriskay", "a pony followed us for an hour and ate half of our map"),
    ("Uist", "we counted seven lochs before breakfast"),
    ("Harris", "an old weaver showed us how tweed is made"),
    ("Lewis", "the standing stones were covered in fog, as they should be"),
    ("Skye", "the bridge was closed because of the storm"),
    ("Raasay", "we were given a tour of the distillery by its cat"),
    ("Rona", "we were the only guests, and the owner played the fiddle"),
)


async def play(stage: Stage) -> None:
    manager = stage.manager("ada")
    stage.scene(f"{len(DAYS) + 2} messages, with at most {BUDGET} tokens shown to the model")
    reply = await stage.say(manager, VITAL, max_context_size=BUDGET)
    conversation, used = reply["conversation_id"], [reply["token_usage"]["input_tokens"]]
    pin(stage, manager.user_id, VITAL)
    stage.note("this fact is pinned: it is in every context, whatever else has to go")
    for day, message in enumerate([EARLY, *(told(day) for day in range(1, len(DAYS) + 1))]):
        reply = await manager.send_message(message, conversation, max_context_size=BUDGET)
        used.append(reply["token_usage"]["input_tokens"])
        if day in (0, len(DAYS)):
            stage.line("Ada", message, "bold green")
            stage.answer(reply)
        elif day == 1:
            stage.note(f"… and so on, for {plural(len(DAYS) - 1, 'more day')} …")
    whole = reply["session_metrics"]["tokens"]
    stage.tell("Tokens shown to the model, message by message:")
    stage.note(" ".join(str(tokens) for tokens in used))
    stage.check(f"the conversation outgrew the budget: {whole} tokens of messages", whole > BUDGET)
    stage.check(f"the model was never shown more than {BUDGET}", max(used) <= BUDGET)

    stage.scene("Asking for the early fact, and looking at what the model is shown")
    question = "What is the number of my locker?"
    result = await ask(stage, manager.user_id, conversation, question)
    stage.line("Ada", question, "bold green")
    stage.line("turngraph", result["response"], "bold magenta")
    report, stored = result["context_report"], (await manager.conversation(conversation))["messages"]
    position = {message["id"]: message["position"] for message in stored}
    stage.table(
        ("part", "tokens", "items", "from the messages"),
        [(part.name, str(part.tokens), str(part.items), part_from(part, position)) for part in report.parts],
    )
    for left in report.left_out:
        stage.note(f"not in it: {left.items} of {left.part}, {left.tokens} tokens: {left.reason}")
    stage.check(
        "it is answered, and with the message it comes from",
        "4417" in result["response"] and result["sources"],
    )
    stage.check(f"all of it takes {report.tokens} of {report.limit} tokens", report.tokens <= BUDGET)
    stage.check("the pinned fact is in it", VITAL in result["built_context"].system_text())
    stage.check("every source is a message of this conversation", sources(report) <= set(position))

    stage.scene("The summary of what is not shown whole")
    window = (await manager.refresh(conversation, max_context_size=BUDGET))["context_window"]
    stage.tell(f"Messages {window['summarised_from']} to {window['summarised_to']} are summarised:")
    stage.note(window["summary"])
    stage.tell(
        f"It was made from {plural(len(window['built_from']), 'stored window')}. "
        f"After it, {plural(len(window['messages']), 'message')} are shown whole."
    )
    covered = window["summarised_to"] + len(window["messages"])
    stored = (await manager.conversation(conversation))["messages"]
    stage.check("summary and messages together cover the conversation", covered == len(stored))
    stage.check("the summary holds the early fact", "4417" in window["summary"])
    stage.check("every message is still stored as it was said", stored[2]["content"] == EARLY)
    stage.check(
        "the summary has a part of the budget, not all of it", 0 < report.part("summary").tokens < BUDGET / 2
    )

    stage.scene("A message that is over the budget by itself")
    long = (
        "Here is my travel diary. "
        + " ".join(told(1 + day % len(DAYS)) for day in range(80))
        + " That is all."
    )
    result = await ask(stage, manager.user_id, conversation, long)
    shown = result["built_context"].message
    stage.note(f"{shown[:90]} … {shown[shown.index('[…') : shown.index('…]') + 2]} … {shown[-40:]}")
    stored = (await manager.conversation(conversation))["messages"]
    stage.check(
        "the model is shown its beginning and its end, within the budget", result["context_tokens"] <= BUDGET
    )
    stage.check("the stored message is whole", stored[-2]["content"] == long)
    stage.check("the pinned fact is still in it", VITAL in result["built_context"].system_text())

    stage.scene("What holds now, and what did")
    for message in ("I live in Oban.", "I moved to Bergen."):
        await stage.say(manager, message, conversation, max_context_size=BUDGET)
    rows = facts(stage, manager.user_id, "%Oban%", "%Bergen%")
    stage.table(
        ("fact", "holds from", "until"),
        [(row.content, f"{row.valid_from:%H:%M:%S}", f"{row.valid_to:%H:%M:%S}" if row.valid_to else "now") for row in rows],
    )  # fmt: skip
    stage.check("the new town holds", any("Bergen" in row.content and row.valid_to is None for row in rows))


def told(day: int) -> str:
    place, happened = DAYS[day - 1]
    return f"On day {day} of our trip we came to {place}, where {happened}."


async def ask(stage: Stage, user: str, conversation: str, message: str) -> Any:
    """One turn through the workflow itself, whose result has the context and its account."""
    workflow = create_conversation_workflow(stage.db, llm=stage.llm, embedder=stage.embedder)
    turn = {"user_id": user, "conversation_id": conversation, "current_message": message}
    return await workflow.run({**turn, "max_context_size": BUDGET})


def part_from(part: Any, position: dict[str, int]) -> str:
    if part.positions:
        return f"{part.positions[0]} to {part.positions[1]}"
    return ", ".join(str(place) for place in sorted(position[one] for one in part.sources if one in position))


def sources(report: Any) -> set[str]:
    return {one for part in report.parts for one in part.sources}


def pin(stage: Stage, user: str, content: str) -> None:
    with stage.db.get_session() as session:
        session.query(MemoryIndex).filter_by(user_id=user, content=content).one().pinned = True


def facts(stage: Stage, user: str, *like: str) -> Sequence[MemoryIndex]:
    with stage.db.get_session() as session:
        mine = session.query(MemoryIndex).filter_by(user_id=user).order_by(MemoryIndex.seq)
        return [row for row in mine for pattern in like if pattern.strip("%") in row.content]


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
