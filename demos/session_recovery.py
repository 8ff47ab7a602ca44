"""A process dies in the middle of an answer; the next one finds the waiting message and answers it, once.

Two messages are left without their answer: one thirty hours ago, one just now. Recovering the last 24 hours
answers the second one and leaves the first alone; recovering 48 hours answers that, too.

    python -m turngraph.demos.session_recovery
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from turngraph.demos._stage import Stage, arguments, plural, process_name
from turngraph.engine import Token
from turngraph.services import OfflineModel, Prompt, Reply, default_embedder
from turngraph.workflows import ConversationManager

DIED = 9
OLD = "I keep my spare key under the third flower pot."
FACT = "My flight to Nairobi leaves on Thursday at 7:15 in the morning."
QUESTION = "When does my flight leave?"


class FatalModel(OfflineModel):
    """Answers like the offline model, but the power fails after three words."""

    async def stream(self, prompt: Prompt, *, max_tokens: int = 1024) -> AsyncIterator[str | Reply]:
        count = 0
        async for piece in super().stream(prompt, max_tokens=max_tokens):
            await asyncio.sleep(0.05)  # time to be shown
            if count == 3:
                os._exit(DIED)  # like kill -9: nothing is closed, nothing is written, nobody is told
            yield piece
            count += 1


async def die(stage: Stage, message: str, hours_ago: float, conversation_id: str | None) -> None:
    """Sends a message, shows the beginning of the answer, and does not live to see its end."""
    manager = ConversationManager(
        stage.person("ada"), stage.db, llm=FatalModel(default_embedder()), embedder=stage.embedder
    )
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    stage.note(f"({process_name()}, {'now' if not hours_ago else plural(int(hours_ago), 'hour') + ' ago'})")
    stage.line("Ada", message, "bold green")
    heard = ""
    async for event in manager.stream_message(message, conversation_id, at=at):
        if isinstance(event, Token):
            heard += event.text
            if heard.count(" ") == 3:
                stage.line("turngraph", f"{heard}… [killed]", "bold magenta")


async def play(stage: Stage) -> None:
    manager = stage.manager("ada")

    stage.scene("Two processes die in the middle of an answer")
    first = await asyncio.to_thread(stage.process, "session_recovery", f"--say={OLD}", "--hours-ago=30")
    old = (await manager.conversations())[0]["id"]
    begun = await stage.say(manager, FACT)
    going = begun["conversation_id"]
    second = await asyncio.to_thread(
        stage.process, "session_recovery", f"--say={QUESTION}", f"--conversation={going}"
    )
    stage.check("both processes were killed", (first, second) == (DIED, DIED))
    stage.check(
        "both messages are stored",
        await said(manager, old) == [OLD] and QUESTION in await said(manager, going),
    )

    stage.scene(f"The next one recovers the last 24 hours ({process_name()})")
    found = (await manager.recover(recovery_window=24))["recovered_sessions"]
    show(stage, found)
    answered = {session.conversation_id: session.response for session in found}
    stage.check("the waiting question was answered", "7:15" in (answered.get(going) or ""))
    stage.check("the answer stands in the conversation", len(await said(manager, going)) == 4)
    stage.check("the conversation from 30 hours ago was left alone", old not in answered)
    stage.check("its message still has no answer", await said(manager, old) == [OLD])

    stage.scene("Recovering again")
    again = (await manager.recover(recovery_window=24))["recovered_sessions"]
    show(stage, again)
    stage.check("nothing is answered twice", all(session.response is None for session in again))
    stage.check("and no message was added", len(await said(manager, going)) == 4)

    stage.scene("Recovering the last 48 hours")
    older = (await manager.recover(recovery_window=48))["recovered_sessions"]
    show(stage, older)
    stage.check("now the older message has its answer", len(await said(manager, old)) == 2)
    reply = await stage.say(manager, "Where is my spare key?")
    stage.check("and what it said is remembered", "flower pot" in reply["response"])


async def said(manager: ConversationManager, conversation_id: str) -> list[str]:
    """What stands in a conversation, in its order."""
    conversation = await manager.conversation(conversation_id)
    return [message["content"] for message in conversation["messages"]]


def show(stage: Stage, sessions: list[Any]) -> None:
    for session in sessions:
        stage.tell(f"Conversation {session.conversation_id[:8]}, “{session.title}”")
        if session.response is None:
            stage.note("waits for nothing")
            continue
        waiting = next(turn for turn in session.messages if turn.message_id == session.unanswered)
        stage.line("Ada", waiting.content, "bold green")
        stage.line("turngraph", session.response, "bold magenta")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--say", help="say this, and die while it is answered")
    parser.add_argument("--hours-ago", type=float, default=0.0, help="when it is said")
    parser.add_argument("--conversation", help="in which conversation it is said")
    options = parser.parse_args()
    with Stage(options) as stage:
        if options.say:
            asyncio.run(die(stage, options.say, options.hours_ago, options.conversation))
        else:
            asyncio.run(play(stage))
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
