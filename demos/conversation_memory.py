"""The main job: three sessions in three processes, one person, and nothing she said is lost.

Each session below runs in a process of its own, as if the computer had been switched off in between. They
share the database and nothing else: no session is told which conversation to go on with.

    python -m turngraph.demos.conversation_memory
    python -m turngraph.demos.conversation_memory --db sqlite:///demo.db     keep what was said
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from turngraph.demos._stage import Stage, arguments, process_name

DOG = "Hello! I am Ada, I live in Bergen, and my dog is called Biscuit."
ALLERGY = "I am allergic to peanuts and to penicillin, as my doctor found out last year."
SISTER = "My sister Nora lives in Porto, where she restores old fishing boats."
WISHES = "Please call me Captain. For all my screens I prefer dark mode."
CORRECTION = "Actually, my sister Nora lives in Lisbon now, since she found a larger workshop there."


def rests_on(reply: Mapping[str, Any], message: str) -> bool:
    """Whether an answer names a message of another conversation as its source."""
    sources = [source for source in reply["sources"] if source["content"] == message]
    return any(source["conversation_id"] != reply["conversation_id"] for source in sources)


async def first_session(stage: Stage) -> None:
    stage.scene(f"Session 1, {process_name()}: Ada tells about herself")
    ada = stage.manager("ada")
    reply = await stage.say(ada, DOG)
    conversation, memories = reply["conversation_id"], reply["memories_extracted"]
    for message in (ALLERGY, SISTER):
        reply = await stage.say(ada, message, conversation)
        memories += reply["memories_extracted"]
    reply = await stage.say(ada, WISHES, conversation)
    learned = reply["preferences_updated"]

    stage.check(f"{memories} facts were remembered on the way", memories >= 5)
    stage.check("her preferences were learned: " + wishes_of(learned), wishes_of(learned) == WISHED)


async def second_session(stage: Stage) -> None:
    stage.scene(f"Session 2, {process_name()}: a new conversation")
    ada = stage.manager("ada")
    hello = await stage.say(ada, "Hello again!")
    conversation = hello["conversation_id"]
    dog = await stage.say(ada, "What is my dog called?", conversation)
    allergy = await stage.say(ada, "What am I allergic to?", conversation)
    await stage.say(ada, CORRECTION, conversation)

    stage.check("it greets her by the name she asked for", "Captain" in hello["response"])
    stage.check("it knows the dog, and names the message it knows it from", rests_on(dog, DOG))
    stage.check("the name of the dog is in the answer", "Biscuit" in dog["response"])
    stage.check(
        "it knows both allergies", all(word in allergy["response"] for word in ("peanuts", "penicillin"))
    )
    stage.check("and names the message it knows them from", rests_on(allergy, ALLERGY))


async def third_session(stage: Stage) -> None:
    stage.scene(f"Session 3, {process_name()}: the correction holds")
    ada = stage.manager("ada")
    sister = await stage.say(ada, "Where does my sister live?")
    conversation = sister["conversation_id"]
    dog = await stage.say(ada, "What was the name of my dog again?", conversation)
    theme = await stage.say(ada, "What are my preferences?", conversation)
    unknown = await stage.say(ada, "What is the name of my cat?", conversation)

    stage.tell("Meanwhile Bob, and an Ada of another company, try their luck.")
    bob = await stage.say(stage.manager("bob"), "What is my dog called?", who="Bob")
    other = await stage.say(stage.manager("ada", tenant="other"), "What is my dog called?", who="other Ada")

    stage.check("it gives the corrected town, from the correction", rests_on(sister, CORRECTION))
    stage.check(
        "and no longer the old one", "Lisbon" in sister["response"] and "Porto" not in sister["response"]
    )
    stage.check(
        "the first session is still known in the third", "Biscuit" in dog["response"] and rests_on(dog, DOG)
    )
    stage.check(
        "the preferences are kept: " + wishes_of(theme["user_preferences"]), "dark mode" in theme["response"]
    )
    stage.check("what was never said is not made up", not unknown["reply_metadata"]["answered"])
    for who, reply in (("Bob", bob), ("the other company's Ada", other)):
        nothing = (
            "Biscuit" not in reply["response"] and not reply["sources"] and not reply["user_preferences"]
        )
        stage.check(f"{who} learns nothing", nothing)


WISHED = "name = Captain, theme = dark mode"


def wishes_of(preferences: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {preferences[key]}" for key in ("name", "theme") if key in preferences)


SESSIONS = {1: first_session, 2: second_session, 3: third_session}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--session", type=int, choices=SESSIONS, help="play this session only; needs --db")
    options = parser.parse_args()
    if options.session and not options.db:
        parser.error("--session needs --db, where the sessions before it are")
    with Stage(options) as stage:
        if options.session:
            asyncio.run(SESSIONS[options.session](stage))
            return stage.outcome
        stage.tell(
            "Ada talks to turngraph three times. Each time it is a new process: only the database remembers."
        )
        ended = [stage.process("conversation_memory", f"--session={number}") for number in SESSIONS]
        stage.scene("In the end")
        for number, status in zip(SESSIONS, ended, strict=True):
            stage.check(f"session {number} kept its promises", status == 0)
        held = asyncio.run(stage.manager("ada").conversations())
        stage.check("what was said stands in three conversations", len(held) == 3)
    return stage.outcome


if __name__ == "__main__":
    raise SystemExit(main())
