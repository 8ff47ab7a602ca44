"""A long conversation under a small budget of tokens: old turns are summarised, and an early fact survives.

A language model is shown only so much. Here it is 600 tokens, of which the instructions alone take some 120.

    python -m turngraph.demos.context_management
"""

from __future__ import annotations

import asyncio
import itertools

from turngraph.demos._stage import Stage, arguments, plural

BUDGET = 600
EARLY = "My locker at the station in Oban has the number 4417."
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

    stage.scene(f"{len(DAYS) + 1} messages, with at most {BUDGET} tokens shown to the model")
    reply = await stage.say(manager, EARLY, max_context_size=BUDGET)
    conversation, used = reply["conversation_id"], [reply["token_usage"]["input_tokens"]]
    for day, (place, happened) in enumerate(DAYS, 1):
        message = f"On day {day} of our trip we came to {place}, where {happened}."
        reply = await manager.send_message(message, conversation, max_context_size=BUDGET)
        used.append(reply["token_usage"]["input_tokens"])
        if day in (1, len(DAYS)):
            stage.line("Ada", message, "bold green")
            stage.answer(reply)
        elif day == 2:
            stage.note(f"… and so on, for {plural(len(DAYS) - 2, 'more day')} …")
    whole = reply["session_metrics"]["tokens"]
    stage.tell("Tokens shown to the model, message by message:")
    stage.note(" ".join(str(tokens) for tokens in used))
    stage.check(f"the conversation outgrew the budget: {whole} tokens of messages", whole > BUDGET)
    stage.check(f"the model was never shown more than {BUDGET}", max(used) <= BUDGET)
    stage.check("the context shrank when it was compressed", any(b < a for a, b in itertools.pairwise(used)))

    stage.scene("The context as it is now")
    window = (await manager.refresh(conversation, max_context_size=BUDGET))["context_window"]
    stage.tell(f"Messages 1 to {window['summarised_to']} are summarised:")
    stage.note(window["summary"])
    stage.tell(f"After it, {plural(len(window['messages']), 'message')} are shown whole.")
    stored = (await manager.conversation(conversation))["messages"]
    covered = window["summarised_to"] + len(window["messages"])
    stage.check("summary and messages together cover the conversation", covered == len(stored))
    stage.check(f"all of it takes {window['token_count']} tokens", window["token_count"] <= BUDGET)
    stage.check("the summary holds the early fact", "4417" in window["summary"])
    stage.check("every message is still stored as it was said", stored[0]["content"] == EARLY)

    stage.scene("Asking for the early fact")
    reply = await stage.say(
        manager, "What is the number of my locker?", conversation, max_context_size=BUDGET
    )
    stage.check("it is answered", "4417" in reply["response"])
    stage.check("with the message it comes from", EARLY in [source["content"] for source in reply["sources"]])
    stage.check("within the budget", reply["token_usage"]["input_tokens"] <= BUDGET)


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
