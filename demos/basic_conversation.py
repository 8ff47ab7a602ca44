"""A first conversation: send messages, stream an answer, learn preferences, come back later, end it.

python -m turngraph.demos.basic_conversation
"""

from __future__ import annotations

import asyncio

from turngraph.demos._stage import Stage, arguments, plural
from turngraph.engine import Token
from turngraph.models import ConversationClosed
from turngraph.workflows import ConversationManager


async def play(stage: Stage) -> None:
    # ConversationManager("ada") alone does, too: then database and model are those of your settings.
    manager = ConversationManager(stage.person("ada"), stage.db, llm=stage.llm, embedder=stage.embedder)

    stage.scene("One message")
    message = "I prefer Python and dark mode, and my cat Schrödinger sleeps on the keyboard."
    stage.line("Ada", message, "bold green")
    reply = await manager.send_message(message)
    stage.answer(reply)
    conversation = reply["conversation_id"]
    learned = reply["preferences_updated"]
    stage.note(f"conversation_id:      {conversation}")
    stage.note(f"memories_extracted:   {reply['memories_extracted']}")
    stage.note("preferences_updated:  " + ", ".join(f"{key} = {value}" for key, value in learned.items()))
    stage.check("the answer was generated", reply["generation_success"])
    stage.check("a fact was remembered", reply["memories_extracted"] >= 1)
    stage.check(
        "both preferences were learned",
        learned.get("programming_language") == "Python" and learned.get("theme") == "dark mode",
    )

    stage.scene("Going on with it, word by word")
    message = "Where does my cat sleep?"
    stage.line("Ada", message, "bold green")
    words: list[str] = []
    async for event in manager.stream_message(message, conversation):
        if isinstance(event, Token):
            words.append(event.text)
        elif isinstance(event, dict):  # the last thing is what send_message would have returned
            reply = event
    stage.line("turngraph", "|".join(words), "bold magenta")
    stage.check("the pieces are the answer", "".join(words) == reply["response"])
    stage.check("the answer comes from the first message", "keyboard" in reply["response"])
    stage.check("it is the same conversation", reply["conversation_id"] == conversation)

    stage.scene("Coming back later")
    await manager.pause(conversation)
    stage.tell("Ada pauses the conversation. Her next message takes it up again.")
    reply = await stage.say(manager, "What was I telling you about earlier?", conversation)
    stage.check(
        "it remembers what was said", "Python" in reply["response"] or "keyboard" in reply["response"]
    )
    stage.check("the conversation is active again", reply["final_session_status"] == "active")

    stage.scene("The end")
    await manager.complete(conversation)
    refused = ""
    try:
        await manager.send_message("One more thing ...", conversation)
    except ConversationClosed as error:
        refused = str(error)
    stage.tell("A completed conversation takes no more messages:")
    stage.note(refused)
    stage.check("a message to a completed conversation is refused", "completed" in refused)

    held = await manager.conversation(conversation)
    stage.tell(f"What is stored: {plural(len(held['messages']), 'message')}, in their order.")
    for stored in held["messages"]:
        stage.note(f"{stored['position']}  {stored['role']:9}  {stored['content']}")
    roles = [stored["role"] for stored in held["messages"]]
    stage.check(
        "each question has its answer, and the refused one was not stored", roles == ["user", "assistant"] * 3
    )


def main() -> int:
    with Stage(arguments(__doc__).parse_args()) as stage:
        asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
